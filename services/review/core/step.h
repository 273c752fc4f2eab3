// SPDX-License-Identifier: Apache-2.0
// What one step of the Core has touched: its records are written once, when the step ends. Lives on
// the stack of a verb.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/review/core/core.h"

namespace tideline::review {

struct Core::Step {
  Step(Core& core, const Call& call, Changes& changes)
      : core(core), call(call), changes(changes), now(call.now) {}
  ~Step();  // writes the records
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void Touch(Item& item) { Note(item, items); }
  void Touch(Entry& entry) { Note(entry, entries); }
  void Touch(Stream& stream) { Note(stream, streams); }
  void Touch(Lot& lot) { Note(lot, lots); }
  // A new id, different for each of the call: several steps may share one, and a step that makes
  // ids raises an event before the next begins.
  std::string NewId() {
    return partition::MakeId(call.entropy, (changes.Next().index() << 12) + ids++);
  }

  template <class T>
  static void Note(T& object, std::vector<T*>& touched) {
    if (!object.touched) touched.push_back(&object);
    object.touched = true;
  }

  Core& core;
  const Call& call;
  Changes& changes;
  const absl::Time now;
  uint32_t ids = 0;
  std::vector<Item*> items;
  std::vector<Entry*> entries;
  std::vector<Stream*> streams;
  std::vector<Lot*> lots;
};

template <class Kind>
void Core::Raise(Step& step, Entry& entry, Kind* (v1::Event::*tell)(),
                 const std::string& audience) {
  v1::Event event;
  v1::Review& told = *(event.*tell)()->mutable_review();
  told = entry.review();
  told.clear_etag();
  told.clear_update_time();
  if (!entry.review().has_update_time()) told.clear_create_time();  // its first: the header says
  const type::v1::Revision at = step.changes.Raise(step.call, entry.name(), event, audience);
  v1::Review& review = entry.mutable_review();
  review.set_etag(partition::FormatEtag(at));
  *review.mutable_update_time() = ToProto(step.now);
  step.Touch(entry);
  Count(entry, review.state());
  Measure(step, entry);
}

}  // namespace tideline::review
