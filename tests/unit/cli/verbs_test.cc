// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tideline/work_routing/v1/work_routing_service.pb.h"
#include "tools/tideline/flags.h"

namespace tideline::cli {
namespace {

using google::protobuf::MethodDescriptor;

TEST(VerbsTest, EveryRpcOfEveryServiceCanBeSaid) {
  std::set<const MethodDescriptor*> said;
  for (const Noun& noun : Nouns()) {
    for (const Verb& verb : noun.verbs) said.insert(verb.rpc);
  }
  for (const auto* service : Services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* rpc = service->method(i);
      const auto& without = RpcsWithoutVerb();
      const bool excused = std::count(without.begin(), without.end(), rpc->name()) > 0;
      EXPECT_EQ(said.count(rpc) > 0, !excused) << rpc->full_name();
    }
  }
}

TEST(VerbsTest, NounsAndTheirVerbsAreUnique) {
  std::set<std::string> nouns;
  for (const Noun& noun : Nouns()) {
    EXPECT_TRUE(nouns.insert(noun.name).second) << noun.name;
    EXPECT_FALSE(noun.verbs.empty()) << noun.name;
    std::set<std::string> verbs;
    for (const Verb& verb : noun.verbs) {
      EXPECT_TRUE(verbs.insert(verb.name).second) << noun.name << " " << verb.name;
    }
  }
}

TEST(VerbsTest, EverythingIsExplained) {
  for (const Noun& noun : Nouns()) {
    EXPECT_FALSE(noun.help.empty()) << noun.name;
    for (const Verb& verb : noun.verbs) {
      EXPECT_FALSE(verb.help.empty()) << verb.rpc->full_name();
      for (const Flag& flag : FlagsOf(*verb.rpc->input_type(), verb.positionals)) {
        EXPECT_NE(Comment(flag.field().full_name()), "") << flag.field().full_name();
      }
    }
  }
}

TEST(VerbsTest, PositionalsOfTheTableExist) {
  for (const Noun& noun : Nouns()) {
    for (const Verb& verb : noun.verbs) {
      const auto flags = FlagsOf(*verb.rpc->input_type(), verb.positionals);
      const auto positional = std::count_if(flags.begin(), flags.end(),
                                            [](const Flag& flag) { return flag.positional; });
      EXPECT_GE(static_cast<size_t>(positional), verb.positionals.size())
          << noun.name << " " << verb.name;
    }
  }
}

TEST(VerbsTest, ColumnsOfListsExist) {
  const auto& item = *work_routing::v1::WorkItem::descriptor();
  EXPECT_EQ(ColumnsOf(item).front(), "name");
  for (const std::string& column : ColumnsOf(item)) {
    EXPECT_NE(item.FindFieldByName(column.substr(0, column.find('.'))), nullptr) << column;
  }
}

}  // namespace
}  // namespace tideline::cli
