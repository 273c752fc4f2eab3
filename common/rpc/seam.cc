// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/seam.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "common/base/page.h"
#include "common/base/status_macros.h"
#include "common/rpc/status.h"
#include "common/telemetry/log.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace tideline::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using partition::MonotonicTime;
using partition::Position;
using telemetry::Level;

// Lines about refused and failed calls: enough to see what goes on, too few to fill a disk.
constexpr int64_t kMaxLinesPerSecond = 200;

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

// The call's deadline on the monotonic clock, between now and the longest.
MonotonicTime DeadlineOf(const grpc::CallbackServerContext& context, MonotonicTime now) {
  const gpr_timespec raw = context.raw_deadline();
  const auto span = [](absl::Duration duration) {
    return std::chrono::nanoseconds(absl::ToInt64Nanoseconds(duration));
  };
  if (gpr_time_cmp(raw, gpr_inf_future(raw.clock_type)) == 0) return now + span(kDefaultDeadline);
  const gpr_timespec left = gpr_time_sub(raw, gpr_now(raw.clock_type));
  const absl::Duration wish = absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
  return now + span(std::clamp(wish, absl::ZeroDuration(), kLongestDeadline));
}

// What a token is bound to: the request as it is once its tokens and page size are taken out.
std::string ScopeBytes(const Message& request) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeWithCachedSizes(&coded);
  coded.Trim();
  return bytes;
}

int ElementsOf(const Method& method, const Message& response) {
  return response.GetReflection()->FieldSize(response, method.page);
}

const std::string& TextOf(const Message& message, const FieldDescriptor* field,
                          std::string& scratch) {
  return message.GetReflection()->GetStringReference(message, field, &scratch);
}

void SetText(Message& message, const FieldDescriptor* field, std::string text) {
  message.GetReflection()->SetString(&message, field, std::move(text));
}

// Runs a list verb so that its page keeps within kMaxPageBytes: elements vary in size, and only the
// Core can end a page, so it is asked again for fewer.
Seam::Run Bounded(const Method& method, Message& request, Message& response, Seam::Run run) {
  return [&method, &request, &response, run = std::move(run)](
             partition::Core& core, const partition::Call& call,
             partition::Changes* changes) -> absl::Status {
    TL_RETURN_IF_ERROR(run(core, call, changes));
    size_t bytes = response.ByteSizeLong();
    int elements = ElementsOf(method, response);
    while (bytes > kMaxPageBytes && elements > 1) {
      // A tenth less than would fit on average, so that two rounds are rare.
      const auto fewer = static_cast<int>(elements * (kMaxPageBytes * 0.9 / bytes));
      request.GetReflection()->SetInt32(&request, method.page_size,
                                        std::clamp(fewer, 1, elements - 1));
      response.Clear();
      TL_RETURN_IF_ERROR(run(core, call, changes));
      bytes = response.ByteSizeLong();
      elements = ElementsOf(method, response);
    }
    return absl::OkStatus();
  };
}

}  // namespace

// A unary call under way.
struct Seam::UnaryCall {
  const Method* method = nullptr;
  grpc::CallbackServerContext* context = nullptr;
  grpc::ServerUnaryReactor* reactor = nullptr;
  Message* request = nullptr;
  Message* response = nullptr;
  MonotonicTime start;
  Prepared prepared;
  std::string workspace;  // the request leaves with the host
};

absl::StatusOr<std::unique_ptr<Seam>> Seam::Create(const Deps& deps, const Router& router,
                                                   const std::string& service) {
  TL_ASSIGN_OR_RETURN(MethodTable methods, MethodTable::Create(service));
  return std::unique_ptr<Seam>(new Seam(deps, router, std::move(methods)));
}

Seam::Seam(const Deps& deps, const Router& router, MethodTable methods)
    : router_(router),
      methods_(std::move(methods)),
      authenticator_(*deps.authenticator),
      tokens_(deps.token_key),
      watches_(deps.watches) {
  for (const auto& method : methods_.methods()) {
    metrics_.emplace(method.get(), std::make_unique<CallMetrics>(*deps.metrics, *method));
  }
}

absl::Status Seam::TakeToken(const Method& method, Message& request, Prepared& prepared) const {
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  const FieldDescriptor* field =
      method.page_token != nullptr ? method.page_token : method.resume_token;
  if (field == nullptr) return absl::OkStatus();
  if (method.page_size != nullptr) {
    const int asked = reflection.GetInt32(request, method.page_size);
    if (asked < 0) return InvalidField("page_size", absl::StrCat("is ", asked, ", below 0"));
    prepared.page_size = PageSize(asked);
    reflection.ClearField(&request, method.page_size);
  }
  std::string token = reflection.GetString(request, field);
  reflection.ClearField(&request, field);
  request.ByteSizeLong();  // caches the sizes that serializing uses
  prepared.scope = ScopeBytes(request);
  if (!token.empty()) {
    TL_ASSIGN_OR_RETURN(
        prepared.cursor,
        tokens_.Open({method.full_name, prepared.caller, prepared.scope}, token, field->name()));
    SetText(request, field, prepared.cursor);
  }
  if (method.page_size != nullptr) {
    reflection.SetInt32(&request, method.page_size, prepared.page_size);
  }
  return absl::OkStatus();
}

