// SPDX-License-Identifier: Apache-2.0
#include "common/partition/memo.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tideline::partition {

std::string MemoTable::Key(absl::string_view workspace, absl::string_view principal,
                           absl::string_view method, absl::string_view request_id) {
  return absl::StrCat(workspace.size(), ":", workspace, principal.size(), ":", principal,
                      method.size(), ":", method, request_id);
}

const Memory* MemoTable::Find(const std::string& key) const {
  auto it = memos_.find(key);
  return it == memos_.end() ? nullptr : &it->second;
}

size_t MemoTable::Cost(const std::string& key, const Memory& memory) {
  return 2 * key.size() + memory.request_hash.size() + memory.response.size();
}

void MemoTable::Add(std::string key, Memory memory, absl::Time time) {
  ages_.push_back({key, time, memory.commit});
  bytes_ += Cost(key, memory);
  memos_.insert_or_assign(std::move(key), std::move(memory));
}

void MemoTable::Expire(absl::Time now) {
  while (!ages_.empty() &&
         (now - ages_.front().time > kWindow || memos_.size() > kMaxMemos || bytes_ > kMaxBytes)) {
    const Age& oldest = ages_.front();
    auto it = memos_.find(oldest.key);
    // A key can come again after its first memo left the window: spare the newer one.
    if (it != memos_.end() && it->second.commit == oldest.commit) {
      bytes_ -= std::min(bytes_, Cost(it->first, it->second));
      memos_.erase(it);
    }
    ages_.pop_front();
  }
}

uint64_t MemoTable::floor(uint64_t otherwise) const {
  return ages_.empty() ? otherwise : ages_.front().commit;
}

absl::Duration MemoTable::age(absl::Time now) const {
  return ages_.empty() ? absl::ZeroDuration() : now - ages_.front().time;
}

void MemoTable::Clear() {
  memos_.clear();
  ages_.clear();
  bytes_ = 0;
}

}  // namespace tideline::partition
