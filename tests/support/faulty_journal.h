// SPDX-License-Identifier: Apache-2.0
// A journal that misbehaves on request: it stands in front of another one and answers chosen sends
// with a scripted fault, or holds answers back. For tests of whoever commits.
//
// Like every Journal it lives on one loop; the script (On*, Hold, Release, sent) is used there or
// while the loop is idle.
//
//   auto faulty = std::make_unique<FaultyJournal>(store.OpenJournal("s", 0, loop), loop);
//   faulty->OnCommit(2, {.answer = Answer::kLost, .applied = true});   // the 2nd Commit call
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/journal/journal.h"
#include "common/loop/loop.h"

namespace tideline::testing {

class FaultyJournal : public journal::Journal {
 public:
  // What one send is answered with instead of the truth.
  struct Fault {
    journal::Answer answer = journal::Answer::kLost;
    bool applied = false;  // whether the journal behind gets the commit all the same
    std::string detail = "scripted";
  };

  // One Commit call as it came in.
  struct Sent {
    uint64_t epoch;
    std::shared_ptr<const journal::Commit> commit;
  };

  FaultyJournal(std::unique_ptr<journal::Journal> inner, Loop& loop)
      : inner_(std::move(inner)), loop_(loop), alive_(std::make_shared<int>(0)) {}

  // The `nth` Commit or Check call, counted from 1 since construction, meets `fault`.
  void OnCommit(uint64_t nth, Fault fault) { commit_faults_[nth] = std::move(fault); }
  void OnCheck(uint64_t nth, Fault fault) { check_faults_[nth] = std::move(fault); }
  // Every commit from now on meets what `script` says; nullptr ends it. OnCommit goes first.
  void OnEachCommit(std::function<std::unique_ptr<Fault>(const Sent&)> script) {
    script_ = std::move(script);
  }

  // Holds back the answers of commits and checks (they are executed), until Release.
  void Hold() { held_ = true; }
  void Release() {
    held_ = false;
    Later([this] { Deliver(); });
  }

  // Makes ReadHead, Own, Load and Read answer `status` until it is OK again.
  void FailReads(absl::Status status) { reads_ = std::move(status); }

  const std::vector<Sent>& sent() const { return sent_; }
  uint64_t checks() const { return checks_; }
  // Answers given out and not yet delivered: sends under way.
  size_t waiting() const { return slots_.size(); }

  void ReadHead(HeadDone done) override {
    if (!reads_.ok()) return Later([status = reads_, done] { done(status); });
    inner_->ReadHead(std::move(done));
  }
  void Own(std::string owner, uint64_t expected_epoch, HeadDone done) override {
    if (!reads_.ok()) return Later([status = reads_, done] { done(status); });
    inner_->Own(std::move(owner), expected_epoch, std::move(done));
  }
  void Load(std::vector<std::string> kinds, RecordVisitor visit, StatusDone done) override {
    if (!reads_.ok()) return Later([status = reads_, done] { done(status); });
    inner_->Load(std::move(kinds), std::move(visit), std::move(done));
  }
  void Read(uint64_t after, size_t limit, PageDone done) override {
    if (!reads_.ok()) return Later([status = reads_, done] { done(status); });
    inner_->Read(after, limit, std::move(done));
  }

  void Commit(uint64_t epoch, std::shared_ptr<const journal::Commit> commit,
              CommitDone done) override {
    sent_.push_back({epoch, commit});
    auto fault = Take(commit_faults_, sent_.size());
    if (!fault && script_) fault = script_(sent_.back());
    Forward(std::move(fault), std::move(done),
            [&](CommitDone answer) { inner_->Commit(epoch, commit, std::move(answer)); });
  }
  void Check(uint64_t epoch, uint64_t last_number, CommitDone done) override {
    Forward(Take(check_faults_, ++checks_), std::move(done),
            [&](CommitDone answer) { inner_->Check(epoch, last_number, std::move(answer)); });
  }

  void OnGrowth(std::function<void()> hint) override { inner_->OnGrowth(std::move(hint)); }
  void PublishCursor(std::string follower, uint64_t number, StatusDone done) override {
    inner_->PublishCursor(std::move(follower), number, std::move(done));
  }
  void Seal(uint64_t number, StatusDone done) override { inner_->Seal(number, std::move(done)); }
  void Trim(uint64_t epoch, uint64_t number,
            std::function<void(absl::StatusOr<uint64_t>)> done) override {
    inner_->Trim(epoch, number, std::move(done));
  }

 private:
  // One send under way; answers leave in the order of the sends.
  struct Slot {
    CommitDone done;
    bool ready = false;
    journal::Answer answer = journal::Answer::kLost;
    std::string detail;
  };

  static std::unique_ptr<Fault> Take(std::map<uint64_t, Fault>& faults, uint64_t nth) {
    auto found = faults.find(nth);
    if (found == faults.end()) return nullptr;
    auto fault = std::make_unique<Fault>(std::move(found->second));
    faults.erase(found);
    return fault;
  }

  template <class Send>
  void Forward(std::unique_ptr<Fault> fault, CommitDone done, Send send) {
    auto slot = std::make_shared<Slot>();
    slot->done = std::move(done);
    slots_.push_back(slot);
    if (!fault || fault->applied) {
      send([this, slot, fault = std::shared_ptr<Fault>(std::move(fault))](journal::Answer answer,
                                                                          std::string detail) {
        slot->answer = fault ? fault->answer : answer;
        slot->detail = fault ? fault->detail : std::move(detail);
        slot->ready = true;
        Deliver();
      });
      return;
    }
    slot->answer = fault->answer;
    slot->detail = fault->detail;
    slot->ready = true;
    Later([this] { Deliver(); });
  }

  void Deliver() {
    std::weak_ptr<int> alive = alive_;
    while (!held_ && !slots_.empty() && slots_.front()->ready) {
      std::shared_ptr<Slot> slot = slots_.front();
      slots_.pop_front();
      slot->done(slot->answer, slot->detail);
      if (alive.expired()) return;  // the callback destroyed this journal
    }
  }

  void Later(std::function<void()> work) {
    loop_.Post([alive = std::weak_ptr<int>(alive_), work = std::move(work)] {
      if (!alive.expired()) work();
    });
  }

  std::unique_ptr<journal::Journal> inner_;
  Loop& loop_;
  std::shared_ptr<int> alive_;
  std::map<uint64_t, Fault> commit_faults_;
  std::map<uint64_t, Fault> check_faults_;
  std::function<std::unique_ptr<Fault>(const Sent&)> script_;
  absl::Status reads_;
  std::vector<Sent> sent_;
  uint64_t checks_ = 0;
  bool held_ = false;
  std::deque<std::shared_ptr<Slot>> slots_;
};

}  // namespace tideline::testing
