// SPDX-License-Identifier: Apache-2.0
// What a Core answers when a watch opens: what is there now, and how later events look to this
// watcher.
//
//   absl::StatusOr<WatchStart<WatchOffersResponse>> WatchOffers(
//       const Call&, const WatchOffersRequest&) const;
//
// The rpc seam runs the verb as a query, streams the snapshot, and then shows every event from that
// position on, without a gap. A request that carries a resume_token gets no snapshot: leave it
// empty, it is not sent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/partition/changes.h"

namespace tideline::partition {

template <class Response>
struct WatchStart {
  // Sent in this order. Bounded like a list: at most 1,000 elements or 1 MiB per response.
  std::vector<Response> snapshot;

  // Only events that address this expert (WatchSpec::audience); empty: all of the workspace.
  std::string audience;

  // What an event of the watched workspace becomes for this watcher; nothing when it is none of its
  // business. `subject` is the event's subject, `bytes` the serialized Event of the service: look
  // at the subject first, parsing costs. Runs on the partition's loop long after the verb returned:
  // capture by value, never the Core; pure and quick. The seam fills `resume_token`.
  std::function<std::optional<Response>(absl::string_view subject, const Revision& position,
                                        absl::string_view bytes)>
      show;
};

}  // namespace tideline::partition
