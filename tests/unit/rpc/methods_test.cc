// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/methods.h"

#include "common/rpc/resource_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/rpc/bad.pb.h"
#include "tests/unit/rpc/toy.pb.h"

namespace tideline::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(CheckService, FindsNothingWrongWithAWholeService) {
  EXPECT_THAT(CheckService(*toy::v1::Thing::descriptor()->file()->service(0)), IsEmpty());
}

TEST(CheckService, NamesEachFault) {
  EXPECT_THAT(CheckService(*bad::v1::NoPolicyRequest::descriptor()->file()->service(0)),
              UnorderedElementsAre(
                  HasSubstr("BadService.NoPolicy: has no kind"),
                  HasSubstr("BadService.NoPolicy: has no roles"),
                  HasSubstr("BadService.NoRoles: has no roles"),
                  HasSubstr("BadService.NoRequestId: changes state without a request_id"),
                  HasSubstr("BadService.NoWorkspace: does not say which workspace"),
                  HasSubstr("BadService.HalfPaged: has some of page_size"),
                  HasSubstr("BadService.WatchWithoutStream: streams, and KIND_WATCH, go together"),
                  HasSubstr("BadService.WatchWithoutStream: is a watch without a resume_token"),
                  HasSubstr("BadService.Twin: has the request type of NoRoles"),
                  HasSubstr("LimitsRequest.count: max_bytes is for"),
                  HasSubstr("LimitsRequest.range: min and max do nothing"),
                  HasSubstr("LimitsRequest.inverted: min is above max"),
                  HasSubstr("LimitsRequest.one: max_items is for"),
                  HasSubstr("LimitsRequest.form: format is for"),
                  HasSubstr("LimitsRequest.word: has_range is for")));
}

TEST(MethodTable, RefusesAServiceWithFaults) {
  const auto table = MethodTable::Create("tideline.bad.v1.BadService");
  EXPECT_EQ(table.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MethodTable::Create("tideline.none.v1.NoService").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(MethodTable, KnowsWhatACreateMakes) {
  const auto table = MethodTable::Create("tideline.toy.v1.ToyService");
  ASSERT_TRUE(table.ok()) << table.status();
  const Method& put = *table->Find(toy::v1::PutThingRequest::descriptor());
  ASSERT_NE(put.created_id, nullptr);
  EXPECT_EQ(put.created_id->name(), "thing_id");
  EXPECT_EQ(put.collection, "things");
  EXPECT_EQ(table->Find(toy::v1::UpdateThingRequest::descriptor())->created_id, nullptr);
}

TEST(MethodTable, KnowsWhereARequestSaysItsWorkspace) {
  const auto table = MethodTable::Create("tideline.toy.v1.ToyService");
  ASSERT_TRUE(table.ok()) << table.status();
  const auto resource = [&](const google::protobuf::Descriptor* request) {
    const Method* method = table->Find(request);
    return method->resource.found() ? method->resource.Text() : "";
  };
  EXPECT_EQ(resource(toy::v1::PutThingRequest::descriptor()), "parent");
  EXPECT_EQ(resource(toy::v1::UpdateThingRequest::descriptor()), "thing.name");
  EXPECT_EQ(resource(toy::v1::GetThingRequest::descriptor()), "name");
  EXPECT_EQ(resource(toy::v1::WatchThingsRequest::descriptor()), "workspace");
  EXPECT_EQ(resource(toy::v1::ListAllThingsRequest::descriptor()), "");
  EXPECT_EQ(table->Find(toy::v1::Thing::descriptor()), nullptr);

  toy::v1::UpdateThingRequest update;
  std::string scratch;
  const Method& method = *table->Find(update.GetDescriptor());
  EXPECT_EQ(method.resource.Get(update, scratch), "");
  update.mutable_thing()->set_name("workspaces/acme/things/t");
  EXPECT_EQ(method.resource.Get(update, scratch), "workspaces/acme/things/t");
  EXPECT_EQ(method.full_name, "/tideline.toy.v1.ToyService/UpdateThing");
  EXPECT_EQ(method.policy.kind(), type::v1::KIND_MUTATE);
}

TEST(ResourceName, AcceptsIdsOfTheGivenForm) {
  for (const char* id : {"a", "a1", "a-b", "team-7"}) EXPECT_TRUE(IsResourceId(id)) << id;
  EXPECT_TRUE(IsResourceId(std::string(63, 'a')));
  EXPECT_FALSE(IsResourceId(std::string(64, 'a')));
  for (const char* id : {"", "A", "1a", "-a", "a-", "a_b", "a.b", "ą", "a b"}) {
    EXPECT_FALSE(IsResourceId(id)) << id;
  }
}

TEST(ResourceName, FindsTheWorkspace) {
  EXPECT_EQ(WorkspaceOf("workspaces/acme"), "workspaces/acme");
  EXPECT_EQ(WorkspaceOf("workspaces/acme/things/t"), "workspaces/acme");
  for (const char* name :
       {"", "acme", "workspaces/", "workspaces/ACME", "workspaces//things/t", "workspaces/-"}) {
    EXPECT_EQ(WorkspaceOf(name), "") << name;
  }
}

TEST(ResourceName, KnowsNamesOfAnyTypeByTheirShape) {
  EXPECT_TRUE(IsNameInWorkspace("workspaces/acme"));
  EXPECT_TRUE(IsNameInWorkspace("workspaces/acme/workItems/w1"));
  for (const char* name : {"workspaces/acme/", "workspaces/acme/things", "things/t",
                           "workspaces/acme/things/t/", "workspaces/acme//t"}) {
    EXPECT_FALSE(IsNameInWorkspace(name)) << name;
  }
}

}  // namespace
}  // namespace tideline::rpc
