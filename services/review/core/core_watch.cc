// SPDX-License-Identifier: Apache-2.0
// The stream. What it shows of an event is a pure function of the event: it runs long after the
// verb that opened it.
#include <utility>

#include "absl/strings/match.h"
#include "common/base/page.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace {

using partition::WatchStart;

// The review that an event carries; null: it is about something else.
v1::Review* ReviewIn(v1::Event& event) {
  const auto* reflection = event.GetReflection();
  const auto* kind =
      reflection->GetOneofFieldDescriptor(event, v1::Event::descriptor()->oneof_decl(0));
  if (kind == nullptr) return nullptr;
  google::protobuf::Message* inner = reflection->MutableMessage(&event, kind);
  const auto* field = inner->GetDescriptor()->FindFieldByName("review");
  if (field == nullptr || field->message_type() != v1::Review::descriptor()) return nullptr;
  return static_cast<v1::Review*>(inner->GetReflection()->MutableMessage(inner, field));
}

// What a watcher asked for, and what they may know.
struct View {
  std::string work_item;
  std::string team;
  bool alarms = false;
  bool knows = false;  // whose work it is, where that is hidden from reviewers
  std::string self;    // the watcher as an expert

  bool Wants(const v1::Review& review) const {
    return (work_item.empty() || review.work_item() == work_item) &&
           (team.empty() || review.doer_team() == team);
  }
  std::optional<v1::WatchReviewsResponse> Show(absl::string_view subject,
                                               absl::string_view bytes) const {
    const bool review = absl::StrContains(subject, "/reviews/");
    const bool alarm = alarms && absl::StrContains(subject, "/reviewAlarms/");
    if (!review && !alarm) return std::nullopt;
    v1::WatchReviewsResponse response;
    v1::Event& event = *response.mutable_event();
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    v1::Review* inside = ReviewIn(event);
    if (inside == nullptr) {
      return alarm || (work_item.empty() && team.empty())
                 ? std::optional<v1::WatchReviewsResponse>(std::move(response))
                 : std::nullopt;
    }
    if (!Wants(*inside)) return std::nullopt;
    if (inside->blind() && !knows && inside->doer() != self) {
      event.mutable_header()->clear_audience();
      inside->clear_doer();
      inside->clear_doer_team();
    }
    return response;
  }
};

}  // namespace

absl::StatusOr<WatchStart<v1::WatchReviewsResponse>> Core::WatchReviews(
    const Call& call, const v1::WatchReviewsRequest& request) const {
  if (const std::string& own = call.grant.organization; !own.empty()) {
    const auto* team = roster_.Find<skill_registry::v1::Team>(request.team());
    if (team == nullptr || team->organization() != own) {
      return Refuse(Reason::REASON_NOT_YOURS,
                    "who is confined to an organization watches one of its teams",
                    {{"field", "team"}});
    }
  }
  partition::Roles knowing;
  for (const auto role : {type::v1::ROLE_LEAD, type::v1::ROLE_ADMIN, type::v1::ROLE_SERVICE,
                          type::v1::ROLE_AUDITOR}) {
    knowing.Add(role);
  }
  View view{request.work_item(), request.team(), request.alarms(),
            call.grant.roles.Intersects(knowing), call.grant.expert};
  WatchStart<v1::WatchReviewsResponse> start;
  start.audience = request.expert();
  start.show = [view](absl::string_view subject, const partition::Revision&,
                      absl::string_view bytes) { return view.Show(subject, bytes); };
  if (!request.resume_token().empty()) return start;
  v1::WatchReviewsResponse* page = &start.snapshot.emplace_back();
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return start;
  size_t bytes = 0;
  for (const std::string& name : workspace->awaiting) {
    const v1::Review& review = FindEntry(name)->review();
    if (!view.Wants(review)) continue;
    bool concerns = request.expert().empty() || review.doer() == request.expert();
    for (const v1::Opinion& opinion : review.opinions()) {
      concerns = concerns || opinion.reviewer() == request.expert();
    }
    if (!concerns) continue;
    if (page->reviews_size() == kMaxPageSize || bytes >= kMaxPageBytes) {
      page = &start.snapshot.emplace_back();
      bytes = 0;
    }
    *page->add_reviews() = Shown(call, review);
    bytes += review.ByteSizeLong();
  }
  return start;
}

}  // namespace tideline::review
