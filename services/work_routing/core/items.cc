// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/items.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tideline::work_routing {

absl::string_view Item::id() const {
  absl::string_view whole = name;
  return whole.substr(whole.rfind('/') + 1);
}

std::string OfferName(const Item& item, uint32_t epoch) {
  return absl::StrCat(item.name, "/offers/o", epoch);
}

std::string EtagOf(const Item& item) { return absl::StrCat(item.commit, ".", item.index); }

void FillOffer(const Item& item, v1::Offer& offer) {
  offer.set_name(OfferName(item, item.offer_count));
  offer.set_work_item(item.name);
  offer.set_expert(item.offered_to->name);
  offer.set_epoch(item.offer_count);
  SetTime(item.offered, offer.mutable_create_time());
  SetTime(item.offer_expires, offer.mutable_expire_time());
  offer.set_state(v1::Offer::STATE_PENDING);
}

void FillTry(const Item& item, const Try& attempt, v1::Offer& offer) {
  offer.set_name(OfferName(item, attempt.epoch));
  offer.set_work_item(item.name);
  offer.set_expert(*attempt.expert);
  offer.set_epoch(attempt.epoch);
  SetTime(attempt.made, offer.mutable_create_time());
  SetTime(attempt.expires, offer.mutable_expire_time());
  offer.set_state(attempt.state);
}

namespace {

void FillCustody(const Item& item, v1::Custody& custody) {
  custody.set_team(*item.team);
  if (item.holder != nullptr) custody.set_holder(item.holder->name);
  custody.set_epoch(item.custody_epoch);
  SetTime(item.custody_since, custody.mutable_since());
}

// What WorkItem and WorkItemStanding have in common, under the same names.
template <class Message>
void FillCommon(const Item& item, Message& out) {
  out.set_state(item.state);
  FillCustody(item, *out.mutable_custody());
  if (item.offered_to != nullptr) FillOffer(item, *out.mutable_offer());
  if (item.latest_start != kNever) SetTime(item.latest_start, out.mutable_latest_start_time());
  out.set_widening_step(item.widening_step);
  out.set_parked_reason(item.parked_reason);
  if (item.state == v1::WorkItem::STATE_ON_HOLD && item.periods.back().hold != nullptr) {
    *out.mutable_hold() = *item.periods.back().hold;
  }
  out.set_progress_percent(item.progress);
  out.set_offer_count(static_cast<int32_t>(item.offer_count));
  out.set_return_count(static_cast<int32_t>(item.return_count));
  out.set_reopen_count(static_cast<int32_t>(item.reopen_count));
  out.set_transfer_count(static_cast<int32_t>(item.transfer_count));
  if (item.hold_time != 0) SetDuration(item.hold_time, out.mutable_hold_time());
  if (item.closed != kUnset) SetTime(item.closed, out.mutable_close_time());
  if (item.meant_for != nullptr) out.set_team(*item.meant_for);
  out.set_infeasible(item.infeasible);
}

}  // namespace

void FillStanding(const Item& item, v1::WorkItemStanding& standing) { FillCommon(item, standing); }

void FillDynamic(const Item& item, bool periods, v1::WorkItem& out) {
  FillCommon(item, out);
  out.set_etag(EtagOf(item));
  SetTime(item.created, out.mutable_create_time());
  SetTime(item.updated, out.mutable_update_time());
  out.set_priority(static_cast<type::v1::Priority>(item.priority));
  if (item.effort != 0) SetDuration(item.effort, out.mutable_expected_effort());
  if (item.due != kNever) SetTime(item.due, out.mutable_due_time());
  if (item.accept_due != kUnset) SetTime(item.accept_due, out.mutable_accept_due_time());
  if (item.result != nullptr) out.mutable_result()->ParseFromString(*item.result);
  out.set_earlier_periods(static_cast<int32_t>(item.earlier_periods));
  if (!periods) return;
  for (const Period& period : item.periods) {
    v1::Period& shown = *out.add_periods();
    SetTime(period.start, shown.mutable_start_time());
    shown.set_state(period.state);
    shown.set_team(*period.team);
    if (period.holder != nullptr) shown.set_holder(*period.holder);
    shown.set_custody_epoch(period.epoch);
    if (period.hold != nullptr) *shown.mutable_hold() = *period.hold;
  }
}

