// SPDX-License-Identifier: Apache-2.0
// `tideline`: the command line. `tideline --help` says what it can do.
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "services/suite/dev.h"
#include "tools/tideline/command_line.h"
#include "tools/tideline/completion.h"
#include "tools/tideline/doctor.h"
#include "tools/tideline/failure.h"
#include "tools/tideline/shift_report.h"
#include "tools/tideline/sla.h"

namespace tideline::cli {
namespace {

const Verb& WatchItems() {
  static const Verb* const verb = [] {
    for (const Noun& noun : Nouns()) {
      for (const Verb& v : noun.verbs) {
        if (noun.name == "item" && v.name == "watch") return &v;
      }
    }
    return static_cast<const Verb*>(nullptr);
  }();
  return *verb;
}

absl::Status Execute(Command& command) {
  Session& session = command.session;
  session.out = &std::cout;
  session.err = &std::cerr;
  session.output = command.output == "json" ? Output::kJson : Output::kTable;
  if (!absl::ParseDuration(command.timeout, &session.caller.timeout) ||
      session.caller.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--timeout: not a duration such as 10s");
  }
  switch (command.kind) {
    case Command::Kind::kVerb:
      return RunVerb(*command.verb, command.given, session);
    case Command::Kind::kWatch:
      return RunVerb(WatchItems(), command.given, session);
    case Command::Kind::kImport:
      return RunImport(command.import, session);
    case Command::Kind::kHolidays:
      return RunHolidayImport(command.holidays, session);
    case Command::Kind::kReport:
      return RunShiftReport(command.team, session);
    case Command::Kind::kSlaExplain:
      return RunSlaExplain(command.item, session);
    case Command::Kind::kLedger:
      return RunLedger(command.ledger, session);
    case Command::Kind::kDoctor:
      return RunDoctor(command.doctor, session);
    case Command::Kind::kCompletion: {
      const auto script = CompletionScript(command.shell);
      if (script.ok()) std::cout << *script;
      return script.status();
    }
    default:
      return absl::InvalidArgumentError("nothing to do; see tideline --help");
  }
}

int Main(int argc, char** argv) {
  Command command;
  const std::unique_ptr<CLI::App> program = BuildProgram(command);
  // tideline __complete -- WORDS: asked by the completion scripts.
  if (argc >= 3 && std::string(argv[1]) == "__complete") {
    for (const std::string& candidate :
         Complete(*program, std::vector<std::string>(argv + 3, argv + argc))) {
      std::cout << candidate << "\n";
    }
    return kOk;
  }
  const std::string misspelt = Misspelt(*program, std::vector<std::string>(argv + 1, argv + argc));
  if (!misspelt.empty()) {
    std::cerr << misspelt << "\n";
    return kUsage;
  }
  try {
    program->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" with code 0.
    return program->exit(error) == 0 ? kOk : kUsage;
  }
  if (command.kind == Command::Kind::kDev) return suite::RunDev(command.dev);
  const absl::Status status = Execute(command);
  std::cout.flush();
  if (!status.ok()) std::cerr << Explain(status);
  return ExitCodeOf(status);
}

}  // namespace
}  // namespace tideline::cli

int main(int argc, char** argv) {
  // A reader of our output that goes away (`| head`) ends us by an error of the write, not
  // silently.
  signal(SIGPIPE, SIG_IGN);
  return tideline::cli::Main(argc, argv);
}
