// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/command_line.h"

#include <cstdlib>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/version.h"
#include "tools/tideline/failure.h"

namespace tideline::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  tideline dev                                        run everything on this machine
  export TIDELINE_WORKSPACE=demo
  tideline workspace create demo
  tideline organization create indigo --kind vendor
  tideline site create lodz --country PL --time-zone Europe/Warsaw
  tideline team create night --organization indigo --site lodz
  tideline queue create claims --home-team night
  tideline item submit claim-4711 --queue claims --title "Claim 4711"
  tideline item explain claim-4711 -o json

Ids are short where the workspace is known: "asha" is workspaces/demo/experts/asha, and an offer is
ITEM/OFFER. Every value can also be given as JSON; @FILE stands for a file's contents.
)";

// "@path" stands for the file's contents where a value is JSON: messages and lists of them.
std::string FromFile(const Flag& flag, const std::string& text) {
  const bool message =
      flag.field().cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE;
  if (!message || !absl::StartsWith(text, "@")) return text;
  const auto content = ReadAll(text.substr(1));
  if (!content.ok()) throw CLI::ValidationError(std::string(content.status().message()));
  return *content;
}

std::string HelpOf(const Flag& flag) { return std::string(Comment(flag.field().full_name())); }

std::string WithoutPeriod(std::string text) {
  while (absl::EndsWith(text, ".")) text.pop_back();
  return text;
}

void AddFlag(CLI::App& app, const Flag& flag, Command& command) {
  const bool is_bool =
      flag.field().cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL && !flag.repeated;
  const auto take = [&command, flag](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      command.given.values[flag.name].push_back(FromFile(flag, text));
    }
    return true;
  };
  if (is_bool) {
    app.add_flag_function(
        "--" + flag.name,  // --flag=false says no
        [&command, flag](int64_t count) {
          command.given.values[flag.name] = {count > 0 ? "true" : "false"};
        },
        HelpOf(flag));
    return;
  }
  CLI::Option* option = app.add_option(flag.positional ? flag.name : "--" + flag.name,
                                       CLI::callback_t(take), HelpOf(flag));
  option->type_name(flag.hint);
  if (flag.required) option->required();
  if (flag.repeated) {
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
}

bool IsUpdate(const Verb& verb) {
  return verb.rpc->input_type()->FindFieldByName("update_mask") != nullptr;
}

