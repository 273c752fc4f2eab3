// SPDX-License-Identifier: Apache-2.0
// Each limit that the Core itself keeps: at it, and one over.
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/skill_registry/core/ancestry.h"
#include "tests/unit/skill_registry/driver.h"

namespace tideline::skill_registry {
namespace {

constexpr char kAcme[] = "workspaces/acme";

class Limits : public ::testing::Test {
 protected:
  void SetUp() override { Furnish(driver_); }

  void AddSkills(int count) {
    for (int first = 0; first < count; first += 200) {
      v1::ImportTaxonomyRequest request;
      request.set_parent(kAcme);
      request.set_import_id("many");
      request.set_first_row(first);
      for (int i = first; i < std::min(count, first + 200); ++i) {
        request.add_skills()->set_name(absl::StrCat(kAcme, "/skills/s", i));
      }
      ASSERT_TRUE(driver_.Run("ImportTaxonomy", request).status.ok());
    }
  }
  // Creates without the driver, whose comparing of states takes long when there are thousands.
  template <class R>
  void Quickly(const typename Verbs<R>::Create& request) {
    Changes changes(++commit_);
    partition::Call call;
    call.grant = Everything();
    ASSERT_TRUE(driver_.core().Create<R>(call, request, changes).ok());
  }
  v1::ListSkillsResponse List(int page_size, const std::string& token = "") {
    return driver_.Must<v1::ListSkillsResponse>(
        "ListSkills", absl::StrCat("parent: 'workspaces/acme' page_size: ", page_size,
                                   " page_token: '", token, "'"));
  }

  Driver driver_;
  uint64_t commit_ = 1000;
};

TEST_F(Limits, APageHasAtMostAThousandElements) {
  AddSkills(kMaxPageSize);  // and the two that were there
  EXPECT_EQ(List(0).skills_size(), kDefaultPageSize);
  EXPECT_EQ(List(-1).skills_size(), kDefaultPageSize);
  EXPECT_EQ(List(kMaxPageSize).skills_size(), kMaxPageSize);
  const auto page = List(kMaxPageSize + 1);
  EXPECT_EQ(page.skills_size(), kMaxPageSize);
  EXPECT_EQ(List(kMaxPageSize, page.next_page_token()).skills_size(), 2);
}

TEST_F(Limits, APageEndsAtAMebibyte) {
  const std::string long_text(2000, 'x');
  for (int i = 0; i < 700; ++i) {
    v1::CreateSkillRequest request;
    request.set_parent(kAcme);
    request.set_skill_id(absl::StrCat("s", i));
    request.mutable_skill()->set_description(long_text);
    Quickly<v1::Skill>(request);
  }
  const auto page = List(kMaxPageSize);
  EXPECT_LT(page.skills_size(), 702);
  EXPECT_GE(page.ByteSizeLong(), kMaxPageBytes);
  EXPECT_LT(page.ByteSizeLong(), kMaxPageBytes + 8192);
  EXPECT_EQ(page.skills_size() + List(kMaxPageSize, page.next_page_token()).skills_size(), 702);
}

TEST_F(Limits, APageGoesOnAfterWhatAFilterPassedOver) {
  for (int i = 0; i < kMaxLookedAt + 1; ++i) {
    v1::CreateSiteRequest request;
    request.set_parent(kAcme);
    request.set_site_id(absl::StrCat("a", i));  // before krakow, the one that is wanted
    request.mutable_site()->set_country("DE");
    request.mutable_site()->set_time_zone("UTC");
    Quickly<v1::Site>(request);
  }
  const auto first =
      driver_.Must<v1::ListSitesResponse>("ListSites", "parent: 'workspaces/acme' country: 'PL'");
  EXPECT_EQ(first.sites_size(), 0);
  ASSERT_NE(first.next_page_token(), "");
  const auto second = driver_.Must<v1::ListSitesResponse>(
      "ListSites", absl::StrCat("parent: 'workspaces/acme' country: 'PL' page_token: '",
                                first.next_page_token(), "'"));
  EXPECT_EQ(second.sites_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(Limits, AnExpertHasAtMost256Skills) {
  AddSkills(257);
  const auto assess = [this](int skill) {
    return driver_
        .RunText(
            "AssessSkill",
            absl::StrCat("name: 'workspaces/acme/experts/bob' skill: 'workspaces/acme/skills/s",
                         skill, "' level: LEVEL_NOVICE assessor: 'workspaces/acme/experts/ada'"))
        .status;
  };
  for (int i = 0; i < 256; ++i) ASSERT_TRUE(assess(i).ok()) << i;
  EXPECT_EQ(ReasonOf(assess(256)), Reason::REASON_QUOTA_EXCEEDED);
  EXPECT_TRUE(assess(7).ok());  // one that they have
}

TEST_F(Limits, ASkillHasAtMost32Endorsements) {
  const auto endorse = [this](int i) {
    const std::string endorser = absl::StrCat("workspaces/acme/experts/e", i);
    driver_.RunText("CreateExpert",
                    absl::StrCat("parent: 'workspaces/acme' expert_id: 'e", i,
                                 "' expert { team: 'workspaces/acme/teams/alpha' }"));
    return driver_
        .RunText("EndorseSkill", absl::StrCat("name: 'workspaces/acme/experts/ada' "
                                              "skill: 'workspaces/acme/skills/sql' endorser: '",
                                              endorser, "'"))
        .status;
  };
  for (int i = 0; i < 32; ++i) ASSERT_TRUE(endorse(i).ok()) << i;
  EXPECT_EQ(ReasonOf(endorse(32)), Reason::REASON_QUOTA_EXCEEDED);
  EXPECT_TRUE(endorse(7).ok());  // a second word replaces the first
}

TEST(Ancestry, LooksAtABoundedNumber) {
  const auto chain = [](size_t length) {
    return [length](const std::string& name) -> std::vector<std::string> {
      const size_t at = std::stoul(name);
      return at < length ? std::vector<std::string>{std::to_string(at + 1)}
                         : std::vector<std::string>();
    };
  };
  EXPECT_TRUE(RefuseCycle("f", "x", {"1"}, chain(kMaxAncestors)).ok());
  EXPECT_EQ(ReasonOf(RefuseCycle("f", "x", {"1"}, chain(kMaxAncestors + 1))),
            Reason::REASON_INVALID_FIELD);
}

TEST_F(Limits, AWakeStaysWithinAStep) {
  const int64_t soon = absl::ToUnixSeconds(driver_.now()) + 10;
  for (int i = 0; i < 60; ++i) {
    driver_.RunText("CreateExpert",
                    absl::StrCat("parent: 'workspaces/acme' expert { team: "
                                 "'workspaces/acme/teams/alpha' leaves { start_time { seconds: ",
                                 soon, " } end_time { seconds: ", soon + 1000, " } } }"));
  }
  const auto steps = driver_.Advance(absl::Seconds(10));
  size_t events = 0;
  for (const Outcome& step : steps) {
    EXPECT_LE(step.events.size() + step.writes.size(), 500u);
    events += step.events.size();
  }
  EXPECT_GT(steps.size(), 1u);
  EXPECT_EQ(events, 60u);
}

}  // namespace
}  // namespace tideline::skill_registry
