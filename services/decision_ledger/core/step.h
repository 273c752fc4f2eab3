// SPDX-License-Identifier: Apache-2.0
// What one step of the Core has touched: its records are written once, when the step ends. Lives on
// the stack of a verb.
#pragma once

#include <string>
#include <vector>

#include "services/decision_ledger/core/core.h"

namespace tideline::decision_ledger {

struct Core::Step {
  Step(Core& core, const Call& call, Changes& changes)
      : core(core), call(call), changes(changes), now(call.now) {}
  ~Step();  // writes the records
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void Touch(Entry& entry) { Note(entry, entries); }
  void Touch(Undoing& undoing) { Note(undoing, undoings); }

  template <class T>
  static void Note(T& object, std::vector<T*>& touched) {
    if (!object.touched) touched.push_back(&object);
    object.touched = true;
  }

  Core& core;
  const Call& call;
  Changes& changes;
  const absl::Time now;
  std::vector<Entry*> entries;
  std::vector<Undoing*> undoings;
};

}  // namespace tideline::decision_ledger
