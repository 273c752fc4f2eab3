// SPDX-License-Identifier: Apache-2.0
#include "common/partition/changes.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tideline::partition {

journal::Write& Changes::Slot(absl::string_view kind, absl::string_view id) {
  std::string key;
  key.reserve(kind.size() + 1 + id.size());
  key.append(kind.data(), kind.size()).push_back('\0');
  key.append(id.data(), id.size());
  auto [it, fresh] = slots_.try_emplace(std::move(key), writes_.size());
  if (fresh) {
    writes_.push_back({std::string(kind), std::string(id), std::nullopt});
    bytes_ += kind.size() + id.size();
  }
  return writes_[it->second];
}

void Changes::Put(absl::string_view kind, absl::string_view id,
                  const google::protobuf::MessageLite& record) {
  Put(kind, id, record.SerializeAsString());
}

void Changes::Put(absl::string_view kind, absl::string_view id, std::string bytes) {
  journal::Write& write = Slot(kind, id);
  if (write.value.has_value()) bytes_ -= write.value->size();
  bytes_ += bytes.size();
  write.value = std::move(bytes);
}

void Changes::Erase(absl::string_view kind, absl::string_view id) {
  journal::Write& write = Slot(kind, id);
  if (write.value.has_value()) bytes_ -= write.value->size();
  write.value.reset();
}

Revision Changes::Next() const {
  Revision revision;
  revision.set_commit(commit_);
  revision.set_index(static_cast<uint32_t>(events_.size()));
  return revision;
}

void Changes::FillHeader(const Call& call, absl::string_view subject, absl::string_view audience,
                         const Revision& revision, type::v1::EventHeader& header) {
  int64_t nanos = absl::ToUnixNanos(call.now);
  header.mutable_time()->set_seconds(nanos / 1'000'000'000);
  header.mutable_time()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  // In Wake and Follow the step spans workspaces: the subject says which one this is.
  if (call.workspace.empty()) {
    size_t slash = subject.find('/', sizeof("workspaces/") - 1);
    header.set_workspace(std::string(subject.substr(0, slash)));
  } else {
    header.set_workspace(call.workspace);
  }
  *header.mutable_actor() = call.actor;
  *header.mutable_cause() = call.cause;
  header.set_subject(std::string(subject));
  *header.mutable_revision() = revision;
  header.set_audience(std::string(audience));
}

void Changes::Append(type::v1::EventHeader& header, std::string bytes) {
  bytes_ += bytes.size();
  events_.push_back({std::move(*header.mutable_workspace()), std::move(*header.mutable_subject()),
                     std::move(*header.mutable_audience()), std::move(bytes)});
}

std::string FormatEtag(const Revision& revision) {
  return absl::StrCat(revision.commit(), ".", revision.index());
}

}  // namespace tideline::partition
