// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/validate.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/rpc/toy.pb.h"

namespace tideline::rpc {
namespace {

using ::testing::HasSubstr;
using toy::v1::PutThingRequest;
using toy::v1::Thing;
using toy::v1::UpdateThingRequest;

const Plans& PlansOfToy() {
  static Plans* const plans = [] {
    auto* made = new Plans(*Thing::descriptor()->file());
    made->For(*PutThingRequest::descriptor());
    made->For(*UpdateThingRequest::descriptor());
    made->For(*toy::v1::GetThingRequest::descriptor());
    return made;
  }();
  return *plans;
}

absl::Status Check(google::protobuf::Message& request,
                   absl::string_view workspace = "workspaces/acme") {
  return Validate(const_cast<Plans&>(PlansOfToy()).For(*request.GetDescriptor()), workspace,
                  request);
}

PutThingRequest Valid() {
  PutThingRequest request;
  request.set_parent("workspaces/acme");
  request.mutable_thing()->set_title("a thing");
  return request;
}

struct Case {
  std::string what;
  std::function<void(PutThingRequest&)> change;
  std::string field;  // of the violation; empty: valid
  std::string says;
  Reason reason = Reason::REASON_INVALID_FIELD;
};

class ValidateTable : public ::testing::TestWithParam<Case> {};

TEST_P(ValidateTable, NamesFieldAndLimit) {
  PutThingRequest request = Valid();
  GetParam().change(request);
  const absl::Status status = Check(request);
  if (GetParam().field.empty()) {
    EXPECT_TRUE(status.ok()) << status;
    return;
  }
  EXPECT_EQ(status.code(), CodeOf(GetParam().reason)) << status;
  EXPECT_EQ(ReasonOf(status), GetParam().reason) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().says));
  if (status.code() == absl::StatusCode::kInvalidArgument) {
    ASSERT_EQ(BadRequestOf(status).field_violations_size(), 1);
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), GetParam().field);
  } else {
    EXPECT_EQ(InfoOf(status).metadata().at("field"), GetParam().field);
  }
}

Thing::Part* AddPart(PutThingRequest& r, const std::string& id) {
  Thing::Part* part = r.mutable_thing()->add_parts();
  part->set_id(id);
  return part;
}

std::string Repeat(size_t n) { return std::string(n, 'x'); }

const Reason kRequired = Reason::REASON_FIELD_REQUIRED;
const Reason kForeign = Reason::REASON_REFERENCE_NOT_FOUND;

