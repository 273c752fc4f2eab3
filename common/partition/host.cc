// SPDX-License-Identifier: Apache-2.0
#include "common/partition/host.h"

#include <utility>

#include "common/partition/engine.h"

namespace tideline::partition {

std::vector<std::string> HostKinds() {
  return {kCursorKind, kAnomalyKind, kAnswerKind, kTryingKind, kMemoFloorKind};
}

Host::Host(Loop& loop, std::shared_ptr<journal::Journal> journal, CoreFactory make_core,
           HostOptions options)
    : engine_(std::make_shared<Engine>(loop, std::move(journal), std::move(make_core),
                                       std::move(options))) {}

Host::~Host() { engine_->Shut(); }

void Host::Start() {
  engine_->loop().Post([engine = engine_] { engine->Start(); });
}

void Host::Drain(std::function<void()> done) {
  engine_->loop().Post([engine = engine_, done = std::move(done)] { engine->Drain(done); });
}

void Host::StopOwed(std::function<void()> done) {
  engine_->loop().Post([engine = engine_, done = std::move(done)] {
    engine->StopOwed();
    done();
  });
}

void Host::Execute(std::unique_ptr<Request> request) { engine_->Submit(std::move(request)); }

uint64_t Host::Watch(WatchSpec spec) {
  uint64_t id = engine_->NextWatchId();
  engine_->loop().Post([engine = engine_, id, spec = std::move(spec)]() mutable {
    if (!engine->serving()) {
      spec.closed(engine->WhyNotServing());
      return;
    }
    engine->feed().Open(id, std::move(spec));
  });
  return id;
}

void Host::ResumeWatch(uint64_t id) {
  engine_->loop().Post([engine = engine_, id] { engine->feed().Resume(id); });
}

void Host::CancelWatch(uint64_t id) {
  engine_->loop().Post([engine = engine_, id] { engine->feed().Cancel(id); });
}

HostState Host::state() const { return engine_->state(); }

std::string Host::CoreDigest() const { return engine_->CoreDigest(); }

std::string Host::LoadDigest() const { return engine_->LoadDigest(); }

std::vector<Figure> Host::Figures() const {
  return engine_->core() == nullptr ? std::vector<Figure>() : engine_->core()->Figures();
}

std::vector<Anomaly> Host::Anomalies(size_t most) const { return engine_->Anomalies(most); }

void Host::WhenAtRest(std::function<void()> done) {
  engine_->loop().Post([engine = engine_, done = std::move(done)] { engine->WhenAtRest(done); });
}

void Host::Inspect(std::function<void(const Core*)> look) {
  engine_->loop().Post([engine = engine_, look = std::move(look)] { look(engine->core()); });
}

}  // namespace tideline::partition
