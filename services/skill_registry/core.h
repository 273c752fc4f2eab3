// SPDX-License-Identifier: Apache-2.0
// The state machine of skill_registry: who can do what, where, under which contract. One
// partition's workspaces, in memory; see common/partition/core.h for what a Core is.
//
// The folder core/ has one idea per file: catalog (resources and how they change), rules (what must
// be true of them), scope (who may see and change what), dates (what time does to them), standard
// (the five verbs every resource has), and a file for each verb that is not one of those.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/partition/core.h"
#include "common/partition/watch_start.h"
#include "services/skill_registry/core/catalog.h"
#include "services/skill_registry/core/verbs.h"

namespace tideline::skill_registry {

class Core : public partition::Core {
 public:
  // The standard verbs of R, one of core/verbs.h. Errors as the rpcs state them.
  template <class R>
  absl::StatusOr<typename Verbs<R>::Created> Create(const Call& call,
                                                    const typename Verbs<R>::Create& request,
                                                    Changes& changes);
  template <class R>
  absl::StatusOr<typename Verbs<R>::Got> Get(const Call& call,
                                             const typename Verbs<R>::Get& request) const;
  template <class R>
  absl::StatusOr<typename Verbs<R>::Listed> List(const Call& call,
                                                 const typename Verbs<R>::List& request) const;
  template <class R>
  absl::StatusOr<typename Verbs<R>::Updated> Update(const Call& call,
                                                    const typename Verbs<R>::Update& request,
                                                    Changes& changes);
  template <class R>
  absl::StatusOr<typename Verbs<R>::Deleted> Delete(const Call& call,
                                                    const typename Verbs<R>::Delete& request,
                                                    Changes& changes);

  absl::StatusOr<v1::CreateWorkspaceResponse> CreateWorkspace(
      const Call& call, const v1::CreateWorkspaceRequest& request, Changes& changes);

  absl::StatusOr<v1::SetPresenceResponse> SetPresence(const Call& call,
                                                      const v1::SetPresenceRequest& request,
                                                      Changes& changes);
  absl::StatusOr<v1::GetPresenceResponse> GetPresence(const Call& call,
                                                      const v1::GetPresenceRequest& request) const;
  absl::StatusOr<v1::ListPresencesResponse> ListPresences(
      const Call& call, const v1::ListPresencesRequest& request) const;

  absl::StatusOr<v1::AssessSkillResponse> AssessSkill(const Call& call,
                                                      const v1::AssessSkillRequest& request,
                                                      Changes& changes);
  absl::StatusOr<v1::EndorseSkillResponse> EndorseSkill(const Call& call,
                                                        const v1::EndorseSkillRequest& request,
                                                        Changes& changes);
  absl::StatusOr<v1::AdvanceSkillResponse> AdvanceSkill(const Call& call,
                                                        const v1::AdvanceSkillRequest& request,
                                                        Changes& changes);

  absl::StatusOr<v1::ImportTaxonomyResponse> ImportTaxonomy(
      const Call& call, const v1::ImportTaxonomyRequest& request, Changes& changes);
  absl::StatusOr<v1::ImportExpertsResponse> ImportExperts(const Call& call,
                                                          const v1::ImportExpertsRequest& request,
                                                          Changes& changes);

  absl::StatusOr<v1::FindExpertsResponse> FindExperts(const Call& call,
                                                      const v1::FindExpertsRequest& request) const;
  absl::StatusOr<v1::SnapshotResponse> Snapshot(const Call& call,
                                                const v1::SnapshotRequest& request) const;
  absl::StatusOr<partition::WatchStart<v1::WatchRosterResponse>> WatchRoster(
      const Call& call, const v1::WatchRosterRequest& request) const;

  std::vector<std::string> Kinds() const override { return Catalog::RecordKinds(); }
  absl::Status Restore(absl::string_view kind, absl::string_view id,
                       absl::string_view bytes) override {
    return catalog_.Restore(kind, id, bytes);
  }
  absl::Status Restored() override { return catalog_.Restored(); }
  absl::Time NextWake() const override { return catalog_.NextDate(); }
  void Wake(const Call& call, Changes& changes) override;
  partition::Grant GrantOf(absl::string_view workspace, absl::string_view subject) const override {
    return catalog_.GrantOf(workspace, subject);
  }
  void RefillPersonal(google::protobuf::Message& response) const override;
  void Dump(std::string& out) const override { catalog_.Dump(out); }

 private:
  // The resource that an update or an import row makes of what there is, checked; what the caller
  // may not change has been refused.
  template <class R>
  absl::StatusOr<std::unique_ptr<R>> Prepare(const Call& call, const R& input,
                                             const google::protobuf::FieldMask& mask,
                                             const R* before) const;
  // The checks of a resource that is about to be written.
  template <class R>
  absl::Status Judge(const Call& call, const R& after, const R* before) const;
  // One row of an import, done or refused.
  template <class R>
  v1::ImportRowResult ImportRow(const Call& call, const std::string& workspace, const R& row,
                                Changes& changes);
  template <class R, class Request, class Response>
  absl::StatusOr<Response> ImportRows(const Call& call, const Request& request,
                                      const google::protobuf::RepeatedPtrField<R>& rows,
                                      v1::Import::Kind kind, Changes& changes);
  // A copy of the holder of a skill, whom the caller may change.
  absl::StatusOr<std::unique_ptr<v1::Expert>> Holder(const Call& call,
                                                     const std::string& name) const;

  Catalog catalog_;
};

}  // namespace tideline::skill_registry
