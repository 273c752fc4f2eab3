// SPDX-License-Identifier: Apache-2.0
// Over random histories somebody is accountable for every item at every instant, and nobody else
// is: the intervals of accountability tile its life, with no gap and no overlap. And a handoff
// moves it at one instant: until it is TRANSFERRED the giver is accountable, from then on the
// receiver.
//
// Histories are made of the sentences of tests/scenarios, said at random to a whole suite in
// simulated time; most of what is said is refused, as in life. One that fails is printed as a
// scenario: save it as a .txt there, and it can be played. TIDELINE_SEED sets the first seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/error.h"
#include "tests/scenarios/sentences.h"
#include "tests/support/accountability.h"

namespace tideline::scenarios {
namespace {

using handoff::v1::Handoff;
using work_routing::v1::WorkItem;

constexpr int kHistories = 12;
constexpr int kSentences = 160;
constexpr int kItems = 5;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {}

  // The first thing that is not as it should be; empty: all is.
  std::string Live() {
    if (const absl::Status status = stage_.Open(); !status.ok()) return status.ToString();
    for (const char* text :
         {"Team krakow in PL, Europe/Warsaw, works mon-sun 09:00-17:00, led by lena",
          "Team chicago in US, America/Chicago, works mon-sun 09:00-19:00, led by liam",
          "Team bangalore in IN, Asia/Kolkata, works mon-sun 05:00-14:00, led by leela",
          "Skills are patents", "anna of krakow knows patents", "adam of krakow knows patents",
          "carl of chicago knows patents", "cora of chicago knows patents",
          "bala of bangalore knows patents", "Queue searches belongs to krakow",
          "The relay of searches goes through krakow, chicago, bangalore and covers patents",
          "On 2027-03-27 at 09:00 in Europe/Warsaw"}) {
      const absl::Status status = Speak(text);
      if (!status.ok()) return absl::StrCat(text, ": ", status.ToString());
    }
    for (int i = 0; i < kSentences; ++i) {
      if (random_() % 2 == 0) Speak("1 minutes later").IgnoreError();
      const absl::Status status = Speak(AtRandom());
      ++(status.ok() ? done : refused);
      // What the suite cannot do it says with a reason; a status without one is its failure, or a
      // sentence about something that is not there, such as a handoff nobody has proposed.
      if (!status.ok() && status.code() == absl::StatusCode::kUnknown) return status.ToString();
      const std::string wrong = Look();
      if (!wrong.empty()) return wrong;
    }
    return LookBack();
  }

  std::string Text() const {
    return absl::StrCat("A random history\n", absl::StrJoin(said_, ".\n"), ".\n");
  }

  int done = 0, refused = 0, transferred = 0, items_moved = 0;

 private:
  absl::Status Speak(const std::string& text) {
    absl::Status status = Say(stage_, text);
    const Reason reason = ReasonOf(status);
    said_.push_back(status.ok() ? text
                    : reason != Reason::REASON_UNSPECIFIED
                        ? absl::StrCat(text, " (refused: ", ReasonName(reason), ")")
                        : absl::StrCat("# ", text));
    return status;
  }

  const std::string& One(const std::vector<std::string>& of) { return of[random_() % of.size()]; }
  std::string Item() { return absl::StrCat("item-", 1 + random_() % kItems); }

