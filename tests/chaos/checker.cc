// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/checker.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/journal/entry.pb.h"
#include "common/partition/follower.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"

namespace tideline::chaos {

namespace {

using work_routing::v1::Event;
using work_routing::v1::WorkItem;
using work_routing::v1::WorkItemStanding;
using State = WorkItem::State;

// The standing that an event about an item leaves; null when it changes none.
const WorkItemStanding* StandingOf(const Event& event) {
  const auto* descriptor = Event::descriptor();
  const auto* reflection = Event::GetReflection();
  const auto* field =
      reflection->GetOneofFieldDescriptor(event, descriptor->FindOneofByName("kind"));
  if (field == nullptr) return nullptr;
  const auto& kind = reflection->GetMessage(event, field);
  const auto* standing = kind.GetDescriptor()->FindFieldByName("standing");
  if (standing == nullptr) return nullptr;
  return static_cast<const WorkItemStanding*>(&kind.GetReflection()->GetMessage(kind, standing));
}

// The table of domain.md: what may follow what. Everything open may be cancelled.
bool Legal(State from, State to) {
  static const std::set<std::pair<State, State>> table = {
      {WorkItem::STATE_QUEUED, WorkItem::STATE_OFFERED},
      {WorkItem::STATE_QUEUED, WorkItem::STATE_ASSIGNED},
      {WorkItem::STATE_QUEUED, WorkItem::STATE_PARKED},
      {WorkItem::STATE_PARKED, WorkItem::STATE_QUEUED},
      {WorkItem::STATE_PARKED, WorkItem::STATE_OFFERED},
      {WorkItem::STATE_PARKED, WorkItem::STATE_ASSIGNED},
      {WorkItem::STATE_OFFERED, WorkItem::STATE_ASSIGNED},
      {WorkItem::STATE_OFFERED, WorkItem::STATE_QUEUED},
      {WorkItem::STATE_ASSIGNED, WorkItem::STATE_ON_HOLD},
      {WorkItem::STATE_ON_HOLD, WorkItem::STATE_ASSIGNED},
      {WorkItem::STATE_ASSIGNED, WorkItem::STATE_QUEUED},
      {WorkItem::STATE_ON_HOLD, WorkItem::STATE_QUEUED},
      {WorkItem::STATE_ASSIGNED, WorkItem::STATE_SUBMITTED},
      {WorkItem::STATE_SUBMITTED, WorkItem::STATE_COMPLETED},
      {WorkItem::STATE_SUBMITTED, WorkItem::STATE_QUEUED},
      {WorkItem::STATE_SUBMITTED, WorkItem::STATE_ASSIGNED},
      {WorkItem::STATE_COMPLETED, WorkItem::STATE_QUEUED},
      {WorkItem::STATE_COMPLETED, WorkItem::STATE_ASSIGNED},
  };
  if (from == to) return true;  // progress, widening, a transfer within the state
  if (to == WorkItem::STATE_CANCELLED) {
    return from != WorkItem::STATE_COMPLETED && from != WorkItem::STATE_CANCELLED;
  }
  return table.count({from, to}) > 0;
}

bool Holds(State state) {
  return state == WorkItem::STATE_ASSIGNED || state == WorkItem::STATE_ON_HOLD;
}

class Checker {
 public:
  explicit Checker(const Evidence& evidence) : evidence_(evidence) {}

  Verdict Run() {
    for (const Operation& operation : evidence_.operations)
      by_id_[operation.request_id] = &operation;
    ReadJournal();
    CheckOperations();
    CheckItems();
    CheckRealTime();
    verdict_.operations = evidence_.operations.size();
    verdict_.items = folded_.size();
    return std::move(verdict_);
  }

 private:
  struct Folded {
    WorkItemStanding standing;
    std::string last_etag;
    int submissions = 0;
  };

  void Violate(int invariant, std::string what) {
    if (verdict_.violations.size() < 100)
      verdict_.violations.push_back({invariant, std::move(what)});
  }

  void ReadJournal() {
    uint64_t next = 1;
    std::string digest;
    for (const journal::StoredEntry& stored : evidence_.entries) {
      journal::v1::Entry entry;
      if (!entry.ParseFromString(stored.entry)) {
        Violate(5, absl::StrCat("entry ", stored.number, " does not parse"));
        continue;
      }
      if (stored.number != next || entry.number() != next) {
        Violate(5, absl::StrCat("entry ", next, " is missing, ", stored.number, " follows"));
      }
      if (next > 1 && entry.previous_digest() != digest) {
        Violate(5, absl::StrCat("entry ", stored.number, " does not continue the one before"));
      }
      digest = Sha256(stored.entry);
      next = stored.number + 1;
      for (int i = 0; i < entry.events_size(); ++i) ReadEvent(stored.number, i, entry.events(i));
    }
  }