INSTANTIATE_TEST_SUITE_P(
    Fields, ValidateTable,
    ::testing::Values(
        Case{"valid", [](auto&) {}, "", ""},
        Case{"required text", [](auto& r) { r.clear_parent(); }, "parent", "is required", kRequired},
        Case{"required message", [](auto& r) { r.clear_thing(); }, "thing", "is required", kRequired},
        Case{"required inside", [](auto& r) { r.mutable_thing()->clear_title(); }, "thing.title",
             "is required", kRequired},
        Case{"text at the limit", [](auto& r) { r.mutable_thing()->set_title(Repeat(200)); }, "", ""},
        Case{"text over the limit", [](auto& r) { r.mutable_thing()->set_title(Repeat(201)); },
             "thing.title", "is 201 bytes; the limit is 200"},
        Case{"default limit kept", [](auto& r) { r.mutable_thing()->set_note(Repeat(4096)); }, "", ""},
        Case{"default limit passed", [](auto& r) { r.mutable_thing()->set_note(Repeat(4097)); },
             "thing.note", "the limit is 4096"},
        Case{"newline and tab", [](auto& r) { r.mutable_thing()->set_title("a\tb\nc"); }, "", ""},
        Case{"control character", [](auto& r) { r.mutable_thing()->set_title("0123456789\x01"); },
             "thing.title", "control character"},
        Case{"delete character", [](auto& r) { r.mutable_thing()->set_title("abc\x7f"); },
             "thing.title", "control character"},
        Case{"C1 control", [](auto& r) { r.mutable_thing()->set_title("abcdefg\xC2\x85xyz"); },
             "thing.title", "control character"},
        Case{"accented text", [](auto& r) { r.mutable_thing()->set_title("Zażółć °C — жук"); }, "", ""},
        Case{"enum value", [](auto& r) { r.mutable_thing()->set_color(Thing::COLOR_RED); }, "", ""},
        Case{"unknown enum value",
             [](auto& r) { r.mutable_thing()->set_color(static_cast<Thing::Color>(7)); },
             "thing.color", "is 7, which is no value of Color"},
        Case{"number at the limit", [](auto& r) { r.mutable_thing()->set_weight(100); }, "", ""},
        Case{"number over", [](auto& r) { r.mutable_thing()->set_weight(101); }, "thing.weight",
             "is 101; 0 to 100 are allowed"},
        Case{"number under", [](auto& r) { r.mutable_thing()->set_weight(-1); }, "thing.weight",
             "is -1"},
        Case{"fraction", [](auto& r) { r.mutable_thing()->set_ratio(0.5); }, "", ""},
        Case{"fraction over", [](auto& r) { r.mutable_thing()->set_ratio(1.01); }, "thing.ratio",
             "is 1.01"},
        Case{"not a number",
             [](auto& r) {
               r.mutable_thing()->set_ratio(std::numeric_limits<double>::quiet_NaN());
             },
             "thing.ratio", "0 to 1 are allowed"},
        Case{"elements at the limit",
             [](auto& r) {
               for (const char* id : {"a", "b", "c"}) AddPart(r, id);
             },
             "", ""},
        Case{"elements over",
             [](auto& r) {
               for (const char* id : {"a", "b", "c", "d"}) AddPart(r, id);
             },
             "thing.parts", "has 4 elements; the limit is 3"},
        Case{"required in an element",
             [](auto& r) {
               AddPart(r, "a");
               AddPart(r, "");
             },
             "thing.parts[1].id", "is required", kRequired},
        Case{"form in an element", [](auto& r) { AddPart(r, "Caps"); }, "thing.parts[0].id",
             "is not an id"},
        Case{"recursion",
             [](auto& r) { AddPart(r, "a")->mutable_inner()->mutable_inner()->set_id("-"); },
             "thing.parts[0].inner.id", "is required", kRequired},
        Case{"bytes at the limit", [](auto& r) { r.mutable_thing()->set_blob(Repeat(16)); }, "", ""},
        Case{"bytes may hold anything",
             [](auto& r) { r.mutable_thing()->set_blob(std::string("\0\1\xff", 3)); }, "", ""},
        Case{"bytes over", [](auto& r) { r.mutable_thing()->set_blob(Repeat(17)); }, "thing.blob",
             "is 17 bytes"},
        Case{"texts", [](auto& r) { r.mutable_thing()->add_tags("12345678"); }, "", ""},
        Case{"a text too long",
             [](auto& r) {
               r.mutable_thing()->add_tags("a");
               r.mutable_thing()->add_tags("123456789");
             },
             "thing.tags[1]", "is 9 bytes; the limit is 8"},
        Case{"zone", [](auto& r) { r.mutable_thing()->set_zone("Europe/Warsaw"); }, "", ""},
        Case{"unknown zone", [](auto& r) { r.mutable_thing()->set_zone("Europe/Atlantis"); },
             "thing.zone", "no time zone", Reason::REASON_TIME_ZONE_UNKNOWN},
        Case{"zone outside the database", [](auto& r) { r.mutable_thing()->set_zone("../passwd"); },
             "thing.zone", "no time zone", Reason::REASON_TIME_ZONE_UNKNOWN},
        Case{"country", [](auto& r) { r.mutable_thing()->set_country("PL"); }, "", ""},
        Case{"no country", [](auto& r) { r.mutable_thing()->set_country("pl"); }, "thing.country",
             "ISO 3166-1"}));

