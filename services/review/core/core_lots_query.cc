// SPDX-License-Identifier: Apache-2.0
// Reads of lots and sampling states. What was drawn is hidden while it can still be of use to who
// is judged.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "common/sampling/draw.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace {

bool MaySeeDraws(const Call& call) {
  partition::Roles trusted;
  for (const auto role : {type::v1::ROLE_ADMIN, type::v1::ROLE_AUDITOR, type::v1::ROLE_SERVICE}) {
    trusted.Add(role);
  }
  return call.grant.roles.Intersects(trusted);
}

v1::Lot ShownLot(const Call& call, const v1::Lot& lot) {
  v1::Lot shown = lot;
  const bool decided =
      lot.state() == v1::Lot::STATE_ACCEPTED || lot.state() == v1::Lot::STATE_REJECTED;
  if (!decided && !MaySeeDraws(call)) {
    shown.clear_seed();
    shown.clear_positions();
    shown.clear_added_positions();
  }
  return shown;
}

}  // namespace

bool Core::Visible(const Call& call, const v1::SamplingState& state) const {
  const std::string& own = call.grant.organization;
  if (own.empty()) return true;
  const auto* team = roster_.Find<skill_registry::v1::Team>(state.team());
  return team != nullptr && team->organization() == own;
}

absl::StatusOr<const Lot*> Core::GetLotOf(const Call& call, const std::string& name) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(name);
  auto it = workspace->lots.find(name);
  if (it == workspace->lots.end()) return NotFound(name);
  const Lot* lot = it->second.get();
  if (!Visible(call, workspace->streams.at(lot->record.lot().sampling_state())->state())) {
    return NotFound(name);
  }
  return lot;
}

absl::StatusOr<v1::GetSamplingStateResponse> Core::GetSamplingState(
    const Call& call, const v1::GetSamplingStateRequest& request) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto it = workspace->streams.find(request.name());
  if (it == workspace->streams.end() || !Visible(call, it->second->state())) {
    return NotFound(request.name());
  }
  v1::GetSamplingStateResponse response;
  *response.mutable_sampling_state() = it->second->state();
  return response;
}

absl::StatusOr<v1::ListSamplingStatesResponse> Core::ListSamplingStates(
    const Call& call, const v1::ListSamplingStatesRequest& request) const {
  v1::ListSamplingStatesResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->streams, request, [&](const std::unique_ptr<Stream>& stream) {
        const v1::SamplingState& state = stream->state();
        if (!Visible(call, state) || (!request.team().empty() && state.team() != request.team()) ||
            (!request.policy().empty() && state.policy() != request.policy())) {
          return size_t{0};
        }
        *response.add_sampling_states() = state;
        return state.ByteSizeLong();
      }));
  return response;
}

absl::StatusOr<v1::GetLotResponse> Core::GetLot(const Call& call,
                                                const v1::GetLotRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Lot* lot, GetLotOf(call, request.name()));
  v1::GetLotResponse response;
  *response.mutable_lot() = ShownLot(call, lot->record.lot());
  return response;
}

absl::StatusOr<v1::ListLotsResponse> Core::ListLots(const Call& call,
                                                    const v1::ListLotsRequest& request) const {
  v1::ListLotsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      FillPage(workspace->lots, request, [&](const std::unique_ptr<Lot>& lot) {
        const v1::Lot& record = lot->record.lot();
        if ((!request.sampling_state().empty() &&
             record.sampling_state() != request.sampling_state()) ||
            !Visible(call, workspace->streams.at(record.sampling_state())->state())) {
          return size_t{0};
        }
        *response.add_lots() = ShownLot(call, record);
        return record.ByteSizeLong();
      }));
  return response;
}

absl::StatusOr<v1::ReproduceSampleResponse> Core::ReproduceSample(
    const Call& call, const v1::ReproduceSampleRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Lot* lot, GetLotOf(call, request.name()));
  const v1::Lot& record = lot->record.lot();
  const bool decided =
      record.state() == v1::Lot::STATE_ACCEPTED || record.state() == v1::Lot::STATE_REJECTED;
  if (!decided && !MaySeeDraws(call)) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "the lot is not decided yet",
                  {{"lot", record.name()}});
  }
  const std::string& seed = request.seed().empty() ? record.seed() : request.seed();
  TL_ASSIGN_OR_RETURN(const std::vector<int64_t> drawn,
                      sampling::DrawSample(seed, record.size(), record.sample_size()));
  v1::ReproduceSampleResponse response;
  response.set_seed(seed);
  for (const int64_t position : drawn) response.add_positions(static_cast<int32_t>(position));
  response.set_agrees(
      std::equal(drawn.begin(), drawn.end(), record.positions().begin(), record.positions().end()));
  for (const auto& [position, review] : lot->reviews) {
    if (std::binary_search(record.positions().begin(), record.positions().end(), position)) {
      response.add_reviews(review);
    }
  }
  return response;
}

}  // namespace tideline::review
