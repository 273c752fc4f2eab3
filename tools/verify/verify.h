// SPDX-License-Identifier: Apache-2.0
// Verifies an export of the ledger: that it is what the origin signed, whole and in order, and that
// it continues what the client was shown before. Needs no network, no Tideline, and no trust in who
// made the export: only the origin's public key, and a checkpoint that the client kept.
//
// Reads the export once, a line at a time; memory does not grow with it but for 32 bytes per 256
// entries. Any thread.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <string>

namespace tideline::verify {

// What the client brings along.
struct Trust {
  std::string key;         // verifier key: "origin+hash+base64"
  std::string checkpoint;  // a signed note kept from earlier; empty: none
};

// Where the first thing lies that is wrong.
struct Finding {
  enum class Where {
    kNothing,
    kTrust,       // the key or the kept checkpoint itself
    kHeader,      // the first line
    kCheckpoint,  // the checkpoint of this index within the export
    kEntry,       // the entry of this position
    kBlock,       // the path of this block
    kKept,        // the export does not continue the kept checkpoint
  };
  Where where = Where::kNothing;
  uint64_t index = 0;
  std::string what;
};

struct Report {
  Finding first_bad;  // kNothing: the export is good
  std::string origin;
  std::string root;                       // of the whole tree, hex
  uint64_t size = 0;                      // entries
  uint64_t kept_size = 0;                 // of the kept checkpoint; 0: none
  uint64_t checkpoints_before_key = 0;    // signed before the key given: compared by root alone
  std::map<std::string, uint64_t> kinds;  // kind of event -> how many, "work_routing.17"

  bool good() const { return first_bad.where == Finding::Where::kNothing; }
};

Report Verify(std::istream& lines, const Trust& trust);

// "entry 1234: ..." for people; empty for kNothing.
std::string Describe(const Finding& finding);

}  // namespace tideline::verify
