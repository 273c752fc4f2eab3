// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace tideline::replay {
namespace {

constexpr int kWidth = 40;
constexpr absl::Duration kRedraw = absl::Milliseconds(100);

}  // namespace

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), shown_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_) std::fprintf(stderr, "\r\x1b[K");
}

void ProgressBar::Show(int64_t done, int64_t total) {
  if (!shown_ || total == 0) return;
  if (drawn_ && since_drawn_.Elapsed() < kRedraw && done < total) return;
  drawn_ = true;
  since_drawn_.Lap();
  const int filled = static_cast<int>(done * kWidth / total);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  const std::string line =
      absl::StrFormat("\r\x1b[K%s [%s] %d %% of %d steps, %d s", label_, bar, done * 100 / total,
                      total, absl::ToInt64Seconds(since_start_.Elapsed()));
  std::fputs(line.c_str(), stderr);
}

}  // namespace tideline::replay