  void ReadEvent(uint64_t commit, int index, const std::string& bytes) {
    Event event;
    if (!event.ParseFromString(bytes)) {
      return Violate(5, absl::StrCat("event ", commit, ".", index, " does not parse"));
    }
    const auto& header = event.header();
    if (header.revision().commit() != commit ||
        header.revision().index() != static_cast<uint32_t>(index)) {
      Violate(5, absl::StrCat("event ", commit, ".", index, " says it is elsewhere"));
    }
    const std::string& id = header.cause().request_id();
    if (!id.empty() && by_id_.count(id) > 0) {
      auto [it, fresh] = effects_.emplace(id, commit);
      if (!fresh && it->second != commit) {
        Violate(12, absl::StrCat(id, " took effect in commits ", it->second, " and ", commit));
      }
    }
    if (!absl::StrContains(header.subject(), "/workItems/")) return;
    Folded& item = folded_[header.subject()];
    item.last_etag = absl::StrCat(commit, ".", index);
    if (event.has_work_item_submitted()) {
      if (++item.submissions > 1)
        Violate(2, absl::StrCat(header.subject(), " was submitted twice"));
      if (id.empty() || by_id_.count(id) == 0) {
        Violate(2, absl::StrCat(header.subject(), " was submitted by nobody"));
      }
      const WorkItem& submitted = event.work_item_submitted().work_item();
      item.standing.set_state(submitted.state());
      *item.standing.mutable_custody() = submitted.custody();
      ++verdict_.transitions;
      return;
    }
    if (const WorkItemStanding* standing = StandingOf(event))
      Step(header.subject(), item, *standing);
  }

  void Step(const std::string& name, Folded& item, const WorkItemStanding& next) {
    const WorkItemStanding& now = item.standing;
    ++verdict_.transitions;
    if (item.submissions == 0) Violate(2, absl::StrCat(name, " changed before it was submitted"));
    if (!Legal(now.state(), next.state())) {
      Violate(4, absl::StrCat(name, " went from ", WorkItem::State_Name(now.state()), " to ",
                              WorkItem::State_Name(next.state()), " at ", item.last_etag));
    }
    bool moved = now.custody().holder() != next.custody().holder() ||
                 now.custody().team() != next.custody().team();
    if (moved && next.custody().epoch() <= now.custody().epoch()) {
      Violate(3, absl::StrCat(name, " changed custody without a higher epoch at ", item.last_etag));
    }
    if (next.custody().epoch() < now.custody().epoch()) {
      Violate(3, absl::StrCat(name, " has a lower custody epoch at ", item.last_etag));
    }
    if (Holds(next.state()) && next.custody().holder().empty()) {
      Violate(3, absl::StrCat(name, " is assigned to nobody at ", item.last_etag));
    }
    item.standing = next;
  }

  void CheckOperations() {
    for (const Operation& operation : evidence_.operations) {
      bool effect = effects_.count(operation.request_id) > 0;
      switch (operation.outcome) {
        case Operation::Outcome::kOk:
          ++verdict_.acknowledged;
          if (!effect) {
            Violate(operation.verb == "SubmitWorkItem" ? 1 : 5,
                    absl::StrCat(operation.verb, " ", operation.request_id,
                                 " was acknowledged and is not in the journal"));
          }
          break;
        case Operation::Outcome::kRefused:
          ++verdict_.refused;
          if (effect) {
            Violate(14, absl::StrCat(operation.verb, " ", operation.request_id,
                                     " was refused and is in the journal: ", operation.detail));
          }
          break;
        case Operation::Outcome::kUnknown:
          ++verdict_.unknown;
          break;
      }
    }
  }

  void CheckItems() {
    for (const Operation& operation : evidence_.operations) {
      if (operation.verb != "SubmitWorkItem" || operation.outcome != Operation::Outcome::kOk)
        continue;
      if (evidence_.items.count(operation.item) == 0) {
        Violate(1, absl::StrCat(operation.item, " was accepted and is gone"));
      }
    }
    for (const auto& [name, item] : evidence_.items) {
      auto it = folded_.find(name);
      if (it == folded_.end()) {
        Violate(6, absl::StrCat(name, " exists and is not in the journal"));
        continue;
      }
      const WorkItemStanding& folded = it->second.standing;
      if (folded.state() != item.state() ||
          !google::protobuf::util::MessageDifferencer::Equals(folded.custody(), item.custody())) {
        Violate(6, absl::StrCat(name, " is ", WorkItem::State_Name(item.state()),
                                ", its events say ", WorkItem::State_Name(folded.state())));
      }
      if (it->second.last_etag != item.etag()) {
        Violate(6, absl::StrCat(name, " has etag ", item.etag(), ", its last event is ",
                                it->second.last_etag));
      }
    }
    for (const auto& [name, item] : folded_) {
      if (evidence_.items.count(name) == 0) {
        Violate(6, absl::StrCat(name, " is in the journal and does not exist"));
      }
    }
  }

  // A call that ended before another began stands before it in the journal.
  void CheckRealTime() {
    std::map<std::string, std::vector<std::pair<uint64_t, const Operation*>>> per_item;
    for (const Operation& operation : evidence_.operations) {
      auto it = effects_.find(operation.request_id);
      if (it != effects_.end() && !operation.item.empty()) {
        per_item[operation.item].push_back({it->second, &operation});
      }
    }
    for (const auto& [item, calls] : per_item) {
      for (const auto& [commit_a, a] : calls) {
        if (a->outcome != Operation::Outcome::kOk) continue;
        for (const auto& [commit_b, b] : calls) {
          if (a->end < b->begin && commit_a > commit_b) {
            Violate(4, absl::StrCat(a->verb, " of ", item, " ended before ", b->verb,
                                    " began and stands after it"));
          }
        }
      }
    }
  }

  const Evidence& evidence_;
  Verdict verdict_;
  std::map<std::string, const Operation*> by_id_;
  std::map<std::string, uint64_t> effects_;  // request id -> its commit
  std::map<std::string, Folded> folded_;
};

}  // namespace

Verdict Check(const Evidence& evidence) { return Checker(evidence).Run(); }

}  // namespace tideline::chaos
