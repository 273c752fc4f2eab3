// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/skill_registry/driver.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace tideline::skill_registry {
namespace {

using google::protobuf::Message;

struct Rpc {
  std::function<std::unique_ptr<Message>()> make_request;
  std::function<absl::Status(Core&, const Call&, const Message&, Changes&, std::string&)> run;
};

template <class Response>
absl::Status Take(absl::StatusOr<Response> answer, std::string& bytes) {
  if (!answer.ok()) return answer.status();
  bytes = answer->SerializeAsString();
  return absl::OkStatus();
}

template <class Request, class Response>
Rpc Make(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&, Changes&)) {
  return {[] { return std::make_unique<Request>(); },
          [verb](Core& core, const Call& call, const Message& request, Changes& changes,
                 std::string& bytes) {
            return Take((core.*verb)(call, static_cast<const Request&>(request), changes), bytes);
          }};
}
template <class Request, class Response>
Rpc Make(absl::StatusOr<Response> (Core::*verb)(const Call&, const Request&) const) {
  return {
      [] { return std::make_unique<Request>(); },
      [verb](Core& core, const Call& call, const Message& request, Changes&, std::string& bytes) {
        return Take((core.*verb)(call, static_cast<const Request&>(request)), bytes);
      }};
}

const std::map<std::string, Rpc>& Rpcs() {
  static const auto& rpcs = *[] {
    auto* all = new std::map<std::string, Rpc>();
#define TIDELINE_STANDARD(Type, field, Types, fields)     \
  (*all)["Create" #Type] = Make(&Core::Create<v1::Type>); \
  (*all)["Get" #Type] = Make(&Core::Get<v1::Type>);       \
  (*all)["List" #Types] = Make(&Core::List<v1::Type>);    \
  (*all)["Update" #Type] = Make(&Core::Update<v1::Type>); \
  (*all)["Delete" #Type] = Make(&Core::Delete<v1::Type>);
    TIDELINE_STANDARD_RESOURCES(TIDELINE_STANDARD)
#undef TIDELINE_STANDARD
    (*all)["CreateWorkspace"] = Make(&Core::CreateWorkspace);
    (*all)["GetWorkspace"] = Make(&Core::Get<v1::Workspace>);
    (*all)["ListWorkspaces"] = Make(&Core::List<v1::Workspace>);
    (*all)["UpdateWorkspace"] = Make(&Core::Update<v1::Workspace>);
    (*all)["GetImport"] = Make(&Core::Get<v1::Import>);
    (*all)["ListImports"] = Make(&Core::List<v1::Import>);
    (*all)["DeleteImport"] = Make(&Core::Delete<v1::Import>);
    (*all)["SetPresence"] = Make(&Core::SetPresence);
    (*all)["GetPresence"] = Make(&Core::GetPresence);
    (*all)["ListPresences"] = Make(&Core::ListPresences);
    (*all)["AssessSkill"] = Make(&Core::AssessSkill);
    (*all)["EndorseSkill"] = Make(&Core::EndorseSkill);
    (*all)["AdvanceSkill"] = Make(&Core::AdvanceSkill);
    (*all)["ImportTaxonomy"] = Make(&Core::ImportTaxonomy);
    (*all)["ImportExperts"] = Make(&Core::ImportExperts);
    (*all)["FindExperts"] = Make(&Core::FindExperts);
    (*all)["Snapshot"] = Make(&Core::Snapshot);
    return all;
  }();
  return rpcs;
}

}  // namespace

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  std::string text =
      absl::StrCat(absl::StatusCodeToString(status.code()), " ", ReasonName(ReasonOf(status)));
  const google::rpc::BadRequest bad = BadRequestOf(status);
  const google::rpc::ErrorInfo info = InfoOf(status);
  if (bad.field_violations_size() > 0) {
    absl::StrAppend(&text, " ", bad.field_violations(0).field());
  } else if (auto it = info.metadata().find("field"); it != info.metadata().end()) {
    absl::StrAppend(&text, " ", it->second);
  }
  return text;
}

std::string Outcome::Text() const {
  std::string text = absl::StrCat(Describe(status), " ", absl::string_view(status.message()), "\n",
                                  absl::CEscape(response), "\n");
  for (const std::string& write : writes) absl::StrAppend(&text, "write ", write, "\n");
  for (const std::string& event : events) {
    absl::StrAppend(&text, "event ", absl::CEscape(event), "\n");
  }
  return text;
}

partition::Grant Everything() {
  partition::Grant grant;
  grant.roles = partition::Roles::All();
  return grant;
}

partition::Grant RolesOf(std::initializer_list<type::v1::Role> roles, std::string organization,
                         std::string expert) {
  partition::Grant grant;
  for (type::v1::Role role : roles) grant.roles.Add(role);
  grant.organization = std::move(organization);
  grant.expert = std::move(expert);
  return grant;
}

std::vector<std::string> RpcNames() {
  std::vector<std::string> names;
  for (const auto& [name, rpc] : Rpcs()) names.push_back(name);
  return names;
}

std::unique_ptr<Message> NewRequest(const std::string& rpc) {
  return Rpcs().at(rpc).make_request();
}

void Driver::KeepIn(testing::JournalMirror& mirror) {
  mirror_ = &mirror;
  mirror.Commit(records_);
}

Driver Driver::Restarted() const {
  Driver other;
  const Records kept = mirror_ != nullptr ? mirror_->Load(core_->Kinds()) : records_;
  for (const std::string& kind : core_->Kinds()) {
    auto it = kept.find(kind);
    if (it == kept.end()) continue;
    for (const auto& [id, bytes] : it->second) {
      EXPECT_TRUE(other.core_->Restore(kind, id, bytes).ok()) << kind << " " << id;
    }
  }
  const absl::Status restored = other.core_->Restored();
  EXPECT_TRUE(restored.ok()) << restored;
  other.now_ = now_;
  other.commit_ = commit_;
  other.steps_ = steps_;
  other.records_ = records_;
  other.events_ = events_;
  return other;
}

partition::Call Driver::MakeCall(const std::string& workspace, const partition::Grant& grant) {
  partition::Call call;
  call.workspace = workspace;
  call.actor.set_kind(type::v1::Actor::KIND_PERSON);
  call.actor.set_subject("tester");
  call.grant = grant;
  call.now = now_;
  call.cause.set_request_id(absl::StrCat("step-", ++steps_));
  call.entropy = {steps_ * 0x9E3779B97F4A7C15u, steps_};
  return call;
}

void Driver::Keep(Changes& changes, Outcome& outcome) {
  const std::vector<journal::Write> writes = changes.TakeWrites();
  if (mirror_ != nullptr && !writes.empty()) mirror_->Commit(writes);
  for (const journal::Write& write : writes) {
    if (write.value.has_value()) {
      records_[write.kind][write.id] = *write.value;
    } else {
      records_[write.kind].erase(write.id);
    }
    outcome.writes.push_back(
        absl::StrCat(write.kind, " ", write.id, " ",
                     write.value.has_value() ? absl::CEscape(*write.value) : "erased"));
  }
  for (const partition::EventBytes& event : changes.TakeEvents()) {
    outcome.events.push_back(event.bytes);
    events_.push_back(event.bytes);
  }
}

Outcome Driver::Run(const std::string& rpc, const Message& request, const partition::Grant& grant) {
  Outcome outcome;
  auto it = Rpcs().find(rpc);
  if (it == Rpcs().end()) {
    ADD_FAILURE() << "no rpc is called " << rpc;
    return outcome;
  }
  Changes changes(commit_ + 1);
  const partition::Call call = MakeCall("workspaces/acme", grant);
  const std::string before = Dump();
  outcome.status = it->second.run(*core_, call, request, changes, outcome.response);
  if (!outcome.status.ok()) {
    EXPECT_TRUE(changes.empty()) << rpc << " was refused and changed records";
    EXPECT_EQ(before, Dump()) << rpc << " was refused and changed memory";
  }
  if (!changes.empty()) ++commit_;
  Keep(changes, outcome);
  return outcome;
}

Outcome Driver::RunText(const std::string& rpc, const std::string& request,
                        const partition::Grant& grant) {
  std::unique_ptr<Message> message = NewRequest(rpc);
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request, message.get())) << request;
  return Run(rpc, *message, grant);
}

void Driver::MustInto(const std::string& rpc, const std::string& request,
                      const partition::Grant& grant, Message& response) {
  const Outcome outcome = RunText(rpc, request, grant);
  EXPECT_TRUE(outcome.status.ok()) << rpc << " " << request << ": " << outcome.status;
  EXPECT_TRUE(response.ParseFromString(outcome.response));
}

std::vector<Outcome> Driver::Advance(absl::Duration by) {
  now_ += by;
  std::vector<Outcome> outcomes;
  while (core_->NextWake() <= now_) {
    Changes changes(commit_ + 1);
    partition::Call call = MakeCall("", partition::Grant());
    call.cause.mutable_timer()->set_seconds(absl::ToUnixSeconds(core_->NextWake()));
    core_->Wake(call, changes);
    EXPECT_FALSE(changes.empty()) << "woken and did nothing";
    if (changes.empty()) break;
    ++commit_;
    Keep(changes, outcomes.emplace_back());
  }
  return outcomes;
}

std::string Driver::Dump() const {
  std::string dump;
  core_->Dump(dump);
  return dump;
}

void Populate(Driver& driver) {
  const auto create = [&driver](const std::string& rpc, const std::string& field, char id,
                                const std::string& resource) {
    const Outcome outcome =
        driver.RunText(rpc, absl::StrCat("parent: 'workspaces/acme' ", field, "_id: '",
                                         std::string(1, id), "' ", field, " { ", resource, " }"));
    ASSERT_TRUE(outcome.status.ok()) << rpc << ": " << outcome.status;
  };
  driver.RunText("CreateWorkspace", "workspace { name: 'workspaces/acme' }");
  for (char id : {'a', 'b', 'c'}) {
    create("CreateOrganization", "organization", id,
           id == 'a' ? "kind: KIND_CLIENT" : "kind: KIND_VENDOR");
    create("CreateSite", "site", id, "country: 'PL' time_zone: 'Europe/Warsaw'");
    create("CreateSkill", "skill", id, "");
    create("CreateTeam", "team", id,
           absl::StrCat("organization: 'workspaces/acme/organizations/", std::string(1, id),
                        "' site: 'workspaces/acme/sites/", std::string(1, id), "'"));
    create("CreateExpert", "expert", id,
           absl::StrCat("team: 'workspaces/acme/teams/", std::string(1, id),
                        "' skills { skill: 'workspaces/acme/skills/", std::string(1, id), "' }"));
  }
}

void Furnish(Driver& driver) {
  const auto must = [&driver](const std::string& rpc, const std::string& request) {
    const Outcome outcome = driver.RunText(rpc, request);
    ASSERT_TRUE(outcome.status.ok()) << rpc << " " << request << ": " << outcome.status;
  };
  const auto create = [&](const std::string& rpc, const std::string& id_field,
                          const std::string& id, const std::string& resource) {
    must(rpc, absl::StrCat("parent: 'workspaces/acme' ", id_field, "_id: '", id, "' ", id_field,
                           " { ", resource, " }"));
  };
  must("CreateWorkspace", "workspace { name: 'workspaces/acme' display_name: 'Acme' }");
  create("CreateOrganization", "organization", "bank", "kind: KIND_CLIENT");
  create("CreateOrganization", "organization", "north", "kind: KIND_VENDOR");
  create("CreateOrganization", "organization", "south",
         "kind: KIND_VENDOR conflicts: 'workspaces/acme/organizations/north'");
  create("CreateSite", "site", "krakow", "country: 'PL' time_zone: 'Europe/Warsaw'");
  create("CreateCalendar", "calendar", "office",
         "rules { time_zone: 'Europe/Warsaw' weekly_hours { day: DAY_OF_WEEK_MONDAY "
         "intervals { start_minute: 540 end_minute: 1020 } } }");
  create("CreateTeam", "team", "alpha",
         "organization: 'workspaces/acme/organizations/north' site: 'workspaces/acme/sites/krakow' "
         "shore: SHORE_NEARSHORE calendar: 'workspaces/acme/calendars/office'");
  create(
      "CreateTeam", "team", "beta",
      "organization: 'workspaces/acme/organizations/south' site: 'workspaces/acme/sites/krakow'");
  create("CreateSkill", "skill", "data", "display_name: 'Data'");
  create("CreateSkill", "skill", "sql", "parents: 'workspaces/acme/skills/data'");
  create("CreateExpert", "expert", "ada",
         "display_name: 'Ada' email: 'ada@example.com' person: 'p-ada' "
         "team: 'workspaces/acme/teams/alpha' cost_rate { currency_code: 'EUR' units: 80 } "
         "skills { skill: 'workspaces/acme/skills/sql' level: LEVEL_EXPERT "
         "stage: SKILL_STAGE_INDEPENDENT } capacity_units: 10");
  create("CreateExpert", "expert", "bob",
         "display_name: 'Bob' person: 'p-bob' team: 'workspaces/acme/teams/alpha' "
         "line_manager: 'workspaces/acme/experts/ada'");
  create("CreateExpert", "expert", "cyd",
         "display_name: 'Cyd' person: 'p-cyd' team: 'workspaces/acme/teams/beta' "
         "cost_rate { currency_code: 'EUR' units: 60 }");
  create("CreateEngagement", "engagement", "claims",
         "client: 'workspaces/acme/organizations/bank' "
         "vendor: 'workspaces/acme/organizations/north' rate_card: 'rc-1'");
}

}  // namespace tideline::skill_registry
