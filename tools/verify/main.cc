// SPDX-License-Identifier: Apache-2.0
// tideline-verify: checks an export of the ledger offline.
//
//   tideline-verify --key "tideline.example/acme+1f0e...+AVx..." --checkpoint kept.txt acme.jsonl
//
// Exit code: 0 when it is what the key's owner signed and continues the kept checkpoint; 1 when it
// is not, with one line that names the first bad entry; 2 for wrong arguments.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "CLI/CLI.hpp"
#include "google/protobuf/descriptor.h"
#include "tideline/decision_ledger/v1/events.pb.h"
#include "tideline/handoff/v1/events.pb.h"
#include "tideline/review/v1/events.pb.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/sla_monitor/v1/events.pb.h"
#include "tideline/work_routing/v1/events.pb.h"
#include "tools/verify/verify.h"

namespace tideline::verify {
namespace {

// "work_routing.17" in words; as it is where this program does not know the service or the field.
std::string KindName(const std::string& kind) {
  const google::protobuf::Descriptor* const events[] = {
      skill_registry::v1::Event::descriptor(), work_routing::v1::Event::descriptor(),
      handoff::v1::Event::descriptor(),        review::v1::Event::descriptor(),
      sla_monitor::v1::Event::descriptor(),    decision_ledger::v1::Event::descriptor()};
  const size_t dot = kind.find('.');
  for (const google::protobuf::Descriptor* event : events) {
    if (event->file()->package() != "tideline." + kind.substr(0, dot) + ".v1") continue;
    const auto* field = event->FindFieldByNumber(std::stoi(kind.substr(dot + 1)));
    if (field != nullptr) return kind.substr(0, dot + 1) + field->name();
  }
  return kind;
}

void Print(const Report& report) {
  std::cout << "good: " << report.size << " entries of " << report.origin << "\n"
            << "root: " << report.root << "\n";
  if (report.kept_size > 0) {
    std::cout << "continues the kept checkpoint of " << report.kept_size << " entries\n";
  }
  if (report.checkpoints_before_key > 0) {
    std::cout << report.checkpoints_before_key
              << " checkpoints are older than the key and were compared by their roots alone\n";
  }
  for (const auto& [kind, count] : report.kinds) {
    std::cout << "  " << KindName(kind) << ": " << count << "\n";
  }
}

int Main(int argc, char** argv) {
  CLI::App program("Verifies an export of Tideline's ledger, offline.");
  Trust trust;
  std::string checkpoint;
  std::string path;
  program.add_option("--key", trust.key, "The origin's verifier key: name+hash+base64")->required();
  program.add_option("--checkpoint", checkpoint, "File with a checkpoint that was kept earlier")
      ->check(CLI::ExistingFile);
  program.add_option("export", path, "The export; - reads standard input")->required();
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  }
  if (!checkpoint.empty()) {
    std::ifstream in(checkpoint, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    trust.checkpoint = text.str();
    if (trust.checkpoint.empty()) trust.checkpoint = "\n";  // an empty file is no checkpoint
  }
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) {
      std::cerr << "tideline-verify: cannot read " << path << "\n";
      return 2;
    }
  }
  const Report report = Verify(path == "-" ? std::cin : file, trust);
  if (!report.good()) {
    std::cout << "BAD: " << Describe(report.first_bad) << "\n";
    return 1;
  }
  Print(report);
  return 0;
}

}  // namespace
}  // namespace tideline::verify

int main(int argc, char** argv) { return tideline::verify::Main(argc, argv); }
