// SPDX-License-Identifier: Apache-2.0
// What one step of the Core has touched: its records are written once, when the step ends. Lives on
// the stack of a verb.
#pragma once

#include <string>
#include <vector>

#include "services/handoff/core/core.h"

namespace tideline::handoff {

struct Core::Step {
  Step(Core& core, const Call& call, Changes& changes)
      : core(core), call(call), changes(changes), now(call.now), before(changes.size()) {}
  ~Step();  // writes the records
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void Touch(Item& item) { Note(item, items); }
  void Touch(Entry& entry) { Note(entry, entries); }
  void Touch(Plan& plan) { Note(plan, plans); }
  void Touch(Tally& tally) { Note(tally, tallies); }
  // Changes this step has made so far, records to come included.
  size_t made() const {
    return changes.size() - before + items.size() + entries.size() + plans.size() + tallies.size();
  }
  // A new id, different for each event of the commit: several steps share a call.
  std::string NewId() const { return partition::MakeId(call.entropy, changes.Next().index()); }

  template <class T>
  static void Note(T& object, std::vector<T*>& touched) {
    if (!object.touched) touched.push_back(&object);
    object.touched = true;
  }

  Core& core;
  const Call& call;
  Changes& changes;
  const absl::Time now;
  const size_t before;
  std::vector<Item*> items;
  std::vector<Entry*> entries;
  std::vector<Plan*> plans;
  std::vector<Tally*> tallies;
};

// A proposal that was found good, complete but for what TakeIn sets.
struct Core::Draft {
  Item* item = nullptr;
  std::string name;  // empty: one is made
  v1::Handoff handoff;
  type::v1::HandoffRules rules;
};

}  // namespace tideline::handoff
