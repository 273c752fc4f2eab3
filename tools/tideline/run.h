// SPDX-License-Identifier: Apache-2.0
// Runs one verb: builds its request from the values given, calls the rpc, prints the answer. Lists
// fetch page after page; streams print until they end and are taken up again after a lost
// connection.
//
// Not thread-safe. Blocks.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/time/clock.h"
#include "tools/tideline/caller.h"
#include "tools/tideline/flags.h"
#include "tools/tideline/verbs.h"

namespace tideline::cli {

enum class Output { kTable, kJson };

// What holds for every verb.
struct Session {
  CallerOptions caller;
  std::string workspace;
  Output output = Output::kTable;
  std::string request_id;  // empty: drawn
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;  // notes that are no data
};

// What was given for one verb.
struct Given {
  Values values;
  std::vector<std::string> cleared;  // flags of --clear
  std::string json;                  // the request, or a part of it, as JSON
  int64_t limit = 100;               // of a list; 0: all
  std::string resume;                // of a watch
};

absl::Status RunVerb(const Verb& verb, const Given& given, const Session& session);

// Watches an rpc from `request` on, whose resume_token it keeps up to date; prints each message.
absl::Status RunWatch(Caller& caller, const Verb& verb, google::protobuf::Message& request,
                      const Session& session);

// One line for an event of any service: time, what, about what, by whom, and what it came to.
std::string EventLine(const google::protobuf::Message& event);

// The message as JSON by the proto3 mapping, `pretty` over several lines.
std::string ToJson(const google::protobuf::Message& message, bool pretty);

}  // namespace tideline::cli
