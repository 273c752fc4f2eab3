// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/sla_scene.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/sla_monitor/v1/events.pb.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::bench {
namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

std::string Name(absl::string_view collection, absl::string_view id) {
  return absl::StrCat(kSlaWorkspace, "/", collection, "/", id);
}

void SetHeader(const std::string& subject, absl::Time at, uint64_t commit,
               type::v1::EventHeader& header) {
  header.set_workspace(kSlaWorkspace);
  header.set_subject(subject);
  header.mutable_revision()->set_commit(commit);
  const int64_t nanos = absl::ToUnixNanos(at);
  header.mutable_time()->set_seconds(nanos / 1'000'000'000);
  header.mutable_time()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

type::v1::CalendarRules OfficeHours() {
  type::v1::CalendarRules rules;
  rules.set_time_zone("Europe/Warsaw");
  for (int day = 1; day <= 5; ++day) {
    auto& hours = *rules.add_weekly_hours();
    hours.set_day(static_cast<type::v1::DayOfWeek>(day));
    hours.add_intervals()->set_start_minute(9 * 60);
    hours.mutable_intervals(0)->set_end_minute(17 * 60);
  }
  return rules;
}

type::v1::SlaRules Promise() {
  type::v1::SlaRules rules;
  type::v1::ClassTargets& targets = *rules.add_classes();
  targets.set_impact_class(type::v1::IMPACT_CLASS_LOW);
  targets.mutable_client_target()->set_seconds(absl::ToInt64Seconds(kSlaTarget));
  targets.mutable_pause_budget()->set_seconds(4 * 3600);
  type::v1::LegTarget& leg = *targets.add_legs();
  leg.set_leg(type::v1::LEG_ACCEPT);
  leg.mutable_target()->set_seconds(3600);
  return rules;
}

}  // namespace

std::string ItemName(int64_t i) { return Name("workItems", absl::StrCat("i", 100'000'000 + i)); }

std::vector<std::string> ContractEvents(bool office) {
  std::vector<std::string> events;
  const auto put = [&](const std::string& name, registry::Resource resource) {
    registry::Event event;
    SetHeader(name, kSlaStart - absl::Hours(48), events.size() + 1, *event.mutable_header());
    *event.mutable_created()->mutable_resource() = std::move(resource);
    events.push_back(event.SerializeAsString());
  };
  registry::Resource resource;
  resource.mutable_workspace()->set_name(kSlaWorkspace);
  put(kSlaWorkspace, resource);
  for (const char* id : {"client", "vendor"}) {
    resource.mutable_organization()->set_name(Name("organizations", id));
    put(Name("organizations", id), resource);
  }
  resource.mutable_calendar()->set_name(Name("calendars", "office"));
  *resource.mutable_calendar()->mutable_rules() = OfficeHours();
  put(Name("calendars", "office"), resource);
  resource.mutable_team()->set_name(Name("teams", "t"));
  resource.mutable_team()->set_organization(Name("organizations", "vendor"));
  put(Name("teams", "t"), resource);
  registry::SlaPolicy& policy = *resource.mutable_sla_policy();
  policy.set_name(Name("slaPolicies", "sla"));
  policy.set_version(1);
  if (office) policy.set_calendar(Name("calendars", "office"));
  *policy.mutable_rules() = Promise();
  put(Name("slaPolicies", "sla"), resource);
  registry::Engagement& engagement = *resource.mutable_engagement();
  engagement.set_name(Name("engagements", "deal"));
  engagement.set_client(Name("organizations", "client"));
  engagement.set_vendor(Name("organizations", "vendor"));
  engagement.set_sla_policy(Name("slaPolicies", "sla"));
  put(Name("engagements", "deal"), resource);
  return events;
}

std::vector<std::string> LifeEvents(int64_t i, absl::Time at, int stretches) {
  std::vector<std::string> events;
  const std::string name = ItemName(i);
  routing::WorkItemStanding standing;
  standing.set_state(routing::WorkItem::STATE_QUEUED);
  standing.set_queue(Name("queues", "q"));
  standing.mutable_custody()->set_team(Name("teams", "t"));
  standing.mutable_custody()->set_epoch(1);
  routing::Event submitted;
  SetHeader(name, at, static_cast<uint64_t>(i) + 1, *submitted.mutable_header());
  routing::WorkItem& item = *submitted.mutable_work_item_submitted()->mutable_work_item();
  item.set_name(name);
  item.set_engagement(Name("engagements", "deal"));
  item.set_queue(standing.queue());
  item.set_impact_class(type::v1::IMPACT_CLASS_LOW);
  item.set_state(standing.state());
  *item.mutable_custody() = standing.custody();
  events.push_back(submitted.SerializeAsString());
  standing.mutable_custody()->set_holder(Name("experts", absl::StrCat("e", i % 1000)));
  standing.mutable_custody()->set_epoch(2);
  for (int k = 1; k < stretches; ++k) {
    routing::Event event;
    const absl::Duration after = k == 1 ? absl::Milliseconds(1) : absl::Minutes(k);
    SetHeader(name, at + after, static_cast<uint64_t>(i) + 1, *event.mutable_header());
    const bool hold = k % 2 == 0;
    standing.set_state(hold ? routing::WorkItem::STATE_ON_HOLD : routing::WorkItem::STATE_ASSIGNED);
    standing.mutable_hold()->set_reason(hold ? "waits for data" : "");
    if (!hold) standing.clear_hold();
    *(k == 1 ? event.mutable_work_item_assigned()->mutable_standing()
      : hold ? event.mutable_work_item_held()->mutable_standing()
             : event.mutable_work_item_resumed()->mutable_standing()) = standing;
    events.push_back(event.SerializeAsString());
  }
  return events;
}

bool IsAlert(const std::string& event) {
  sla_monitor::v1::Event parsed;
  return parsed.ParseFromString(event) && parsed.has_alert_raised();
}

Percentiles PercentilesOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values[values.size() * 99 / 100]};
}

}  // namespace tideline::bench