void AddVerb(CLI::App& noun, const Verb& verb, Command& command) {
  CLI::App* app = noun.add_subcommand(verb.name, WithoutPeriod(verb.help));
  app->fallthrough();
  for (const Flag& flag : FlagsOf(*verb.rpc->input_type(), verb.positionals)) {
    AddFlag(*app, flag, command);
  }
  if (IsUpdate(verb)) {
    app->add_option("--clear", command.given.cleared, "Empty this field (may be repeated)")
        ->type_name("FIELD")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  if (verb.rpc->server_streaming()) {
    app->add_option("--resume", command.given.resume, "Go on behind this resume token")
        ->type_name("TOKEN");
  } else if (verb.rpc->output_type()->FindFieldByName("next_page_token") != nullptr) {
    app->add_option("--limit", command.given.limit, "Most to show; 0: all")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
  }
  if (verb.rpc->input_type()->FindFieldByName("request_id") != nullptr) {
    app->add_option("--request-id", command.session.request_id,
                    "Makes a repeat safe: the same id and content get the first answer again");
  }
  app->add_option("--json", command.given.json, "The request, or a part of it, as JSON or @FILE");
  app->callback([&command, &verb] {
    command.kind = Command::Kind::kVerb;
    command.verb = &verb;
    if (!absl::StartsWith(command.given.json, "@")) return;
    const auto content = ReadAll(command.given.json.substr(1));
    if (!content.ok()) throw CLI::ValidationError(std::string(content.status().message()));
    command.given.json = *content;
  });
}

void AddImports(CLI::App& noun, Command& command) {
  for (const char* what : {"experts", "skills"}) {
    CLI::App* app = noun.add_subcommand(
        what, absl::StrCat("Imports ", what, " from a CSV file whose header names their fields"));
    app->fallthrough();
    app->add_option("file", command.import.file, "CSV file; - for standard input")->required();
    app->add_flag("--dry-run", command.import.dry_run, "Only say what would be done");
    app->add_option("--import-id", command.import.import_id,
                    "Id under which a rerun goes on; by default from the file's content");
    app->callback([&command, what] {
      command.kind = Command::Kind::kImport;
      command.import.what = what;
    });
  }
}

void AddHolidayImport(CLI::App& noun, Command& command) {
  CLI::App* app = noun.add_subcommand(
      "holidays", "Takes published holidays (CSV or iCalendar) into a calendar");
  app->fallthrough();
  HolidayOptions& holidays = command.holidays;
  app->add_option("file", holidays.file, "CSV or .ics file; - for standard input")->required();
  app->add_option("--calendar", holidays.calendar, "Into which calendar")->required();
  app->add_option("--country", holidays.country,
                  "Whose holidays; by default the calendar's country, which it must be");
  app->add_option("--types", holidays.types, "Types of a CSV's days that close; public,bank")
      ->delimiter(',');
  const auto years = CLI::Range(1970, 2199).description("");
  app->add_option("--first-year", holidays.first_year, "By default this year")->check(years);
  app->add_option("--last-year", holidays.last_year, "By default ten years after the first")
      ->check(years);
  app->add_flag("--replace", holidays.replace, "Drop what the calendar lists for these years");
  app->add_flag("--dry-run", holidays.dry_run, "Only say what would be done");
  app->callback([&command] { command.kind = Command::Kind::kHolidays; });
}

void AddReport(CLI::App& noun, Command& command) {
  CLI::App* app = noun.add_subcommand(
      "report", "The shift report of a team as Markdown: what comes in, goes out and is in hand");
  app->fallthrough();
  app->add_option("team", command.team, "The team")->required();
  app->callback([&command] { command.kind = Command::Kind::kReport; });
}

void AddSlaExplain(CLI::App& noun, Command& command) {
  CLI::App* app = noun.add_subcommand(
      "explain", "Shows an item's clock as a timeline: what ran, why, whose it was, and the sum");
  app->fallthrough();
  app->add_option("item", command.item, "The work item")->required();
  app->callback([&command] { command.kind = Command::Kind::kSlaExplain; });
}

// Where programs keep data by the XDG base directory specification.
std::string DefaultDataFolder() {
  if (const char* base = std::getenv("XDG_DATA_HOME"); base != nullptr && *base == '/') {
    return absl::StrCat(base, "/tideline");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "." : home, "/.local/share/tideline");
}

void AddDev(CLI::App& program, Command& command) {
  CLI::App* app = program.add_subcommand(
      "dev", "Runs every service on this machine, on loopback, with a private Redis");
  suite::DevOptions& dev = command.dev;
  app->add_option("--data", dev.data,
                  "Folder for the store; default: tideline in $XDG_DATA_HOME or ~/.local/share");
  app->add_option("--store", dev.store, "redis: durable, in the data folder; memory: nothing kept")
      ->capture_default_str()
      ->check(CLI::IsMember({"redis", "memory"}));
  app->add_option("--redis", dev.redis, "URL of a Redis to use instead of a private one");
  app->add_option("--port", dev.port, "gRPC port on 127.0.0.1; 0: any")->capture_default_str();
  app->add_option("--http-port", dev.http_port, "Port of /metrics and /readyz; 0: any")
      ->capture_default_str();
  app->add_option("--partitions", dev.partitions, "Set when the store is first used")
      ->capture_default_str();
  app->add_option(
      "--ledger", dev.ledger,
      "Folder of the ledger that seals every event; default: ledger in the data folder, "
      "where the private store is; none: seal nothing");
  app->add_flag("--accept-clock-behind", dev.accept_clock_behind,
                "Start although the clock is over an hour behind the last commit");
  app->add_flag("--quiet", dev.quiet, "Do not print what to try next");
  app->add_flag("--check-digests", dev.check_digests,
                "Serve /debug/digests, for tests of restarts; starting takes longer");
  app->callback([&command] {
    command.kind = Command::Kind::kDev;
    if (command.dev.data.empty()) command.dev.data = DefaultDataFolder();
  });
}

void AddLedger(CLI::App& program, Command& command) {
  CLI::App* noun = program.add_subcommand(
      "ledger", "What was sealed, for who wants to verify it: trees, checkpoints, exports");
  noun->require_subcommand(1);
  noun->fallthrough();
  LedgerOptions& ledger = command.ledger;
  noun->add_option("--ledger", ledger.folder,
                   "The ledger's folder; by default that of tideline dev");
  using What = LedgerOptions::What;
  const auto add = [&](const char* name, const char* help, What what) {
    CLI::App* app = noun->add_subcommand(name, help);
    app->fallthrough();
    app->callback([&command, what] {
      command.kind = Command::Kind::kLedger;
      command.ledger.what = what;
      if (command.ledger.folder.empty()) {
        command.ledger.folder = absl::StrCat(DefaultDataFolder(), "/ledger");
      }
    });
    return app;
  };
  add("list", "Every workspace's tree: entries, root, and the key that signs", What::kList);
  add("checkpoint", "The newest checkpoint of the workspace: keep it to verify later exports",
      What::kCheckpoint);
  add("export", "The workspace's entries with proofs and checkpoints, for tideline-verify",
      What::kExport)
      ->add_option("--out", ledger.out, "File to write; - for standard output");
  CLI::App* population =
      add("population", "How many events of a kind there are in a period, and a sample of them",
          What::kPopulation);
  population->add_option("kind", ledger.kind, "Such as work_routing.result_submitted")->required();
  population->add_option("--start", ledger.start, "First instant, RFC 3339");
  population->add_option("--end", ledger.end, "First instant after it, RFC 3339");
  population->add_option("--sample", ledger.sample, "How many to draw, with their proofs");
  population->add_option("--seed", ledger.seed, "Seed of the sample, which anybody can repeat");
}

void AddDoctor(CLI::App& program, Command& command) {
  CLI::App* app = program.add_subcommand(
      "doctor", "Looks at a running suite and its store, and says what is wrong and what to do");
  app->fallthrough();
  app->add_option("--http", command.doctor.http, "Address of /metrics and /readyz")
      ->capture_default_str()
      ->envname("TIDELINE_HTTP");
  app->add_option("--redis", command.doctor.redis, "Look at this store directly as well (URL)");
  app->callback([&command] { command.kind = Command::Kind::kDoctor; });
}

void AddWatch(CLI::App& program, Command& command) {
  CLI::App* app = program.add_subcommand("watch", "Shows all work of the workspace as it happens");
  app->fallthrough();
  app->add_option("--resume", command.given.resume, "Go on behind this resume token");
  app->callback([&command] { command.kind = Command::Kind::kWatch; });
}

void AddCompletion(CLI::App& program, Command& command) {
  CLI::App* app = program.add_subcommand("completion", "Prints a completion script: source <(...)");
  app->add_option("shell", command.shell, "Which shell")
      ->type_name("bash|zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}).description(""));
  app->callback([&command] { command.kind = Command::Kind::kCompletion; });
}

void AddGlobals(CLI::App& program, Command& command) {
  Session& session = command.session;
  program.add_option("--address", session.caller.address, "Where the suite listens (host:port)")
      ->capture_default_str()
      ->envname("TIDELINE_ADDRESS");
  program.add_option("-w,--workspace", session.workspace, "The workspace that short ids mean")
      ->envname("TIDELINE_WORKSPACE");
  program.add_option("--subject", session.caller.subject, "Who calls, as a member's subject")
      ->envname("TIDELINE_SUBJECT");
  program.add_option("-o,--output", command.output, "How answers are printed")
      ->capture_default_str()
      ->type_name("table|json")
      ->check(CLI::IsMember({"table", "json"}).description(""));
  program.add_option("--timeout", command.timeout, "Longest wait for an answer")
      ->capture_default_str()
      ->type_name("DURATION");
}

}  // namespace

std::unique_ptr<CLI::App> BuildProgram(Command& command) {
  auto program = std::make_unique<CLI::App>(
      "Tideline: work that needs judgement, to the right person, across companies and time zones.",
      "tideline");
  program->set_version_flag("--version",
                            absl::StrCat("tideline ", rpc::kVersion, " (", rpc::kRevision, ")"));
  program->require_subcommand(1);
  program->get_formatter()->column_width(34);
  AddGlobals(*program, command);
  AddDev(*program, command);
  AddDoctor(*program, command);
  AddLedger(*program, command);
  AddWatch(*program, command);
  AddCompletion(*program, command);
  for (const Noun& noun : Nouns()) {
    CLI::App* app = program->add_subcommand(noun.name, WithoutPeriod(noun.help));
    app->require_subcommand(1);
    app->fallthrough();
    for (const Verb& verb : noun.verbs) AddVerb(*app, verb, command);
    if (noun.name == "import") {
      AddImports(*app, command);
      AddHolidayImport(*app, command);
    }
    if (noun.name == "handoff") AddReport(*app, command);
    if (noun.name == "sla") AddSlaExplain(*app, command);
  }
  // Last, since a footer is handed down to the subcommands that are made after it.
  program->footer(absl::StrCat(kExamples, "\n", ExitCodeHelp()));
  return program;
}

}  // namespace tideline::cli
