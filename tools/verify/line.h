// SPDX-License-Identifier: Apache-2.0
// The lines of an export, read in the one form in which they are written: a JSON object with its
// members in this order and no spaces. What is written otherwise is refused, so a changed byte is
// found even where it would mean the same. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "tools/verify/merkle.h"

namespace tideline::verify {

struct HeaderLine {
  std::string origin;
  std::string key;
  uint64_t size = 0;
};
struct CheckpointLine {
  std::string note;
  Proof consistency;
};
struct EntryLine {
  uint64_t entry = 0;
  std::string sealed;
  Proof proof;
};
struct BlockLine {
  uint64_t block = 0;
  Proof proof;
};

// False when the line, without its newline, is not exactly one of these.
bool ReadLine(const std::string& line, HeaderLine& header);
bool ReadLine(const std::string& line, CheckpointLine& checkpoint);
bool ReadLine(const std::string& line, EntryLine& entry);
bool ReadLine(const std::string& line, BlockLine& block);

// Whether it begins as a checkpoint's line does.
bool IsCheckpointLine(const std::string& line);

}  // namespace tideline::verify