INSTANTIATE_TEST_SUITE_P(
    Maps, ValidateTable,
    ::testing::Values(
        Case{"map at the limits",
             [](auto& r) {
               for (int i = 0; i < 64; ++i) {
                 (*r.mutable_thing()->mutable_attributes())["key" + std::to_string(i)] =
                     Repeat(1024);
               }
             },
             "", ""},
        Case{"map with too many entries",
             [](auto& r) {
               for (int i = 0; i < 65; ++i) {
                 (*r.mutable_thing()->mutable_attributes())["key" + std::to_string(i)] = "";
               }
             },
             "thing.attributes", "has 65 elements; the limit is 64"},
        Case{"map value over",
             [](auto& r) { (*r.mutable_thing()->mutable_attributes())["k"] = Repeat(1025); },
             "thing.attributes[\"k\"]", "is 1025 bytes"},
        Case{"map key over",
             [](auto& r) { (*r.mutable_thing()->mutable_attributes())[Repeat(64)] = ""; },
             "thing.attributes[\"...\"]", "has a key of 64 bytes"},
        Case{"empty map key", [](auto& r) { (*r.mutable_thing()->mutable_attributes())[""] = "v"; },
             "thing.attributes[\"\"]", "has a key of 0 bytes"},
        Case{"control character in a map value",
             [](auto& r) { (*r.mutable_thing()->mutable_attributes())["k"] = "\x02"; },
             "thing.attributes[\"k\"]", "control character"},
        Case{"control character in a map key",
             [](auto& r) { (*r.mutable_thing()->mutable_attributes())["k\x02"] = ""; },
             "thing.attributes[\"k\\x02\"]", "control character"}));

INSTANTIATE_TEST_SUITE_P(
    WellKnown, ValidateTable,
    ::testing::Values(
        Case{"duration at the limit",
             [](auto& r) { r.mutable_thing()->mutable_effort()->set_seconds(3600); }, "", ""},
        Case{"duration a nanosecond over",
             [](auto& r) {
               r.mutable_thing()->mutable_effort()->set_seconds(3600);
               r.mutable_thing()->mutable_effort()->set_nanos(1);
             },
             "thing.effort", "0 s to 3600 s"},
        Case{"duration a nanosecond under",
             [](auto& r) { r.mutable_thing()->mutable_effort()->set_nanos(-1); }, "thing.effort",
             "0 s to 3600 s"},
        Case{"duration of mixed signs",
             [](auto& r) {
               r.mutable_thing()->mutable_effort()->set_seconds(1);
               r.mutable_thing()->mutable_effort()->set_nanos(-1);
             },
             "thing.effort", "not a valid duration"},
        Case{"time",
             [](auto& r) { r.mutable_thing()->mutable_due_time()->set_seconds(1700000000); }, "",
             ""},
        Case{"time after 9999",
             [](auto& r) { r.mutable_thing()->mutable_due_time()->set_seconds(253402300800); },
             "thing.due_time", "not a time"},
        Case{"time with negative nanos",
             [](auto& r) { r.mutable_thing()->mutable_due_time()->set_nanos(-1); },
             "thing.due_time", "not a time"}));

INSTANTIATE_TEST_SUITE_P(
    Names, ValidateTable,
    ::testing::Values(
        Case{"reference",
             [](auto& r) { r.mutable_thing()->set_friend_("workspaces/acme/things/t"); }, "", ""},
        Case{"reference of another collection",
             [](auto& r) { r.mutable_thing()->set_friend_("workspaces/acme/teams/t"); },
             "thing.friend", "is not of the form workspaces/{workspace}/things/{thing}"},
        Case{"reference with a bad id",
             [](auto& r) { r.mutable_thing()->set_friend_("workspaces/acme/things/T"); },
             "thing.friend", "is not of the form"},
        Case{"reference too long",
             [](auto& r) { r.mutable_thing()->set_friend_("workspaces/acme/things/t/parts/p"); },
             "thing.friend", "is not of the form"},
        Case{"reference with a slash at the end",
             [](auto& r) { r.mutable_thing()->set_friend_("workspaces/acme/things/t/"); },
             "thing.friend", "is not of the form"},
        Case{"reference into another workspace",
             [](auto& r) { r.mutable_thing()->set_friend_("workspaces/rival/things/t"); },
             "thing.friend", "which does not exist", kForeign},
        Case{"list of references into another workspace",
             [](auto& r) {
               r.mutable_thing()->add_friends("workspaces/acme/things/t");
               r.mutable_thing()->add_friends("workspaces/rival/things/t");
             },
             "thing.friends[1]", "which does not exist", kForeign},
        Case{"empty name in a list", [](auto& r) { r.mutable_thing()->add_friends(""); },
             "thing.friends[0]", "is not of the form"},
        Case{"type declared elsewhere",
             [](auto& r) { r.mutable_thing()->set_stranger("workspaces/acme/strangers/s"); }, "",
             ""},
        Case{"type declared elsewhere, no name",
             [](auto& r) { r.mutable_thing()->set_stranger("workspaces/acme/strangers"); },
             "thing.stranger", "is not a resource name"},
        Case{"own name in another workspace",
             [](auto& r) { r.mutable_thing()->set_name("workspaces/rival/things/t"); },
             "thing.name", "which does not exist", kForeign},
        Case{"parent of the wrong form", [](auto& r) { r.set_parent("workspaces/acme/things/t"); },
             "parent", "is not of the form workspaces/{workspace}"},
        Case{"request id", [](auto& r) { r.set_request_id("b1946ac9-2492"); }, "", ""},
        Case{"request id too long", [](auto& r) { r.set_request_id(Repeat(65)); }, "request_id",
             "is not 1 to 64 printable"},
        Case{"request id with a space", [](auto& r) { r.set_request_id("a b"); }, "request_id",
             "is not 1 to 64 printable"}));

