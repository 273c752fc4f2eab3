// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/answers.h"

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "services/work_routing/core/core.h"

namespace tideline::work_routing {

absl::Status CheckBatch(absl::string_view field, int size) {
  if (size == 0) return InvalidField(field, "is empty", Reason::REASON_FIELD_REQUIRED);
  if (size <= kMaxBatch) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("has ", size, " elements; the limit is ", kMaxBatch));
}

void FillRefusal(const absl::Status& status, v1::Refusal& refusal) {
  refusal.set_code(static_cast<int>(status.code()));
  refusal.set_reason(ReasonOf(status));
  refusal.set_message(std::string(status.message()));
  const google::rpc::BadRequest bad = BadRequestOf(status);
  if (bad.field_violations_size() > 0) {
    refusal.set_field(bad.field_violations(0).field());
    return;
  }
  const google::rpc::ErrorInfo info = InfoOf(status);
  auto field = info.metadata().find("field");
  if (field != info.metadata().end()) refusal.set_field(field->second);
}

void FillOutcome(const absl::Status& status, const Item* item, v1::ItemOutcome& outcome) {
  if (!status.ok()) {
    FillRefusal(status, *outcome.mutable_refusal());
    return;
  }
  outcome.set_name(item->name);
  outcome.set_etag(EtagOf(*item));
  outcome.set_state(item->state);
  outcome.set_custody_epoch(item->custody_epoch);
}

void ClearOutputs(v1::WorkItem& item) {
  item.clear_etag();
  item.clear_create_time();
  item.clear_update_time();
  item.clear_team();
  item.clear_priority();
  item.clear_expected_effort();
  item.clear_due_time();
  item.clear_state();
  item.clear_custody();
  item.clear_offer();
  item.clear_latest_start_time();
  item.clear_accept_due_time();
  item.clear_widening_step();
  item.clear_parked_reason();
  item.clear_hold();
  item.clear_progress_percent();
  item.clear_offer_count();
  item.clear_return_count();
  item.clear_reopen_count();
  item.clear_transfer_count();
  item.clear_hold_time();
  item.clear_result();
  item.clear_close_time();
  item.clear_periods();
  item.clear_earlier_periods();
  item.clear_infeasible();
}

}  // namespace tideline::work_routing
