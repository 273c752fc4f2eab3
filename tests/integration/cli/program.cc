// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/process.h"

namespace tideline::testing {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

Program::Program() {
  suite::SuiteOptions options;
  options.store = &store_;
  options.partitions = 2;
  options.threads = 1;
  options.listen = "127.0.0.1:0";
  options.http = "127.0.0.1:0";
  auto suite = suite::Suite::Start(options);
  if (!suite.ok()) {
    std::fprintf(stderr, "suite: %s\n", std::string(suite.status().message()).c_str());
    std::abort();
  }
  suite_ = *std::move(suite);
}

Ran Program::RunBare(const std::vector<std::string>& arguments) {
  const std::string out = absl::StrCat(folder_.path(), "/out", ++runs_);
  const std::string err = absl::StrCat(folder_.path(), "/err", runs_);
  const std::string path = ProgramPath("tideline");
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    ADD_FAILURE() << path << " does not start: " << error;
    return {};
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadFile(out), ReadFile(err)};
}

Ran Program::Run(std::vector<std::string> arguments) {
  std::vector<std::string> all = {"--address", suite_->address(), "--workspace", "demo"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return RunBare(all);
}

void Program::MakeScene() {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"workspace", "create", "demo"},
           {"organization", "create", "acme", "--kind", "vendor"},
           {"site", "create", "lodz", "--country", "PL", "--time-zone", "Europe/Warsaw"},
           {"team", "create", "night", "--organization", "acme", "--site", "lodz"},
           {"skill", "create", "java"},
           {"expert", "create", "asha", "--team", "night", "--capacity-units", "10", "--skills",
            "java:expert:assessed"},
           {"expert", "presence", "asha", "available"},
           {"queue", "create", "claims", "--home-team", "night", "--policy.mode", "push"}}) {
    const Ran ran = Run(arguments);
    ASSERT_EQ(ran.code, 0) << absl::StrJoin(arguments, " ") << "\n" << ran.err;
  }
}

std::string Program::Write(const std::string& name, const std::string& content) {
  const std::string path = absl::StrCat(folder_.path(), "/", name);
  std::ofstream(path) << content;
  return path;
}

}  // namespace tideline::testing