TEST(Validate, ClearsOutputOnlyFieldsWithoutJudgingThem) {
  PutThingRequest request = Valid();
  request.mutable_thing()->mutable_create_time()->set_nanos(-5);
  request.mutable_thing()->mutable_made()->set_id("NOT AN ID");
  ASSERT_TRUE(Check(request).ok());
  EXPECT_FALSE(request.thing().has_create_time());
  EXPECT_FALSE(request.thing().has_made());
  EXPECT_EQ(request.thing().title(), "a thing");
}

TEST(Validate, ChecksKeepMapsAsTheyWere) {
  PutThingRequest request = Valid();
  (*request.mutable_thing()->mutable_attributes())["k"] = "v";
  const std::string before = request.SerializeAsString();
  ASSERT_TRUE(Check(request).ok());
  EXPECT_EQ(request.SerializeAsString(), before);
  (*request.mutable_thing()->mutable_attributes())["l"] = "w";
  EXPECT_EQ(request.thing().attributes_size(), 2);
}

UpdateThingRequest Update(std::vector<std::string> paths) {
  UpdateThingRequest request;
  request.mutable_thing()->set_name("workspaces/acme/things/t");
  for (std::string& path : paths) request.mutable_update_mask()->add_paths(std::move(path));
  return request;
}

TEST(ValidateMask, RequiresOnlyWhatTheMaskNames) {
  UpdateThingRequest request = Update({"weight"});
  EXPECT_TRUE(Check(request).ok());
  request = Update({"weight", "title"});
  const absl::Status status = Check(request);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_FIELD_REQUIRED);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "update_mask.paths[1]");
}

TEST(ValidateMask, RefusesPathsThatCannotBeChanged) {
  for (const char* path : {"nothing", "create_time", "serial", "name", "parts.id", "", "title.x"}) {
    UpdateThingRequest request = Update({path});
    const absl::Status status = Check(request);
    EXPECT_EQ(ReasonOf(status), Reason::REASON_INVALID_FIELD) << path << ": " << status;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "update_mask.paths[0]");
  }
  UpdateThingRequest everything = Update({"*"});
  EXPECT_TRUE(Check(everything).ok());
}

TEST(ValidateMask, BoundsThePaths) {
  UpdateThingRequest request = Update(std::vector<std::string>(64, "weight"));
  EXPECT_TRUE(Check(request).ok());
  request = Update(std::vector<std::string>(65, "weight"));
  EXPECT_EQ(ReasonOf(Check(request)), Reason::REASON_INVALID_FIELD);
}

TEST(FindControlCharacter, FindsAtEveryPlace) {
  for (size_t length = 1; length < 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string text(length, 'z');
      EXPECT_EQ(FindControlCharacter(text), std::string::npos);
      text[at] = '\x1f';
      EXPECT_EQ(FindControlCharacter(text), at);
      text[at] = '\x7f';
      EXPECT_EQ(FindControlCharacter(text), at);
      text[at] = '\n';
      EXPECT_EQ(FindControlCharacter(text), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace tideline::rpc