  // Mostly somebody who has to do with the item, so that much of what is said can be done.
  std::string AtRandom() {
    static const std::vector<std::string> people = {"anna", "adam", "carl", "cora",
                                                    "bala", "lena", "liam"};
    static const std::vector<std::string> parties = {"anna", "adam",      "carl",   "cora",
                                                     "bala", "bangalore", "krakow", "chicago"};
    if (static_cast<int>(stage_.items.size()) < kItems && random_() % 3 == 0) {
      return absl::StrCat("Item item-", stage_.items.size() + 1, " comes into searches for ",
                          One(stage_.teams), "; it needs patents and takes ", 1 + random_() % 9,
                          " hours");
    }
    const std::string item = Item();
    const auto seen = stage_.Item(item);
    const auto handoff = stage_.LastHandoff(item);
    const bool open = handoff.ok() && (handoff->state() == Handoff::STATE_PROPOSED ||
                                       handoff->state() == Handoff::STATE_ACKNOWLEDGED);
    const std::string holder = WhoHas(seen.ok() ? *seen : WorkItem());
    const std::string who = random_() % 5 == 0 ? One(people) : holder;
    if (open && random_() % 2 == 0) return Answer(*handoff, item, One(people), One(parties));
    switch (random_() % 14) {
      case 0:
      case 1:
      case 2:
        return absl::StrCat(who, " takes ", item);
      case 3:
      case 4:
      case 5:
        return absl::StrCat(who, " hands ", item, " to ", One(parties), ": \"Half is done\"");
      case 6:
        return absl::StrCat(who, " hands ", item, " to whom routing finds: \"Half is done\"");
      case 7:
        return absl::StrCat(who, " puts ", item, " on hold");
      case 8:
        return absl::StrCat(who, " goes on with ", item);
      case 9:
        return random_() % 3 == 0 ? absl::StrCat(who, " finishes ", item)
                                  : absl::StrCat(who, " sends ", item, " back: \"Not for me\"");
      case 10:
        return random_() % 4 == 0   ? absl::StrCat(item, " is opened again")
               : random_() % 8 == 0 ? absl::StrCat(item, " is cancelled by its client")
                                    : absl::StrCat(who, " gives ", item, " back to the queue");
      case 11:
        return absl::StrCat(One(people), random_() % 2 == 0 ? " goes offline" : " is back");
      default:
        return absl::StrCat(1 + random_() % 90, " minutes later");
    }
  }

  std::string Answer(const Handoff& handoff, const std::string& item, const std::string& anybody,
                     const std::string& other) {
    std::string asked = Last(handoff.receiver().expert());
    if (asked.empty()) {
      for (const auto& [person, team] : stage_.team_of) {
        if (team == Last(handoff.receiver().team()) && person[0] != 'l') asked = person;
      }
    }
    if (asked.empty() || random_() % 6 == 0) asked = anybody;
    const std::string giver = Last(handoff.from().expert());
    switch (random_() % 8) {
      case 0:
        return absl::StrCat(asked, " declines ", item, ": overloaded");
      case 1:
        return absl::StrCat(giver.empty() ? anybody : giver, " withdraws the handoff of ", item);
      case 2:
        return absl::StrCat(asked, " passes ", item, " on to ", other);
      case 3:
        return absl::StrCat(giver.empty() ? anybody : giver, " reads ", item,
                            " back: \"I agree that it goes there now\"");
      case 4:
      case 5:
        return absl::StrCat(asked, " reads ", item, " back: \"I see what is left to do here\"");
      default:
        return absl::StrCat(asked, " reads ", item,
                            " back and takes it: \"I see what is left to do here\"");
    }
  }

  static std::string Last(const std::string& name) { return name.substr(name.rfind('/') + 1); }

  std::string WhoHas(const WorkItem& item) {
    if (!item.custody().holder().empty()) return Last(item.custody().holder());
    if (!item.offer().expert().empty()) return Last(item.offer().expert());
    return "anna";
  }

  // At rest: nothing is under way, so no handoff is ACKNOWLEDGED, and who is asked to hand over is
  // who is accountable.
  std::string Look() {
    for (const std::string& id : stage_.items) {
      const auto item = stage_.Item(id);
      if (!item.ok()) return item.status().ToString();
      const std::string untiled = testing::Untiled(*item, stage_.now());
      if (!untiled.empty()) return absl::StrCat(id, ": ", untiled, "\n", item->DebugString());
      const auto handoff = stage_.LastHandoff(id);
      if (!handoff.ok()) continue;
      if (handoff->state() == Handoff::STATE_ACKNOWLEDGED) {
        return absl::StrCat(id, ": at rest, and its handoff is still ACKNOWLEDGED");
      }
      if (handoff->state() == Handoff::STATE_PROPOSED &&
          (handoff->from().team() != item->custody().team() ||
           handoff->from().expert() != item->custody().holder())) {
        return absl::StrCat(id, ": ", handoff->from().ShortDebugString(), " is to hand over, but ",
                            item->custody().ShortDebugString(), " is accountable");
      }
    }
    return "";
  }

