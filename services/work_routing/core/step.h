// SPDX-License-Identifier: Apache-2.0
// What one step of the Core has touched: its records are written once, when the step ends, and
// those who became free are looked at before that. Lives on the stack of a verb.
#pragma once

#include <vector>

#include "services/work_routing/core/core.h"

namespace tideline::work_routing {

struct Core::Step {
  Step(Core& core, const Call& call, Changes& changes)
      : core(core), call(call), changes(changes), now(ToNanos(call.now)), before(changes.size()) {}
  ~Step();  // writes the records
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void Touch(Item& item);
  void Touch(Person& person);
  void Touch(Workspace& workspace) {
    for (Workspace* known : workspaces) {
      if (known == &workspace) return;
    }
    workspaces.push_back(&workspace);
  }
  // Changes this step has made so far (a batch holds many steps).
  size_t made() const { return changes.size() - before; }
  // A new id, different for each call of it in the step.
  std::string NewId() { return partition::MakeId(call.entropy, ids++); }

  Core& core;
  const Call& call;
  Changes& changes;
  const Nanos now;
  const size_t before;
  uint32_t ids = 0;
  std::vector<Item*> items;            // records to write
  std::vector<Person*> people;         // records to write
  std::vector<Workspace*> workspaces;  // records to write
  std::vector<Item*> to_place;         // QUEUED just now
  std::vector<Person*> freed;          // may take more than before
  std::vector<Queue*> opened;          // not full any more
};

}  // namespace tideline::work_routing
