// SPDX-License-Identifier: Apache-2.0
// Random calls on a small world: few ids, so that they meet, refuse and refer to each other.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "google/protobuf/message.h"
#include "tests/unit/skill_registry/driver.h"

namespace tideline::skill_registry {

// One thing to do: a call, or time that passes (rpc empty).
struct Step {
  std::string rpc;
  std::unique_ptr<google::protobuf::Message> request;
  partition::Grant grant;
  absl::Duration advance;
};

class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}
  // `now` bounds the dates that requests carry.
  Step Next(absl::Time now);

 private:
  int Pick(int below) { return static_cast<int>(random_() % below); }
  bool Sometimes(int of = 3) { return Pick(of) == 0; }
  // Fills a message at random; names of resources come from a small pool.
  void Fill(google::protobuf::Message& message, int depth);
  void FillField(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                 int depth);
  std::string Text(const google::protobuf::FieldDescriptor& field);
  std::string Name(const std::string& collection);

  std::mt19937_64 random_;
  absl::Time now_;
};

}  // namespace tideline::skill_registry
