// SPDX-License-Identifier: Apache-2.0
// What there is, as creation events: for followers that join late, and for watches that begin.
#include "common/base/page.h"
#include "services/skill_registry/core/standard.h"

namespace tideline::skill_registry {
namespace {

v1::Event CreationOf(const Entry& entry) {
  v1::Event event;
  type::v1::EventHeader& header = *event.mutable_header();
  const auto* reflection = entry.resource->GetReflection();
  header.mutable_time()->CopyFrom(reflection->GetMessage(*entry.resource, entry.kind->update_time));
  header.set_workspace(std::string(WorkspaceOf(entry.name)));
  header.set_subject(entry.name);
  *header.mutable_revision() = entry.revision;
  Catalog::CopyPublic(*entry.kind, *entry.resource, *event.mutable_created()->mutable_resource());
  return event;
}

// The workspace itself comes before everything in it.
void ScanWorkspace(const Catalog& catalog, const std::string& workspace, absl::string_view after,
                   Catalog::Visitor visit) {
  if (after.empty() && !visit(*catalog.Find(workspace))) return;
  catalog.Scan(absl::StrCat(workspace, "/"), after, visit);
}

// Rates of a resource in an event, for a watcher who does not see everybody's.
void HideRates(v1::Event& event) {
  v1::Resource* resource = event.has_created()   ? event.mutable_created()->mutable_resource()
                           : event.has_changed() ? event.mutable_changed()->mutable_resource()
                                                 : nullptr;
  if (resource == nullptr) return;
  if (resource->has_expert()) resource->mutable_expert()->clear_cost_rate();
  if (resource->has_engagement()) {
    resource->mutable_engagement()->clear_volume_bands();
    resource->mutable_engagement()->clear_rate_card();
  }
  if (!event.has_changed()) return;
  // A path whose value is hidden would say that the value was cleared.
  auto& paths = *event.mutable_changed()->mutable_fields()->mutable_paths();
  paths.erase(std::remove_if(paths.begin(), paths.end(),
                             [](const std::string& path) {
                               return path == "cost_rate" || path == "volume_bands" ||
                                      path == "rate_card";
                             }),
              paths.end());
}

// What a watcher is shown; captured by value, since it outlives the step.
struct View {
  bool rates = false;
  bool members = false;

  std::optional<v1::Event> Show(v1::Event event) const {
    if (!members && absl::StrContains(event.header().subject(), "/members/")) return std::nullopt;
    if (!rates) HideRates(event);
    return event;
  }
};

}  // namespace

absl::StatusOr<v1::SnapshotResponse> Core::Snapshot(const Call&,
                                                    const v1::SnapshotRequest& request) const {
  if (catalog_.Find<v1::Workspace>(request.workspace()) == nullptr) {
    return NotFound(request.workspace());
  }
  v1::SnapshotResponse response;
  Page page(request.page_size());
  std::string last;
  ScanWorkspace(catalog_, request.workspace(), request.page_token(), [&](const Entry& entry) {
    if (!page.Open()) {
      response.set_next_page_token(last);
      return false;
    }
    page.LookAt();
    last = entry.name;
    v1::Event& event = *response.add_events();
    event = CreationOf(entry);
    page.Take(event.ByteSizeLong());
    return true;
  });
  if (response.next_page_token().empty()) *response.mutable_position() = catalog_.last();
  return response;
}

absl::StatusOr<partition::WatchStart<v1::WatchRosterResponse>> Core::WatchRoster(
    const Call& call, const v1::WatchRosterRequest& request) const {
  if (catalog_.Find<v1::Workspace>(request.workspace()) == nullptr) {
    return NotFound(request.workspace());
  }
  View view;
  view.rates = SeesEverybody(catalog_, call.grant);
  view.members = call.grant.roles.Has(type::v1::ROLE_ADMIN) ||
                 call.grant.roles.Has(type::v1::ROLE_AUDITOR) ||
                 call.grant.roles.Has(type::v1::ROLE_SERVICE);
  partition::WatchStart<v1::WatchRosterResponse> start;
  start.show = [view](absl::string_view, const Revision&,
                      absl::string_view bytes) -> std::optional<v1::WatchRosterResponse> {
    v1::Event event;
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    std::optional<v1::Event> shown = view.Show(std::move(event));
    if (!shown.has_value()) return std::nullopt;
    v1::WatchRosterResponse response;
    *response.add_events() = *std::move(shown);
    response.set_snapshot_sent(true);
    return response;
  };
  if (!request.resume_token().empty()) return start;

  start.snapshot.emplace_back();
  Page page(kMaxPageSize);
  ScanWorkspace(catalog_, request.workspace(), "", [&](const Entry& entry) {
    std::optional<v1::Event> shown = view.Show(CreationOf(entry));
    if (!shown.has_value()) return true;
    if (!page.Open()) {
      start.snapshot.emplace_back();
      page = Page(kMaxPageSize);
    }
    page.Take(shown->ByteSizeLong());
    *start.snapshot.back().add_events() = *std::move(shown);
    return true;
  });
  start.snapshot.back().set_snapshot_sent(true);
  return start;
}

}  // namespace tideline::skill_registry
