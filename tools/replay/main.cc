// SPDX-License-Identifier: Apache-2.0
// tideline-replay: drives a suite through a log of work that was really done, and reconciles.
// Exit codes: 0 agrees to the unit; 1 differs, or something was refused; 2 wrong use; 3 could not
// run.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/replay/replay.h"

namespace tideline::replay {
namespace {

constexpr int kAgrees = 0;
constexpr int kDiffers = 1;
constexpr int kWrongUse = 2;
constexpr int kCouldNotRun = 3;

// Binds the command line to `options` and `json`.
void Declare(CLI::App& app, ReplayOptions& options, std::string& json) {
  app.require_subcommand(0, 1);
  app.fallthrough();  // before the subcommands, which inherit it
  CLI::App* const sample =
      app.add_subcommand("sample", "A generated day at three sites (the default)");
  sample->callback([&options] { options.source = Source::kSample; });
  CLI::App* const vinst = app.add_subcommand("vinst", "The incident log of BPI Challenge 2013");
  vinst->callback([&options] { options.source = Source::kVinst; });
  vinst->add_option("file", options.file, "CSV, plain or xz")->required();
  CLI::App* const servicenow =
      app.add_subcommand("servicenow", "The audit log of a ServiceNow instance (UCI no. 498)");
  servicenow->callback([&options] { options.source = Source::kServiceNow; });
  servicenow->add_option("file", options.file, "CSV, plain or xz")->required();
  servicenow
      ->add_option("--sla-policy", options.policy_file,
                   "Policies to hold against the log's own made_sla (see README.md); means --sla")
      ->type_name("FILE")
      ->each([&options](const std::string&) { options.sla = true; });

  app.add_option("--json", json, "Also write the result as JSON to this file")->type_name("FILE");
  app.add_flag("--sla", options.sla,
               "Keep the clock of every item, and check that it adds up, also after the restart");
  app.add_flag("--review", options.review,
               "Also say what acceptance sampling would have made of the log's results");
  app.add_option("--aql", options.aql, "For --review: acceptance quality limit, as in Z1.4")
      ->type_name("PERCENT")
      ->each([&options](const std::string&) { options.review = true; });
  app.add_flag("--ledger", options.ledger,
               "Seal every event, and hold the ledger against the journals and the log");
  app.add_option("--live", options.live,
                 "Drive the suite at this address as fast as it goes, instead of one of our own")
      ->type_name("ADDRESS");
  app.add_option("--store", options.store, "Where our own suite keeps its data")
      ->transform(CLI::CheckedTransformer(std::map<std::string, StoreKind>{
          {"memory", StoreKind::kMemory}, {"redis", StoreKind::kRedis}}))
      ->type_name("redis|memory")
      ->default_str("redis");
  app.add_option("--workspace", options.workspace, "Id of the workspace to make")->type_name("ID");
  app.add_option("--limit", options.limit, "Only the first N incidents")->type_name("N");
  app.add_option("--seed", options.seed,
                 "Of the sample, of what to spoil, and of what is inspected")
      ->type_name("N");
  app.add_option("--outstanding", options.outstanding, "Most calls at a time")
      ->check(CLI::Range(1, 256).description(""))
      ->type_name("N");
  app.add_option("--fault", options.fault, "Spoil one move, to see that it is noticed")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Fault>{
          {"drop", Fault::kDrop}, {"double", Fault::kDouble}, {"misroute", Fault::kMisroute}}))
      ->type_name("drop|double|misroute");
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a store that goes away must not end the process
  CLI::App app("Drives Tideline through a log of work that was done, and compares what it did.",
               "tideline-replay");
  ReplayOptions options;
  std::string json;
  Declare(app, options, json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kAgrees : kWrongUse;
  }
  const absl::StatusOr<Report> report = Replay(options);
  if (!report.ok()) {
    std::fprintf(stderr, "tideline-replay: %s\n", report.status().ToString().c_str());
    return kCouldNotRun;
  }
  std::fputs(FormatReport(*report).c_str(), stdout);
  if (!json.empty() && !(std::ofstream(json) << FormatJson(*report))) {
    std::fprintf(stderr, "tideline-replay: %s cannot be written\n", json.c_str());
    return kCouldNotRun;
  }
  return report->ok() ? kAgrees : kDiffers;
}

}  // namespace
}  // namespace tideline::replay

int main(int argc, char** argv) { return tideline::replay::Main(argc, argv); }
