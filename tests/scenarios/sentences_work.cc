// SPDX-License-Identifier: Apache-2.0
// What becomes of items without a handoff.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tests/scenarios/sentences.h"

namespace tideline::scenarios {
namespace {

namespace routing = work_routing::v1;

absl::Status Arrive(Stage& stage, const Words& words) {
  routing::SubmitWorkItemRequest request;
  request.set_parent(Stage::kWorkspace);
  request.set_work_item_id(words[0]);
  routing::WorkItem& item = *request.mutable_work_item();
  item.set_queue(Stage::Name("queues", words[1]));
  item.set_title(words[0]);
  item.set_team(Stage::Name("teams", words[2]));
  int64_t n = 0;
  if (!absl::SimpleAtoi(words[4], &n)) return absl::InvalidArgumentError(words[4]);
  item.mutable_expected_effort()->set_seconds(n * (words[5][0] == 'm' ? 60 : 3600));
  routing::Requirement& requirement = *item.add_requirements();
  requirement.set_skill(Stage::Name("skills", words[3]));
  requirement.set_min_level(type::v1::LEVEL_PRACTITIONER);
  requirement.set_kind(routing::Requirement::KIND_REQUIRED);
  TL_RETURN_IF_ERROR(stage.Call("", &Stage::Routing::SubmitWorkItem, request).status());
  stage.items.push_back(words[0]);
  return absl::OkStatus();
}

absl::Status Accept(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const routing::WorkItem item, stage.Item(words[1]));
  if (item.offer().expert() != Stage::Name("experts", words[0])) {
    return absl::InternalError(absl::StrCat(words[1], " is not offered to ", words[0], ", but ",
                                            routing::WorkItem::State_Name(item.state()), " ",
                                            item.offer().expert()));
  }
  routing::AcceptOfferRequest request;
  request.set_name(item.offer().name());
  return stage.Call(words[0], &Stage::Routing::AcceptOffer, request).status();
}

absl::Status Report(Stage& stage, const Words& words) {
  routing::ReportProgressRequest request;
  int percent = 0;
  if (!absl::SimpleAtoi(words[1], &percent)) return absl::InvalidArgumentError(words[1]);
  request.set_name(Stage::Name("workItems", words[2]));
  request.set_progress_percent(percent);
  return stage.Call(words[0], &Stage::Routing::ReportProgress, request).status();
}

absl::Status Finish(Stage& stage, const Words& words) {
  routing::SubmitResultRequest request;
  request.set_name(Stage::Name("workItems", words[1]));
  request.mutable_result()->set_summary("done");
  return stage.Call(words[0], &Stage::Routing::SubmitResult, request).status();
}

absl::Status Hold(Stage& stage, const Words& words) {
  routing::HoldWorkItemRequest request;
  request.set_name(Stage::Name("workItems", words[1]));
  request.mutable_hold()->set_reason("waits for the client");
  request.mutable_hold()->set_asked_by(words[0]);
  return stage.Call(words[0], &Stage::Routing::HoldWorkItem, request).status();
}

absl::Status Resume(Stage& stage, const Words& words) {
  routing::ResumeWorkItemRequest request;
  request.set_name(Stage::Name("workItems", words[1]));
  return stage.Call(words[0], &Stage::Routing::ResumeWorkItem, request).status();
}

absl::Status Release(Stage& stage, const Words& words) {
  routing::ReleaseWorkItemRequest request;
  request.set_name(Stage::Name("workItems", words[1]));
  request.set_reason("somebody else should do it");
  return stage.Call(words[0], &Stage::Routing::ReleaseWorkItem, request).status();
}

absl::Status Reopen(Stage& stage, const Words& words) {
  routing::ReopenWorkItemRequest request;
  request.set_name(Stage::Name("workItems", words[0]));
  request.set_reason("something is missing");
  return stage.Call("", &Stage::Routing::ReopenWorkItem, request).status();
}

absl::Status Cancel(Stage& stage, const Words& words) {
  routing::CancelWorkItemRequest request;
  request.set_name(Stage::Name("workItems", words[0]));
  request.set_reason("not needed any more");
  return stage.Call("", &Stage::Routing::CancelWorkItem, request).status();
}

}  // namespace

std::vector<Sentence> WorkSentences() {
  return {
      {"Item ITEM comes into QUEUE for TEAM; it needs SKILL and takes N UNIT", Arrive},
      {"PERSON takes ITEM", Accept},
      {"PERSON has done N percent of ITEM", Report},
      {"PERSON finishes ITEM", Finish},
      {"PERSON puts ITEM on hold", Hold},
      {"PERSON goes on with ITEM", Resume},
      {"PERSON gives ITEM back to the queue", Release},
      {"ITEM is opened again", Reopen},
      {"ITEM is cancelled by its client", Cancel},
  };
}

}  // namespace tideline::scenarios
