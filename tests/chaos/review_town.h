// SPDX-License-Identifier: Apache-2.0
// A town in which one person does the work and another judges it: skill_registry, work_routing and
// review, each a process.
#pragma once

#include <memory>
#include <string>

#include "tests/chaos/town.h"
#include "tideline/review/v1/review_service.grpc.pb.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::chaos {

class ReviewTown : public Town {
 public:
  explicit ReviewTown(testing::RedisServer& redis);
  // Starts the three and makes the scene.
  absl::Status Open();

  // A new item in the doer's hands.
  absl::StatusOr<work_routing::v1::WorkItem> NewItem();
  // The doer hands in a result, the reviewer whom routing finds gives the verdict, and the item
  // follows by itself. Looks at both all the while: the first thing that cannot be is the error.
  absl::Status Judge(const std::string& item, review::v1::Verdict verdict);
  // What is wrong with an item that was judged once; empty: it has one review, that verdict was
  // carried out once, and nothing else was.
  std::string Examine(const std::string& item, review::v1::Verdict verdict);

 private:
  using Routing = work_routing::v1::WorkRoutingService::Stub;
  using Reviews = review::v1::ReviewService::Stub;

  absl::StatusOr<work_routing::v1::WorkItem> Get(const std::string& item);
  // The one review of an item, once it has whom routing found.
  absl::StatusOr<review::v1::Review> Due(const std::string& item);

  std::unique_ptr<Routing> routing_;
  std::unique_ptr<Reviews> reviews_;
};

}  // namespace tideline::chaos