absl::StatusOr<Seam::Prepared> Seam::Prepare(const grpc::CallbackServerContext& context,
                                             const Method& method, Message& request) const {
  Prepared prepared;
  prepared.request = std::make_unique<partition::Request>();
  partition::Request& call = *prepared.request;
  TL_ASSIGN_OR_RETURN(call.identity, authenticator_.Authenticate(context));
  prepared.caller = call.identity.actor.subject();
  call.method = method.full_name;
  call.policy = &method.policy;
  call.deadline = DeadlineOf(context, Now());
  call.message = &request;
  std::string scratch;
  if (method.resource.found()) {
    call.resource = method.resource.Get(request, scratch);
    call.workspace = std::string(WorkspaceOf(call.resource));
  }
  TL_RETURN_IF_ERROR(Validate(*method.plan, call.workspace, request));
  if (method.resource.found() && call.workspace.empty()) {
    return InvalidField(
        method.resource.Text(), "does not begin with workspaces/{workspace}",
        call.resource.empty() ? Reason::REASON_FIELD_REQUIRED : Reason::REASON_INVALID_FIELD);
  }
  if (method.request_id != nullptr) call.request_id = TextOf(request, method.request_id, scratch);
  if (method.created_id != nullptr) {
    const std::string& id = TextOf(request, method.created_id, scratch);
    if (!id.empty()) absl::StrAppend(&call.resource, "/", method.collection, "/", id);
  }
  if (const absl::string_view after = FindMetadata(context, kAfterKey); !after.empty()) {
    TL_ASSIGN_OR_RETURN(call.after, ParsePositions(after));
  }
  TL_RETURN_IF_ERROR(TakeToken(method, request, prepared));
  return prepared;
}

std::unique_ptr<Seam::UnaryCall> Seam::Begin(grpc::CallbackServerContext* context,
                                             grpc::ServerUnaryReactor* reactor,
                                             const Message& request, Message& response,
                                             Run run) const {
  auto call = std::make_unique<UnaryCall>();
  call->start = Now();
  call->context = context;
  call->reactor = reactor;
  // gRPC made the request for this call and does not look at it again.
  call->request = const_cast<Message*>(&request);
  call->response = &response;
  call->method = Find(request);
  if (call->method == nullptr) {
    call->reactor->Finish(ToGrpc(Presentable(
        absl::InternalError(absl::StrCat(request.GetTypeName(), " is of no method here")), "")));
    return nullptr;
  }
  metrics(*call->method).Started();
  absl::StatusOr<Prepared> prepared = Prepare(*context, *call->method, *call->request);
  if (!prepared.ok()) {
    Finish(*call, prepared.status(), {});
    return nullptr;
  }
  call->prepared = *std::move(prepared);
  partition::Request& out = *call->prepared.request;
  call->workspace = out.workspace;
  out.response = &response;
  out.run = call->method->page_token != nullptr
                ? Bounded(*call->method, *call->request, response, std::move(run))
                : std::move(run);
  return call;
}

grpc::ServerUnaryReactor* Seam::Unary(grpc::CallbackServerContext* context, const Message& request,
                                      Message& response, Run run) {
  // The default reactor is done in line; one of ours would cost a change of thread at the end.
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::unique_ptr<UnaryCall> begun = Begin(context, reactor, request, response, std::move(run));
  if (begun == nullptr) return reactor;
  std::unique_ptr<partition::Request> out = std::move(begun->prepared.request);
  partition::Host& host = router_.For(out->workspace);
  // A std::function must be copyable, and `done` is called exactly once: the call is freed there.
  out->done = [this, call = begun.release()](absl::Status status, Position position) {
    const std::unique_ptr<UnaryCall> owned(call);
    if (status.ok() && call->method->next_page_token != nullptr) {
      std::string scratch;
      const std::string& next = TextOf(*call->response, call->method->next_page_token, scratch);
      if (!next.empty()) {
        SetText(*call->response, call->method->next_page_token,
                tokens_.Seal({call->method->full_name, call->prepared.caller, call->prepared.scope},
                             next));
      }
    }
    Finish(*call, std::move(status), position);
  };
  host.Execute(std::move(out));
  return reactor;
}

void Seam::Finish(UnaryCall& call, absl::Status status, const Position& position) const {
  status = Presentable(std::move(status), call.method->full_name);
  if (status.ok()) {
    if (position.commit != 0) {
      call.context->AddTrailingMetadata(kPositionKey, FormatPosition(position));
    }
  } else if (const absl::Duration retry = RetryAfterOf(status); retry > absl::ZeroDuration()) {
    // gRPC's own retry policy obeys this one (gRFC A6).
    call.context->AddTrailingMetadata("grpc-retry-pushback-ms",
                                      absl::StrCat(absl::ToInt64Milliseconds(retry)));
  }
  Record(*call.method, *call.context, call.start, call.prepared.caller, call.workspace, status);
  call.reactor->Finish(ToGrpc(status));
}

