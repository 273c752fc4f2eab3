// SPDX-License-Identifier: Apache-2.0
// The checker is itself checked: each planted bug must be caught, under its own number.
#include "tests/chaos/checker.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/journal/entry.pb.h"
#include "common/partition/follower.h"

namespace tideline::chaos {
namespace {

using work_routing::v1::Event;
using work_routing::v1::WorkItem;

// A small true story: an item is submitted, offered and accepted, each in a commit of its own.
class CheckerTest : public ::testing::Test {
 protected:
  CheckerTest() {
    Event submitted = Make("r1");
    WorkItem& item = *submitted.mutable_work_item_submitted()->mutable_work_item();
    item.set_name(kItem);
    item.set_state(WorkItem::STATE_QUEUED);
    item.mutable_custody()->set_team("t");
    item.mutable_custody()->set_epoch(1);
    events_.push_back(submitted);
    Event assigned = Make("r2");
    auto& standing = *assigned.mutable_work_item_assigned()->mutable_standing();
    standing.set_state(WorkItem::STATE_ASSIGNED);
    standing.mutable_custody()->set_team("t");
    standing.mutable_custody()->set_holder("e");
    standing.mutable_custody()->set_epoch(2);
    events_.push_back(assigned);

    Add("SubmitWorkItem", "r1", 10, 20, Operation::Outcome::kOk);
    Add("AcceptOffer", "r2", 30, 40, Operation::Outcome::kOk);
    Add("AcceptOffer", "r3", 50, 60, Operation::Outcome::kRefused);
    WorkItem& end = evidence_.items[kItem];
    end.set_name(kItem);
    end.set_etag("2.0");
    end.set_state(WorkItem::STATE_ASSIGNED);
    *end.mutable_custody() = standing.custody();
  }

  static Event Make(const std::string& request_id) {
    Event event;
    event.mutable_header()->set_subject(kItem);
    event.mutable_header()->mutable_cause()->set_request_id(request_id);
    return event;
  }
  void Add(std::string verb, std::string id, int64_t begin, int64_t end,
           Operation::Outcome outcome) {
    evidence_.operations.push_back({verb, id, kItem, begin, end, outcome, 1, ""});
  }
  // Writes events_ as commits 1, 2, ... and returns the invariants that are violated.
  std::set<int> Run(bool chain = true) {
    std::string digest;
    uint64_t number = 0;
    evidence_.entries.clear();
    for (Event& event : events_) {
      journal::v1::Entry entry;
      entry.set_number(++number);
      entry.set_previous_digest(chain ? digest : "");
      event.mutable_header()->mutable_revision()->set_commit(number);
      entry.add_events(event.SerializeAsString());
      evidence_.entries.push_back({number, entry.SerializeAsString(), ""});
      digest = Sha256(evidence_.entries.back().entry);
    }
    if (tamper_) tamper_();
    std::set<int> numbers;
    for (const Violation& violation : Check(evidence_).violations)
      numbers.insert(violation.invariant);
    return numbers;
  }

  static constexpr char kItem[] = "workspaces/w/workItems/i";
  std::vector<Event> events_;
  Evidence evidence_;
  std::function<void()> tamper_;
};

TEST_F(CheckerTest, ATrueStoryPasses) { EXPECT_EQ(Run(), std::set<int>{}); }

TEST_F(CheckerTest, ALostItemIsCaught) {
  evidence_.items.clear();
  EXPECT_EQ(Run().count(1), 1u);
}

TEST_F(CheckerTest, AnAcknowledgedSubmissionWithoutAnEventIsCaught) {
  Add("SubmitWorkItem", "r9", 70, 80, Operation::Outcome::kOk);
  EXPECT_EQ(Run().count(1), 1u);
}

TEST_F(CheckerTest, ADoubledItemIsCaught) {
  events_.insert(events_.begin() + 1, events_[0]);
  EXPECT_EQ(Run().count(2), 1u);
}

TEST_F(CheckerTest, AnItemFromNobodyIsCaught) {
  events_[0].mutable_header()->mutable_cause()->set_request_id("stranger");
  EXPECT_EQ(Run().count(2), 1u);
}

TEST_F(CheckerTest, AHolderWithoutAHigherEpochIsCaught) {
  events_[1].mutable_work_item_assigned()->mutable_standing()->mutable_custody()->set_epoch(1);
  EXPECT_EQ(Run().count(3), 1u);
}

TEST_F(CheckerTest, AnIllegalTransitionIsCaught) {
  events_[1].mutable_work_item_assigned()->mutable_standing()->set_state(WorkItem::STATE_COMPLETED);
  EXPECT_EQ(Run().count(4), 1u);
}

TEST_F(CheckerTest, AnOrderAgainstRealTimeIsCaught) {
  evidence_.operations[0].begin = 100;  // the submission began after the acceptance had ended
  evidence_.operations[0].end = 110;
  EXPECT_EQ(Run().count(4), 1u);
}

TEST_F(CheckerTest, AMissingEntryIsCaught) {
  tamper_ = [this] { evidence_.entries.erase(evidence_.entries.begin()); };
  EXPECT_EQ(Run().count(5), 1u);
}

TEST_F(CheckerTest, ABrokenChainIsCaught) { EXPECT_EQ(Run(false).count(5), 1u); }

TEST_F(CheckerTest, AnAcknowledgedCallWithoutAnEventIsCaught) {
  Add("HoldWorkItem", "r9", 70, 80, Operation::Outcome::kOk);
  EXPECT_EQ(Run(), std::set<int>{5});
}

TEST_F(CheckerTest, AStateThatItsEventsDoNotTellIsCaught) {
  evidence_.items[kItem].set_state(WorkItem::STATE_ON_HOLD);
  EXPECT_EQ(Run(), std::set<int>{6});
}

TEST_F(CheckerTest, AnItemThatOnlyTheJournalKnowsIsCaught) {
  evidence_.items.clear();
  EXPECT_EQ(Run().count(6), 1u);
}

TEST_F(CheckerTest, ASecondEffectOfOneRequestIdIsCaught) {
  Event again = events_[1];
  again.mutable_work_item_assigned()->mutable_standing()->mutable_custody()->set_epoch(3);
  events_.push_back(again);
  EXPECT_EQ(Run().count(12), 1u);
}

TEST_F(CheckerTest, ARefusalThatLeftSomethingIsCaught) {
  evidence_.operations[1].outcome = Operation::Outcome::kRefused;
  EXPECT_EQ(Run(), std::set<int>{14});
}

}  // namespace
}  // namespace tideline::chaos