  // Each handoff that was TRANSFERRED closed the giver's interval and opened the receiver's at one
  // instant; each other one moved nothing.
  std::string LookBack() {
    handoff::v1::ListHandoffsRequest request;
    request.set_parent(Stage::kWorkspace);
    request.set_page_size(1000);
    const auto all = stage_.Call("", &Stage::Handoffs::ListHandoffs, request);
    if (!all.ok()) return all.status().ToString();
    std::map<std::string, std::set<int64_t>> moved;  // custody epochs by item
    std::map<std::string, WorkItem> items;
    for (const std::string& id : stage_.items)
      items[Stage::Name("workItems", id)] = *stage_.Item(id);
    for (const Handoff& handoff : all->handoffs()) {
      if (handoff.state() != Handoff::STATE_TRANSFERRED) continue;
      ++transferred;
      const std::string wrong = LookAt(handoff, items[handoff.work_item()]);
      if (!wrong.empty()) return absl::StrCat(handoff.DebugString(), wrong);
      if (!moved[handoff.work_item()].insert(handoff.custody_epoch()).second) {
        return absl::StrCat("two handoffs ended custody epoch ", handoff.custody_epoch(), " of ",
                            handoff.work_item());
      }
    }
    items_moved = static_cast<int>(moved.size());
    for (const auto& [name, item] : items) {
      if (item.transfer_count() != static_cast<int>(moved[name].size())) {
        return absl::StrCat(name, " was transferred ", item.transfer_count(), " times, by ",
                            moved[name].size(), " handoffs");
      }
    }
    return "";
  }

  // The interval after the giver's begins when the handoff ended. Where everything happened at one
  // instant, the giver's or the receiver's interval lasted no time and is not there.
  static std::string LookAt(const Handoff& handoff, const WorkItem& item) {
    const int64_t epoch = handoff.custody_epoch();
    for (int i = 0; i < item.periods_size(); ++i) {
      const auto& period = item.periods(i);
      if (period.custody_epoch() == epoch &&
          (period.team() != handoff.from().team() || period.holder() != handoff.from().expert())) {
        return absl::StrCat("before it, accountable was ", period.ShortDebugString());
      }
      if (period.custody_epoch() <= epoch) continue;
      if (i == 0 && item.earlier_periods() > 0) return "";
      if (ToTime(period.start_time()) != ToTime(handoff.close_time())) {
        return absl::StrCat("custody moved at ", period.start_time().ShortDebugString());
      }
      const std::string& holder = handoff.receiver().expert();
      if (period.custody_epoch() == epoch + 1 && (period.team() != handoff.receiver().team() ||
                                                  (!holder.empty() && period.holder() != holder))) {
        return absl::StrCat("after it, accountable was ", period.ShortDebugString());
      }
      return "";
    }
    return "nobody is accountable after it";
  }

  std::mt19937_64 random_;
  Stage stage_;
  std::vector<std::string> said_;
};

TEST(AccountabilityPropertyTest, IntervalsTileTheLivesOfItemsOverRandomHistories) {
  uint64_t first = 1;
  if (const char* text = std::getenv("TIDELINE_SEED")) {
    ASSERT_TRUE(absl::SimpleAtoi(text, &first));
  }
  int done = 0, refused = 0, transferred = 0;
  for (uint64_t seed = first; seed < first + kHistories; ++seed) {
    History history(seed);
    const std::string wrong = history.Live();
    EXPECT_EQ(wrong, "") << "seed " << seed << "\n" << history.Text();
    if (!wrong.empty()) break;
    done += history.done;
    refused += history.refused;
    transferred += history.transferred;
  }
  std::printf("%d histories: %d sentences done, %d refused, %d handoffs transferred\n", kHistories,
              done, refused, transferred);
  // A history in which little happens shows nothing.
  EXPECT_GT(done, kHistories * kSentences / 4);
  EXPECT_GT(transferred, kHistories * 3);
}

}  // namespace
}  // namespace tideline::scenarios
