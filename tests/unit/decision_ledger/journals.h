// SPDX-License-Identifier: Apache-2.0
// Journals with events in them, as hosts would write them, for tests of the ledger that need no
// service. Use it from the test's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/journal/journal.h"
#include "common/loop/loop.h"
#include "tests/support/blocking_journal.h"

namespace tideline::decision_ledger {

// One event to write: of which workspace, about what.
struct Written {
  std::string workspace = "workspaces/acme";
  std::string subject = "workspaces/acme/workItems/one";
  // Bytes of the event's own field; what is in it is nobody's affair here.
  std::string content = "content";
};

// The event as a service serializes it: the header, and one field of its oneof.
std::string MakeEvent(const Written& written, uint64_t commit, uint32_t index);

class Journals {
 public:
  explicit Journals(journal::Store& store) : store_(store), loop_("journals") {}

  // Appends one commit with these events to the journal of a service and partition.
  void Commit(const std::string& service, int partition, const std::vector<Written>& events);
  // `commits` commits of two events each, over two services and workspaces, from a seed.
  void CommitMany(int commits, uint64_t seed);
  // Events written so far.
  uint64_t events() const { return events_; }
  uint64_t events_of(const std::string& workspace) { return of_workspace_[workspace]; }

 private:
  struct Open {
    std::unique_ptr<testing::BlockingJournal> journal;
    uint64_t epoch = 0;
    uint64_t number = 0;
    std::string digest;
  };
  Open& At(const std::string& service, int partition);

  journal::Store& store_;
  Loop loop_;
  std::map<std::pair<std::string, int>, Open> open_;
  uint64_t events_ = 0;
  std::map<std::string, uint64_t> of_workspace_;
};

}  // namespace tideline::decision_ledger
