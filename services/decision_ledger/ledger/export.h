// SPDX-License-Identifier: Apache-2.0
// A tree as JSON lines that tideline-verify checks without us:
//
//   {"export":1,"origin":"tideline.example/acme","key":"tideline.example/acme+...","size":300}
//   {"checkpoint":"<signed note>","consistency":["<hash>",...]}     from one to the next; the last
//                                                                   one is the export's own
//   {"entry":0,"sealed":"<SealedEvent>","proof":["<hash>",...]}     path to its block's root
//   {"block":0,"proof":["<hash>",...]}                              from there to the tree's root
//
// A block is 256 entries (the last one what is left) and follows them. Bytes are base64, in this
// very form: no other spacing or order. An entry's path and its block's, one after the other, are
// the RFC 6962 inclusion proof.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "services/decision_ledger/ledger/archive.h"

namespace tideline::decision_ledger {

// Takes the export piece by piece; an error ends it.
using ExportSink = std::function<absl::Status(absl::string_view text)>;

// Writes the tree of `workspace` as of its newest checkpoint, which covers every entry. NOT_FOUND
// when nothing of it was sealed; DATA_LOSS when the archive contradicts itself.
absl::Status ExportTree(ArchiveReader& archive, absl::string_view workspace,
                        const ExportSink& sink);

}  // namespace tideline::decision_ledger
