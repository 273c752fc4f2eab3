// SPDX-License-Identifier: Apache-2.0
// Keeps in a real journal what a test's driver of a Core would otherwise keep in a map, so that a
// restored Core comes from what MemoryJournal or RedisJournal give back. One thread; blocks.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/journal/journal.h"
#include "common/loop/loop.h"

namespace tideline::testing {

class JournalMirror {
 public:
  using Records = std::map<std::string, std::map<std::string, std::string>>;

  // Owns partition 0 of `service` in an opened store. Fails the test when it cannot.
  JournalMirror(journal::Store& store, const std::string& service);
  ~JournalMirror();

  // Commits one step's writes; expects APPLIED.
  void Commit(std::vector<journal::Write> writes);
  // Commits records that were there before the mirror.
  void Commit(const Records& records);
  // Everything the journal holds.
  Records Load(const std::vector<std::string>& kinds);

 private:
  Loop loop_;
  std::unique_ptr<journal::Journal> journal_;
  uint64_t epoch_ = 0;
  uint64_t number_ = 0;
};

}  // namespace tideline::testing
