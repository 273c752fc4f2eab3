// SPDX-License-Identifier: Apache-2.0
// The whole command line as a CLI11 program: nouns and verbs from verbs.h with flags from their
// requests, and the commands that are more than one rpc. Parsing fills a Command; nothing runs
// here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/suite/dev.h"
#include "tools/tideline/doctor.h"
#include "tools/tideline/holidays.h"
#include "tools/tideline/import.h"
#include "tools/tideline/ledger.h"
#include "tools/tideline/run.h"

namespace CLI {
class App;
}

namespace tideline::cli {

// What the words on the command line ask for.
struct Command {
  enum class Kind {
    kNone,
    kVerb,
    kImport,
    kHolidays,
    kSlaExplain,
    kLedger,
    kWatch,
    kReport,
    kDev,
    kDoctor,
    kCompletion
  };
  Kind kind = Kind::kNone;
  const Verb* verb = nullptr;
  Given given;
  Session session;
  std::string output = "table";
  std::string timeout = "10s";
  ImportOptions import;
  HolidayOptions holidays;
  std::string item;  // of `sla explain`
  suite::DevOptions dev;
  DoctorOptions doctor;
  LedgerOptions ledger;
  std::string shell;
  std::string team;  // of a shift report
};

// Builds the program; parsing it fills `command`, which must outlive it.
std::unique_ptr<CLI::App> BuildProgram(Command& command);

}  // namespace tideline::cli
