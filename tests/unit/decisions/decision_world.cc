// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/decisions/decision_world.h"

#include "gtest/gtest.h"

namespace tideline::decision_ledger {

std::string Outcome(const absl::Status& status) {
  return status.ok() ? "OK" : ReasonName(ReasonOf(status));
}
std::string FieldOf(const absl::Status& status) {
  const auto bad = BadRequestOf(status);
  return bad.field_violations().empty() ? "" : bad.field_violations(0).field();
}
std::string Meta(const absl::Status& status, const std::string& key) {
  const auto info = InfoOf(status);
  auto it = info.metadata().find(key);
  return it == info.metadata().end() ? "" : it->second;
}

DecisionWorld::DecisionWorld() : core_(std::make_unique<Core>()) {
  EXPECT_TRUE(core_->Restored().ok());
  caller.roles = partition::Roles::All();
  Put("workspace { name: 'workspaces/acme' }");
  Put("organization { name: 'workspaces/acme/organizations/holding' }");
  Put("organization { name: 'workspaces/acme/organizations/vendor' "
      "owner: 'workspaces/acme/organizations/holding' }");
  Put("organization { name: 'workspaces/acme/organizations/client' }");
  for (const char* team : {"desk", "night", "home"}) {
    Put(absl::StrCat("team { name: '", Name("teams", team), "' organization: '",
                     Name("organizations", std::string(team) == "home" ? "client" : "vendor"),
                     "' }"));
  }
}

void DecisionWorld::Parse(const std::string& text, google::protobuf::Message& message) {
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
}

void DecisionWorld::Put(const std::string& text) {
  registry::Resource resource;
  Parse(text, resource);
  PutResource(resource);
}

void DecisionWorld::PutResource(const registry::Resource& resource) {
  const auto* field = resource.GetReflection()->GetOneofFieldDescriptor(
      resource, resource.GetDescriptor()->oneof_decl(0));
  const auto& inner = resource.GetReflection()->GetMessage(resource, field);
  const std::string name =
      inner.GetReflection()->GetString(inner, inner.GetDescriptor()->FindFieldByName("name"));
  registry::Event event;
  if (known_[name]) {
    // Everything may have changed but the name, which a change does not carry.
    registry::Changed& changed = *event.mutable_changed();
    *changed.mutable_resource() = resource;
    auto& whole = *changed.mutable_resource()->GetReflection()->MutableMessage(
        changed.mutable_resource(), field);
    for (int i = 0; i < inner.GetDescriptor()->field_count(); ++i) {
      const auto* one = inner.GetDescriptor()->field(i);
      if (one->number() > 4) changed.mutable_fields()->add_paths(one->name());
      if (one->number() <= 4) whole.GetReflection()->ClearField(&whole, one);
    }
  } else {
    *event.mutable_created()->mutable_resource() = resource;
  }
  known_[name] = true;
  event.mutable_header()->set_workspace(kWorkspace);
  event.mutable_header()->set_subject(name);
  event.mutable_header()->mutable_revision()->set_commit(++registry_commit_);
  const std::string bytes = event.SerializeAsString();
  Changes changes(commit_ + 1);
  const absl::Status followed =
      core_->Follow(MakeCall(), {"skill_registry", event.header().revision(), bytes}, changes);
  EXPECT_TRUE(followed.ok()) << followed;
  Finish(followed, changes);
}

void DecisionWorld::Drop(const std::string& name) {
  registry::Event event;
  event.mutable_deleted();
  known_[name] = false;
  event.mutable_header()->set_workspace(kWorkspace);
  event.mutable_header()->set_subject(name);
  event.mutable_header()->mutable_revision()->set_commit(++registry_commit_);
  const std::string bytes = event.SerializeAsString();
  Changes changes(commit_ + 1);
  const absl::Status followed =
      core_->Follow(MakeCall(), {"skill_registry", event.header().revision(), bytes}, changes);
  EXPECT_TRUE(followed.ok()) << followed;
  Finish(followed, changes);
}

void DecisionWorld::Person(const std::string& id, const std::string& team, int grade,
                           const std::string& manager) {
  registry::Resource resource;
  registry::Expert& expert = *resource.mutable_expert();
  expert.set_name(Expert(id));
  expert.set_person(absl::StrCat("person-", id));
  expert.set_team(Name("teams", team));
  expert.set_authority_grade(grade);
  if (!manager.empty()) expert.set_line_manager(Expert(manager));
  PutResource(resource);
}

void DecisionWorld::Grant(const std::string& id, const std::string& holder,
                          const std::string& more) {
  Put(absl::StrCat("authority_grant { name: '", Name("authorityGrants", id), "' ",
                   holder.empty() ? "" : absl::StrCat("expert: '", Expert(holder), "' "), more,
                   " }"));
}

Call DecisionWorld::MakeCall() {
  Call call;
  call.workspace = kWorkspace;
  call.actor.set_kind(type::v1::Actor::KIND_SYSTEM);
  call.actor.set_subject("tester");
  call.grant = caller;
  call.now = now;
  ++chance_;
  call.entropy = {chance_ * 0x9e3779b97f4a7c15ull, chance_ * 0xbf58476d1ce4e5b9ull};
  return call;
}

void DecisionWorld::Finish(const absl::Status& status, Changes& changes) {
  EXPECT_TRUE(status.ok() || changes.size() == 0) << "refused, and yet changed: " << status;
  if (!changes.empty()) ++commit_;
  for (const journal::Write& write : changes.TakeWrites()) {
    if (write.value.has_value()) {
      records_[write.kind][write.id] = *write.value;
    } else {
      records_[write.kind].erase(write.id);
    }
  }
  for (const partition::EventBytes& raised : changes.TakeEvents()) {
    v1::Event event;
    EXPECT_TRUE(event.ParseFromString(raised.bytes));
    EXPECT_EQ(raised.workspace, kWorkspace);
    events_.push_back(std::move(event));
  }
  ExpectRestoredIsTheSame();
}

void DecisionWorld::ExpectRestoredIsTheSame() {
  Core restored;
  for (const std::string& kind : restored.Kinds()) {
    for (const auto& [id, bytes] : records_[kind]) {
      const absl::Status status = restored.Restore(kind, id, bytes);
      ASSERT_TRUE(status.ok()) << status;
    }
  }
  ASSERT_TRUE(restored.Restored().ok());
  std::string lived;
  std::string again;
  core_->Dump(lived);
  restored.Dump(again);
  ASSERT_EQ(lived, again);
}

absl::StatusOr<v1::Decision> DecisionWorld::Decide(const std::string& id,
                                                   const std::string& decider,
                                                   const std::string& more) {
  v1::RecordDecisionRequest request;
  request.set_parent(kWorkspace);
  request.set_decision_id(id);
  v1::Decision& decision = *request.mutable_decision();
  decision.set_type("refund");
  decision.set_choice("pay it back");
  decision.set_decider(Expert(decider));
  decision.set_reversibility(v1::REVERSIBILITY_R0);
  v1::Decision said;
  Parse(more, said);
  decision.MergeFrom(said);
  if (decision.work_item().empty() && decision.scope().empty()) decision.set_scope("the matter");
  std::string text;
  google::protobuf::TextFormat::PrintToString(request, &text);
  auto response = Do(&Core::RecordDecision, text);
  if (!response.ok()) return response.status();
  return response->decision();
}

v1::Decision DecisionWorld::Get(const std::string& id) {
  auto response = Ask(&Core::GetDecision, absl::StrCat("name: '", Name("decisions", id), "'"));
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->decision() : v1::Decision();
}

v1::Reversal DecisionWorld::Reversal(const std::string& name) {
  auto response = Ask(&Core::GetReversal, absl::StrCat("name: '", name, "'"));
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->reversal() : v1::Reversal();
}

std::vector<std::string> DecisionWorld::Owed() {
  std::vector<std::string> calls;
  for (const partition::OwedCall& call : core_->Owed(100)) {
    calls.push_back(absl::StrCat(call.method.substr(call.method.rfind('/') + 1), " ",
                                 call.resource.substr(call.resource.rfind('/') + 1)));
  }
  return calls;
}

void DecisionWorld::Settle(const absl::Status& status) {
  const std::vector<partition::OwedCall> owed = core_->Owed(1);
  ASSERT_FALSE(owed.empty());
  Changes changes(commit_ + 1);
  core_->Settle(MakeCall(), owed[0].id, status, "", changes);
  Finish(absl::OkStatus(), changes);
}

}  // namespace tideline::decision_ledger
