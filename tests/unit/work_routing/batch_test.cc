// SPDX-License-Identifier: Apache-2.0
// Batches, lists and streams.
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
namespace {

class Batches : public ::testing::Test {
 protected:
  Batches() {
    world.Basics();
    world.AddExpert("ann", "t1", "law", 10'000);
  }
  v1::BatchSubmitWorkItemsRequest Batch(int size) {
    v1::BatchSubmitWorkItemsRequest request;
    request.set_parent(kWorkspace);
    for (int i = 0; i < size; ++i) {
      v1::WorkItem& item = *request.add_items()->mutable_work_item();
      item.set_queue(QueueName("q"));
      item.set_title(absl::StrCat("item ", i));
      Require("law", item);
    }
    return request;
  }

  RoutingWorld world;
  v1::QueuePolicy policy;
};

TEST_F(Batches, TakeEachElementByItselfInOneCommit) {
  world.AddQueue("q", policy);
  v1::BatchSubmitWorkItemsRequest request = Batch(3);
  request.mutable_items(1)->mutable_work_item()->set_title("");
  const uint64_t before = world.commit();
  const auto response = world.Do(&Core::BatchSubmitWorkItems, request);
  ASSERT_EQ(response->results_size(), 3);
  EXPECT_EQ(world.commit(), before + 1);
  EXPECT_EQ(response->results(0).state(), v1::WorkItem::STATE_OFFERED);
  EXPECT_EQ(response->results(0).expert(), Expert("ann"));
  EXPECT_EQ(response->results(1).refusal().reason(), Reason::REASON_FIELD_REQUIRED);
  EXPECT_EQ(response->results(1).refusal().field(), "work_item.title");
  EXPECT_EQ(response->results(2).state(), v1::WorkItem::STATE_OFFERED);
  EXPECT_NE(response->results(0).name(), response->results(2).name());
}

TEST_F(Batches, AreFullAt256AndFitACommit) {
  world.AddQueue("q", policy);
  ASSERT_TRUE(world.Do(&Core::BatchSubmitWorkItems, Batch(256)).ok());
  EXPECT_LE(world.last_changes(), 1800u);
  const absl::Status over = world.Do(&Core::BatchSubmitWorkItems, Batch(257)).status();
  EXPECT_EQ(over.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Outcome(over), "INVALID_FIELD");
  EXPECT_EQ(Outcome(world.Do(&Core::BatchSubmitWorkItems, Batch(0)).status()), "FIELD_REQUIRED");
}

TEST_F(Batches, CarryAWholeLifeInItsStreamingForm) {
  policy.set_mode(v1::QueuePolicy::MODE_AUTO_ASSIGN);
  policy.set_completion(v1::QueuePolicy::COMPLETION_AUTO);
  world.AddQueue("q", policy);
  world.NewEvents();
  const auto submitted = world.Do(&Core::BatchSubmitWorkItems, Batch(200));
  // The stream says who has what.
  v1::WatchAssignmentsRequest watch;
  watch.set_parent(kWorkspace);
  const auto start = world.core().WatchAssignments(Call{.grant = world.grant}, watch);
  ASSERT_TRUE(start.ok());
  v1::BatchSubmitResultsRequest results;
  results.set_parent(kWorkspace);
  for (const v1::Event& event : world.NewEvents()) {
    const auto shown =
        start->show(event.header().subject(), event.header().revision(), event.SerializeAsString());
    if (!shown.has_value()) continue;
    for (const v1::Assignment& assignment : shown->assignments()) {
      v1::BatchResult& result = *results.add_results();
      result.set_name(assignment.work_item());
      result.set_custody_epoch(assignment.custody_epoch());
    }
  }
  ASSERT_EQ(results.results_size(), 200);
  results.mutable_results(7)->set_custody_epoch(9);
  const auto done = world.Do(&Core::BatchSubmitResults, results);
  EXPECT_LE(world.last_changes(), 1800u);
  for (int i = 0; i < 200; ++i) {
    if (i == 7) {
      EXPECT_EQ(done->results(i).refusal().reason(), Reason::REASON_CUSTODY_MOVED);
    } else {
      EXPECT_EQ(done->results(i).state(), v1::WorkItem::STATE_COMPLETED);
    }
  }
}

TEST_F(Batches, AcceptOffersAndSayWhichHadEnded) {
  world.AddQueue("q", policy);
  const v1::WorkItem first = world.Submit("q", "law");
  const v1::WorkItem second = world.Submit("q", "law");
  ASSERT_TRUE(world.Accept(second).ok());
  v1::BatchAcceptRequest request;
  request.set_parent(kWorkspace);
  request.add_offers(first.offer().name());
  request.add_offers(second.offer().name());
  const auto response = world.Do(&Core::BatchAccept, request);
  EXPECT_EQ(response->results(0).state(), v1::WorkItem::STATE_ASSIGNED);
  EXPECT_EQ(response->results(1).refusal().reason(), Reason::REASON_OFFER_EXPIRED);
}

TEST_F(Batches, ListInPagesWithoutLossOrDoubles) {
  world.AddQueue("q", policy);
  ASSERT_TRUE(world.Do(&Core::BatchSubmitWorkItems, Batch(120)).ok());
  v1::ListWorkItemsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(50);
  std::set<std::string> seen;
  int pages = 0;
  do {
    const auto page = world.Ask(&Core::ListWorkItems, request);
    ASSERT_TRUE(page.ok());
    for (const v1::WorkItem& item : page->work_items()) {
      EXPECT_TRUE(seen.insert(item.name()).second);
    }
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), 120u);
  EXPECT_EQ(pages, 3);
  request.set_page_token("x");
  EXPECT_EQ(Outcome(world.Ask(&Core::ListWorkItems, request).status()), "PAGE_TOKEN_INVALID");
}

TEST_F(Batches, SnapshotsHoldEverythingOnceWhateverThePageSize) {
  world.AddQueue("q", policy);
  world.AddQueue("r", policy);
  ASSERT_TRUE(world.Do(&Core::BatchSubmitWorkItems, Batch(25)).ok());
  for (int size : {1, 2, 7, 1000}) {
    v1::SnapshotRequest request;
    request.set_workspace(kWorkspace);
    request.set_page_size(size);
    std::set<std::string> seen;
    for (;;) {
      const auto page = world.Ask(&Core::Snapshot, request);
      ASSERT_TRUE(page.ok());
      for (const v1::Event& event : page->events()) {
        EXPECT_TRUE(seen.insert(event.header().subject()).second) << event.header().subject();
        if (event.has_work_item_submitted()) {
          EXPECT_EQ(event.work_item_submitted().work_item().SerializeAsString(),
                    world.Get(event.header().subject()).SerializeAsString());
        }
      }
      if (page->next_page_token().empty()) {
        EXPECT_GE(page->position().commit(), world.commit());
        break;
      }
      request.set_page_token(page->next_page_token());
    }
    EXPECT_EQ(seen.size(), 27u) << "page size " << size;
  }
}

TEST_F(Batches, StatsCountWhatStandsInAQueue) {
  world.AddQueue("q", policy);
  world.Offline("ann");
  world.Submit("q", "law");
  world.Pass(absl::Minutes(1));
  world.Submit("q", "law");
  v1::GetQueueStatsRequest request;
  request.set_name(QueueName("q"));
  const auto stats = world.Ask(&Core::GetQueueStats, request);
  ASSERT_EQ(stats->stats().depths_size(), 1);
  EXPECT_EQ(stats->stats().depths(0).state(), v1::WorkItem::STATE_QUEUED);
  EXPECT_EQ(stats->stats().depths(0).count(), 2);
  EXPECT_EQ(FromNanos(ToNanos(stats->stats().oldest_create_time())),
            world.now() - absl::Minutes(1));
}

}  // namespace
}  // namespace tideline::work_routing