void Seam::Record(const Method& method, const grpc::ServerContextBase& context, MonotonicTime start,
                  absl::string_view caller, absl::string_view workspace,
                  const absl::Status& status) const {
  const absl::Duration took = absl::FromChrono(Now() - start);
  metrics(method).Handled(status.code(), took);
  // Refusals are the callers' affair; what nobody but us can mend is a warning.
  const bool cancelled = status.code() == absl::StatusCode::kCancelled;
  const bool quiet = status.ok() || cancelled;
  const bool ours = !quiet && !IsDefinite(status) && ReasonOf(status) != Reason::REASON_DRAINING;
  const Level level = quiet ? Level::kDebug : ours ? Level::kWarning : Level::kInfo;
  if (!telemetry::LogEnabled(level)) return;
  static telemetry::LogBudget& budget = *new telemetry::LogBudget(kMaxLinesPerSecond);
  int64_t dropped = 0;
  if (!quiet && !budget.Take(dropped)) return;
  const Reason reason = ReasonOf(status);
  telemetry::Log(level,
                 status.ok() ? "call.done"
                 : cancelled ? "call.cancelled"
                 : ours      ? "call.failed"
                             : "call.refused",
                 {{"method", method.full_name},
                  {"code", CodeName(status.code())},
                  {"reason", reason == Reason::REASON_UNSPECIFIED ? "" : ReasonName(reason)},
                  {"message", status.message()},
                  {"caller", caller},
                  {"workspace", workspace},
                  {"peer", context.peer()},
                  {"ms", absl::ToDoubleMilliseconds(took)},
                  {"dropped", dropped}});
}

// A list over all partitions under way: partition after partition, as long as the page has room.
struct Seam::FanOutCall {
  std::unique_ptr<UnaryCall> call;
  partition::Request origin;      // what each partition's request is made of
  std::unique_ptr<Message> page;  // gathered so far
  int partition = 0;
};

grpc::ServerUnaryReactor* Seam::FanOut(grpc::CallbackServerContext* context, const Message& request,
                                       Message& response, Run run) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::unique_ptr<UnaryCall> call = Begin(context, reactor, request, response, std::move(run));
  if (call == nullptr) return reactor;
  auto all = std::make_shared<FanOutCall>();
  all->origin = *std::exchange(call->prepared.request, nullptr);
  all->page.reset(response.New());
  // A cursor over all partitions is "<partition>:<the partition's own cursor>".
  const std::string& cursor = call->prepared.cursor;
  if (!cursor.empty()) {
    const size_t colon = std::min(cursor.find(':'), cursor.size());
    if (!absl::SimpleAtoi(cursor.substr(0, colon), &all->partition) || all->partition < 0 ||
        all->partition >= router_.partitions()) {
      Finish(*call,
             InvalidField("page_token", "is of an installation with more partitions",
                          Reason::REASON_PAGE_TOKEN_INVALID),
             {});
      return reactor;
    }
    SetText(*call->request, call->method->page_token,
            cursor.substr(std::min(colon + 1, cursor.size())));
  }
  all->call = std::move(call);
  AskNext(std::move(all));
  return reactor;
}

void Seam::AskNext(std::shared_ptr<FanOutCall> all) const {
  auto part = std::make_unique<partition::Request>(all->origin);
  UnaryCall& call = *all->call;
  const int left = call.prepared.page_size - ElementsOf(*call.method, *all->page);
  call.request->GetReflection()->SetInt32(call.request, call.method->page_size, left);
  call.response->Clear();
  const int partition = all->partition;
  part->done = [this, all = std::move(all)](absl::Status status, Position position) {
    if (status.ok()) {
      OnPart(all, position);
    } else {
      Finish(*all->call, std::move(status), position);
    }
  };
  router_.At(partition).Execute(std::move(part));
}

void Seam::OnPart(std::shared_ptr<FanOutCall> all, const Position& position) const {
  UnaryCall& call = *all->call;
  std::string scratch;
  std::string next = TextOf(*call.response, call.method->next_page_token, scratch);
  call.response->GetReflection()->ClearField(call.response, call.method->next_page_token);
  all->page->MergeFrom(*call.response);
  if (next.empty()) ++all->partition;
  SetText(*call.request, call.method->page_token, next);
  const bool end = all->partition == router_.partitions();
  const bool full = ElementsOf(*call.method, *all->page) >= call.prepared.page_size ||
                    all->page->ByteSizeLong() >= kMaxPageBytes / 2;
  if (!end && !full) {
    AskNext(std::move(all));
    return;
  }
  call.response->GetReflection()->Swap(call.response, all->page.get());
  if (!end) {
    SetText(*call.response, call.method->next_page_token,
            tokens_.Seal({call.method->full_name, call.prepared.caller, call.prepared.scope},
                         absl::StrCat(all->partition, ":", next)));
  }
  // Positions of several partitions do not make one: a reader of all of them names none.
  (void)position;
  Finish(call, absl::OkStatus(), {});
}

}  // namespace tideline::rpc
