// SPDX-License-Identifier: Apache-2.0
// The five verbs that every resource has, written once.
#include "services/skill_registry/core/standard.h"

#include "common/base/page.h"
#include "services/skill_registry/core/filters.h"

namespace tideline::skill_registry {
namespace {

// Where a list request looks: below its parent, at those that refer to its anchor, or, for
// workspaces, at all there are.
template <class Request>
absl::StatusOr<std::string> PrefixOf(const Catalog& catalog, const Request& request,
                                     const Kind& kind) {
  if (catalog.Find<v1::Workspace>(request.parent()) == nullptr) return NotFound(request.parent());
  return absl::StrCat(request.parent(), "/", kind.collection, "/");
}
absl::StatusOr<std::string> PrefixOf(const Catalog&, const v1::ListWorkspacesRequest&,
                                     const Kind& kind) {
  return absl::StrCat(kind.collection, "/");
}

template <class Request>
void ScanFor(const Catalog& catalog, const Request& request, absl::string_view prefix,
             Catalog::Visitor visit) {
  const absl::string_view anchor = Anchor(request);
  if (anchor.empty()) {
    catalog.Scan(prefix, request.page_token(), visit);
  } else if (const Entry* target = catalog.Find(anchor)) {
    catalog.ScanReferrers(*target, request.page_token(), visit);
  }
}
void ScanFor(const Catalog& catalog, const v1::ListWorkspacesRequest& request, absl::string_view,
             Catalog::Visitor visit) {
  catalog.ScanWorkspaces(request.page_token(), visit);
}

absl::Status RefuseInUse(const Entry& entry) {
  for (const Entry* referrer : entry.referrers) {
    if (referrer == &entry) continue;
    return Refuse(Reason::REASON_RESOURCE_IN_USE,
                  absl::StrCat("\"", entry.name, "\" is in use by \"", referrer->name, "\"",
                               entry.referrers.size() > 1 ? " and others" : ""),
                  {{"name", entry.name}, {"usedBy", referrer->name}});
  }
  return absl::OkStatus();
}

}  // namespace

bool HasSkill(const v1::Expert& expert, const std::string& skill) {
  if (skill.empty()) return true;
  for (const v1::ExpertSkill& held : expert.skills()) {
    if (held.skill() == skill) return true;
  }
  return false;
}

template <class R>
absl::StatusOr<typename Verbs<R>::Created> Core::Create(const Call& call,
                                                        const typename Verbs<R>::Create& request,
                                                        Changes& changes) {
  if (catalog_.Find<v1::Workspace>(request.parent()) == nullptr) return NotFound(request.parent());
  const std::string id =
      Verbs<R>::Id(request).empty() ? partition::MakeId(call.entropy) : Verbs<R>::Id(request);
  R input = Verbs<R>::Of(request);
  input.set_name(absl::StrCat(request.parent(), "/", KindOf<R>().collection, "/", id));
  typename Verbs<R>::Created response;
  if (const Entry* there = catalog_.Find(input.name())) {
    TL_RETURN_IF_ERROR(RefuseOtherContent(call.now, *there, input));
    *Verbs<R>::In(response) = there->As<R>();
  } else {
    TL_ASSIGN_OR_RETURN(std::unique_ptr<R> after, Prepare<R>(call, input, {}, nullptr));
    *Verbs<R>::In(response) = catalog_.Insert(call, std::move(after), changes).template As<R>();
  }
  Hide(catalog_, call.grant, *Verbs<R>::In(response));
  return response;
}

template <class R>
absl::StatusOr<typename Verbs<R>::Got> Core::Get(const Call& call,
                                                 const typename Verbs<R>::Get& request) const {
  const R* resource = catalog_.Find<R>(request.name());
  if (resource == nullptr) return NotFound(request.name());
  typename Verbs<R>::Got response;
  *Verbs<R>::In(response) = *resource;
  Hide(catalog_, call.grant, *Verbs<R>::In(response));
  return response;
}

template <class R>
absl::StatusOr<typename Verbs<R>::Listed> Core::List(const Call& call,
                                                     const typename Verbs<R>::List& request) const {
  const Kind& kind = KindOf<R>();
  TL_ASSIGN_OR_RETURN(const std::string prefix, PrefixOf(catalog_, request, kind));
  typename Verbs<R>::Listed response;
  Page page(request.page_size());
  std::string last;
  const auto visit = [&](const Entry& entry) {
    if (!page.Open()) {
      response.set_next_page_token(last);
      return false;
    }
    page.LookAt();
    last = entry.name;
    if (entry.kind == &kind && absl::StartsWith(entry.name, prefix) &&
        Wanted(catalog_, request, entry.As<R>())) {
      R& added = *Verbs<R>::Add(response);
      added = entry.As<R>();
      Hide(catalog_, call.grant, added);
      page.Take(added.ByteSizeLong());
    }
    return true;
  };
  ScanFor(catalog_, request, prefix, visit);
  return response;
}

template <class R>
absl::StatusOr<typename Verbs<R>::Updated> Core::Update(const Call& call,
                                                        const typename Verbs<R>::Update& request,
                                                        Changes& changes) {
  const R& input = Verbs<R>::Of(request);
  const R* before = catalog_.Find<R>(input.name());
  if (before == nullptr) return NotFound(input.name());
  TL_RETURN_IF_ERROR(CheckEtag(input.name(), input.etag(), before->etag()));
  TL_ASSIGN_OR_RETURN(std::unique_ptr<R> after,
                      Prepare<R>(call, input, request.update_mask(), before));
  typename Verbs<R>::Updated response;
  *Verbs<R>::In(response) =
      catalog_.Replace(call, std::move(after), v1::ACTION_UPDATED, changes).template As<R>();
  Hide(catalog_, call.grant, *Verbs<R>::In(response));
  return response;
}

template <class R>
absl::StatusOr<typename Verbs<R>::Deleted> Core::Delete(const Call& call,
                                                        const typename Verbs<R>::Delete& request,
                                                        Changes& changes) {
  const Entry* entry = catalog_.Find(request.name());
  if (entry == nullptr || entry->kind != &KindOf<R>()) return NotFound(request.name());
  TL_RETURN_IF_ERROR(MayChange(catalog_, call.grant, entry->As<R>()));
  TL_RETURN_IF_ERROR(CheckEtag(request.name(), request.etag(), entry->As<R>().etag()));
  TL_RETURN_IF_ERROR(RefuseInUse(*entry));
  typename Verbs<R>::Deleted response;
  R& shown = *Verbs<R>::In(response);
  shown = entry->As<R>();
  Hide(catalog_, call.grant, shown);
  // A presence is part of its expert and goes with them.
  const std::string presence = absl::StrCat(request.name(), "/presence");
  if (catalog_.Find(presence) != nullptr) catalog_.Remove(call, presence, changes);
  catalog_.Remove(call, request.name(), changes);
  return response;
}

#define TIDELINE_READ(Type)                                              \
  template absl::StatusOr<Verbs<v1::Type>::Got> Core::Get<v1::Type>(     \
      const Call&, const Verbs<v1::Type>::Get&) const;                   \
  template absl::StatusOr<Verbs<v1::Type>::Listed> Core::List<v1::Type>( \
      const Call&, const Verbs<v1::Type>::List&) const;
#define TIDELINE_UPDATE(Type)                                               \
  template absl::StatusOr<Verbs<v1::Type>::Updated> Core::Update<v1::Type>( \
      const Call&, const Verbs<v1::Type>::Update&, Changes&);
#define TIDELINE_DELETE(Type)                                               \
  template absl::StatusOr<Verbs<v1::Type>::Deleted> Core::Delete<v1::Type>( \
      const Call&, const Verbs<v1::Type>::Delete&, Changes&);
#define TIDELINE_STANDARD(Type, field, Types, fields)                       \
  template absl::StatusOr<Verbs<v1::Type>::Created> Core::Create<v1::Type>( \
      const Call&, const Verbs<v1::Type>::Create&, Changes&);               \
  TIDELINE_READ(Type)                                                       \
  TIDELINE_UPDATE(Type)                                                     \
  TIDELINE_DELETE(Type)
TIDELINE_STANDARD_RESOURCES(TIDELINE_STANDARD)
TIDELINE_READ(Workspace)
TIDELINE_UPDATE(Workspace)
TIDELINE_READ(Import)
TIDELINE_DELETE(Import)

}  // namespace tideline::skill_registry