v1::WorkItem PublicItem(const Item& item, bool periods) {
  v1::WorkItem out;
  out.ParseFromString(item.brief);
  FillDynamic(item, periods, out);
  return out;
}

namespace {

// Periods and tries. A period's team is left out where it is the one before it.
void FillPast(const Item& item, core::v1::StoredItem& record) {
  const std::string* team = nullptr;
  for (const Period& period : item.periods) {
    core::v1::StoredPeriod& stored = *record.add_periods();
    stored.set_start(period.start);
    stored.set_state(period.state);
    if (period.team != team) stored.set_team(*period.team);
    team = period.team;
    if (period.holder != nullptr) stored.set_holder(*period.holder);
    stored.set_epoch(period.epoch);
    if (period.hold != nullptr) *stored.mutable_hold() = *period.hold;
  }
  for (const Try& attempt : item.tries) {
    core::v1::StoredTry& stored = *record.add_tries();
    stored.set_expert(*attempt.expert);
    stored.set_epoch(attempt.epoch);
    stored.set_state(attempt.state);
    stored.set_made(attempt.made);
    stored.set_expires(attempt.expires);
    stored.set_barred(attempt.barred);
  }
}

}  // namespace

void FillRecord(const Item& item, core::v1::StoredItem& record) {
  record.set_brief(item.brief);
  record.set_sequence(item.sequence);
  record.set_commit(item.commit);
  record.set_index(item.index);
  record.set_created(item.created);
  record.set_updated(item.updated);
  record.set_state(item.state);
  record.set_parked_reason(item.parked_reason);
  record.set_team(*item.team);
  if (item.holder != nullptr) record.set_holder(item.holder->name);
  record.set_custody_epoch(item.custody_epoch);
  record.set_custody_since(item.custody_since);
  if (item.offered_to != nullptr) record.set_offered_to(item.offered_to->name);
  record.set_offered(item.offered);
  record.set_offer_expires(item.offer_expires);
  record.set_offer_count(item.offer_count);
  record.set_return_count(item.return_count);
  record.set_reopen_count(item.reopen_count);
  record.set_transfer_count(item.transfer_count);
  record.set_timeout_count(item.timeout_count);
  if (item.meant_for != nullptr) record.set_meant_for(*item.meant_for);
  record.set_priority(item.priority);
  record.set_due(item.due == kNever ? kUnset : item.due);
  record.set_due_stated(item.due_stated);
  record.set_latest_start(item.latest_start == kNever ? kUnset : item.latest_start);
  record.set_accept_due(item.accept_due);
  record.set_effort(item.effort);
  record.set_progress(item.progress);
  record.set_progress_time(item.progress_time);
  record.set_widening_step(item.widening_step);
  record.set_widened(item.widened);
  record.set_dropped(item.dropped);
  record.set_hold_time(item.hold_time);
  record.set_closed(item.closed);
  record.set_infeasible(item.infeasible);
  record.set_alarmed(item.alarmed);
  if (item.result != nullptr) record.set_result(*item.result);
  record.set_decisions(item.decisions_made);
  record.set_offers_forgiven(item.offers_forgiven);
  record.set_returns_forgiven(item.returns_forgiven);
  record.set_earlier_periods(item.earlier_periods);
  FillPast(item, record);
}

void NotePeriod(Item& item, Nanos now, const v1::Hold* hold) {
  const std::string* holder = item.holder == nullptr ? nullptr : &item.holder->name;
  if (!item.periods.empty()) {
    const Period& last = item.periods.back();
    if (hold == nullptr && last.state == item.state && last.epoch == item.custody_epoch) return;
    if (last.start == now) item.periods.pop_back();  // it lasted no time
  }
  if (item.periods.size() == kMaxPeriods) {
    item.periods.erase(item.periods.begin());
    ++item.earlier_periods;
  }
  Period period;
  period.start = now;
  period.state = item.state;
  period.epoch = item.custody_epoch;
  period.team = item.team;
  period.holder = holder;
  if (hold != nullptr) {
    period.hold = std::make_unique<v1::Hold>(*hold);
    SetTime(now, period.hold->mutable_start_time());
  }
  item.periods.push_back(std::move(period));
}

}  // namespace tideline::work_routing
