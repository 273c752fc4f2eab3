// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tideline/type/v1/event.pb.h"
#include "tools/tideline/run.h"
#include "tools/tideline/table.h"

namespace tideline::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A suite that restarts is back within seconds; one that is gone for longer is worth an error.
constexpr absl::Duration kReconnectTimeout = absl::Seconds(30);

// Between attempts, so that a server that refuses is not asked in a tight loop.
constexpr absl::Duration kPause = absl::Seconds(1);

const type::v1::EventHeader* HeaderOf(const Message& event) {
  const FieldDescriptor* field = event.GetDescriptor()->FindFieldByName("header");
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return nullptr;
  return dynamic_cast<const type::v1::EventHeader*>(
      &event.GetReflection()->GetMessage(event, field));
}

// "work-item-assigned" and its message; null when the event is of a kind this program does not
// know.
const FieldDescriptor* KindOf(const Message& event) {
  const auto& type = *event.GetDescriptor();
  if (type.oneof_decl_count() == 0) return nullptr;
  return event.GetReflection()->GetOneofFieldDescriptor(event, type.oneof_decl(0));
}

// What an event came to, as far as one line can say.
std::string Outcome(const Message& kind) {
  std::vector<std::string> parts;
  const auto add = [&](absl::string_view label, const std::string& text) {
    if (!text.empty()) parts.push_back(absl::StrCat(label, "=", text));
  };
  add("state", PathText(kind, "standing.state"));
  add("team", PathText(kind, "standing.custody.team"));
  add("holder", PathText(kind, "standing.custody.holder"));
  add("offered", PathText(kind, "standing.offer.expert"));
  for (const char* field : {"reason", "by", "action", "fields", "comment"}) {
    add(field, PathText(kind, field));
  }
  for (const char* field : {"alarm.kind", "alarm.message", "work_item.state", "work_item.title"}) {
    add(field, PathText(kind, field));
  }
  return absl::StrJoin(parts, " ");
}

// The name with its collection: "experts/asha", since events are about many kinds of things.
std::string Subject(const std::string& name) {
  size_t slash = name.find('/');
  if (slash != std::string::npos) slash = name.find('/', slash + 1);
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

// One message of a stream: events as lines, resources as tables, names in one line.
std::string WatchText(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  const Reflection* r = message.GetReflection();
  r->ListFields(message, &fields);
  std::string text;
  for (const FieldDescriptor* field : fields) {
    if (field->name() == "resume_token") continue;
    std::vector<const Message*> parts;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
      parts.push_back(&r->GetMessage(message, field));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      for (int i = 0; i < r->FieldSize(message, field); ++i) {
        parts.push_back(&r->GetRepeatedMessage(message, field, i));
      }
    } else {
      absl::StrAppend(&text, field->name(), ": ", FieldText(message, *field), "\n");
    }
    if (parts.empty()) continue;
    if (HeaderOf(*parts.front()) == nullptr) {
      absl::StrAppend(&text, FormatList(parts));
    } else {
      for (const Message* event : parts) absl::StrAppend(&text, EventLine(*event), "\n");
    }
  }
  return text;
}

}  // namespace

std::string EventLine(const Message& event) {
  const auto* header = HeaderOf(event);
  if (header == nullptr) return "";
  const FieldDescriptor* kind = KindOf(event);
  std::string line =
      absl::StrCat(PathText(event, "header.time"), "  ",
                   kind == nullptr ? "unknown" : absl::StrReplaceAll(kind->name(), {{"_", "-"}}),
                   "  ", Subject(header->subject()));
  if (kind != nullptr) {
    const std::string outcome = Outcome(event.GetReflection()->GetMessage(event, kind));
    if (!outcome.empty()) absl::StrAppend(&line, "  ", outcome);
  }
  if (!header->actor().subject().empty()) {
    absl::StrAppend(&line, "  by=", header->actor().subject());
  }
  return line;
}

absl::Status RunWatch(Caller& caller, const Verb& verb, Message& request, const Session& session) {
  const FieldDescriptor* token_in = request.GetDescriptor()->FindFieldByName("resume_token");
  const FieldDescriptor* token_out = verb.rpc->output_type()->FindFieldByName("resume_token");
  bool seen = false;
  while (true) {
    const absl::Status status = caller.Watch(*verb.rpc, request, [&](const Message& message) {
      *session.out << (session.output == Output::kJson ? ToJson(message, false)
                                                       : WatchText(message))
                   << std::flush;
      seen = true;
      if (token_in != nullptr && token_out != nullptr) {
        const std::string token = message.GetReflection()->GetString(message, token_out);
        if (!token.empty()) request.GetReflection()->SetString(&request, token_in, token);
      }
      return session.out->good();
    });
    // One that never worked is not taken up again: the address is probably wrong.
    const bool lost = seen && status.code() == absl::StatusCode::kUnavailable;
    if (!lost || token_in == nullptr) return status;
    *session.err << "connection lost; goes on where it stopped when the suite is back\n";
    absl::Notification pause;
    pause.WaitForNotificationWithTimeout(kPause);
    if (!caller.WaitConnected(kReconnectTimeout)) return status;
  }
}

}  // namespace tideline::cli
