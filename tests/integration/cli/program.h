// SPDX-License-Identifier: Apache-2.0
// The program `tideline` as a script runs it, against a suite that lives in this process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/journal/memory_store.h"
#include "services/suite/suite.h"
#include "tests/support/temp_folder.h"

namespace tideline::testing {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

class Program {
 public:
  // Starts the suite on free ports; aborts the test process when it does not come up.
  Program();

  // Runs `tideline ARGUMENTS` with the suite's address and the workspace "demo", and waits.
  Ran Run(std::vector<std::string> arguments);
  // As it is, without address or workspace.
  Ran RunBare(const std::vector<std::string>& arguments);

  // Makes the workspace, one team with one expert and one queue, by the program itself.
  void MakeScene();

  // Writes a file of the test's own and returns its path.
  std::string Write(const std::string& name, const std::string& content);

  const suite::Suite& suite() const { return *suite_; }
  const std::string& folder() const { return folder_.path(); }

 private:
  TempFolder folder_;
  journal::MemoryStore store_;
  std::unique_ptr<suite::Suite> suite_;
  int runs_ = 0;
};

// The contents of a file; empty when there is none.
std::string ReadFile(const std::string& path);

}  // namespace tideline::testing
