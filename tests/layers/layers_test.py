#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one violation of each rule in a small tree and expects layers.py to name it."""

import pathlib
import tempfile
import unittest

import layers

HEADER = "// SPDX-License-Identifier: Apache-2.0\n// What this is.\n#pragma once\n"
SOURCE = "// SPDX-License-Identifier: Apache-2.0\n"

# rule, path, text behind the licence line
PLANTED = [
    ("hiredis", "common/journal/a.cc", "#include <hiredis/async.h>"),
    ("hiredis", "services/work_routing/core/a.cc", '#include "hiredis/hiredis.h"'),
    ("libuv", "common/partition/a.cc", "#include <uv.h>"),
    ("grpc", "services/work_routing/core/a.cc", "#include <grpcpp/grpcpp.h>"),
    ("grpc", "services/work_routing/follower.cc",
     '#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"'),
    ("grpc", "common/partition/a.cc", "#include <grpc/support/time.h>"),
    ("prometheus", "common/rpc/a.cc", "#include <prometheus/counter.h>"),
    ("spdlog", "services/suite/a.cc", '#include "spdlog/spdlog.h"'),
    ("cli11", "common/rpc/a.cc", '#include "CLI/CLI.hpp"'),
    ("absl-log", "common/base/a.cc", '#include "absl/log/check.h"'),
    ("common-below-services", "common/rpc/a.cc", '#include "services/suite/suite.h"'),
    ("services-below-tools", "services/suite/a.cc", '#include "tests/support/redis_server.h"'),
    ("tools-without-tests", "tools/bench/a.cc", '#include "tests/support/redis_server.h"'),
    ("pure-common", "common/roster/a.cc", '#include "common/journal/journal.h"'),
    ("base-at-the-bottom", "common/base/a.cc", '#include "common/time/clock.h"'),
    ("redis-below-journal", "common/redis/a.cc", '#include "common/journal/journal.h"'),
    ("journal-below-partition", "common/journal/a.cc", '#include "common/partition/host.h"'),
    ("partition-below-rpc", "common/partition/a.cc", '#include "common/rpc/client.h"'),
    ("pure-core", "services/work_routing/core/a.cc", '#include "common/partition/host.h"'),
    ("pure-core", "services/work_routing/core.cc", '#include "services/work_routing/outbox.h"'),
    ("module-on-top", "services/work_routing/service.cc",
     '#include "services/work_routing/module.h"'),
    ("services-apart", "services/work_routing/follower.cc",
     '#include "services/skill_registry/core.h"'),
    ("services-apart", "services/skill_registry/service.cc",
     '#include "tideline/work_routing/v1/resources.pb.h"'),
    ("clock", "common/partition/a.cc", "auto t = absl::Now();"),
    ("clock", "common/journal/a.cc", "clock_gettime(CLOCK_REALTIME, &ts);"),
    ("clock", "tools/bench/a.cc", "auto t = std::chrono::system_clock::now();"),
    ("monotonic", "services/work_routing/core/a.cc", "auto t = std::chrono::steady_clock::now();"),
    ("chance", "services/work_routing/core/a.cc", "std::mt19937 random(1);"),
    ("sleep", "tests/unit/a_test.cc", "absl::SleepFor(absl::Seconds(1));"),
    ("sleep", "common/rpc/a.cc", "std::this_thread::sleep_for(delay);"),
    ("string-view", "common/base/a.h", "void Print(std::string_view text);"),
    ("using-namespace", "common/base/a.h", "using namespace tideline;"),
    ("empty-names", "common/base/a.cc", "class TokenManager {};"),
    ("empty-names", "common/base/string_util.cc", "int x;"),
]

INNOCENT = [
    ("common/redis/a.cc", "#include <hiredis/async.h>"),
    ("common/rpc/a.cc", "#include <grpcpp/grpcpp.h>"),
    ("services/work_routing/service.cc", "#include <grpcpp/grpcpp.h>"),
    ("services/work_routing/follower.cc", '#include "tideline/skill_registry/v1/events.pb.h"'),
    ("services/suite/a.cc", '#include "services/work_routing/module.h"'),
    ("services/work_routing/core/a.cc", '#include "common/partition/changes.h"'),
    ("common/time/a.cc", "clock_gettime(CLOCK_BOOTTIME, &ts);"),
    ("common/rpc/a.cc", "auto t = std::chrono::steady_clock::now();"),
    ("services/work_routing/core/b.cc", "int x;  // not absl::Now(), which a Core may not call"),
]


class LayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def plant(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def examine(self, path: str, text: str) -> set[str]:
        self.plant(path, text)
        return {finding.rule for finding in layers.examine(self.root)}

    def test_each_planted_violation_is_caught_by_name(self):
        for rule, path, text in PLANTED:
            with self.subTest(rule=rule, path=path):
                form = HEADER if path.endswith(".h") else SOURCE
                self.assertEqual(self.examine(path, form + text + "\n"), {rule})
                (self.root / path).unlink()

    def test_every_table_rule_is_planted(self):
        planted = {rule for rule, _, _ in PLANTED}
        self.assertEqual({rule.name for rule in layers.CONFINED} - planted, set())

    def test_innocent_code_passes(self):
        for path, text in INNOCENT:
            with self.subTest(path=path):
                self.assertEqual(self.examine(path, SOURCE + text + "\n"), set())

    def test_missing_licence_line_is_caught(self):
        self.assertEqual(self.examine("common/base/a.cc", "int x;\n"), {"spdx"})
        (self.root / "common/base/a.cc").unlink()
        self.assertEqual(self.examine("tools/a", "#!/bin/bash\necho\n"), {"spdx"})
        self.assertEqual(
            self.examine("tools/a", "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\n"), set())

    def test_header_without_contract_or_guard_is_caught(self):
        self.assertEqual(self.examine("common/base/a.h", SOURCE + "#pragma once\n"),
                         {"header-contract"})
        self.assertEqual(self.examine("common/base/a.h", SOURCE + "// What it is.\n"),
                         {"pragma-once"})

    def test_long_files_and_functions_are_warnings(self):
        body = "int F(int a,\n      int b) {\n" + "  ++a;\n" * 61 + "}\n"
        self.plant("common/base/a.cc", SOURCE + body)
        self.plant("common/base/b.cc", SOURCE + "// x\n" * 500)
        findings = layers.examine(self.root)
        self.assertEqual({(f.rule, f.path, f.warning) for f in findings},
                         {("function-length", "common/base/a.cc", True),
                          ("file-length", "common/base/b.cc", True)})

    def test_documents_that_name_what_is_not_there_are_caught(self):
        self.plant("common/base/a.cc", SOURCE + "int Seen;\n")
        life = "wire  1 common/base/a.cc   {}   what it does\n"
        self.assertEqual(self.examine("A.md", life.format("Seen")), set())
        self.assertEqual(self.examine("A.md", life.format("Gone")), {"docs"})
        self.assertEqual(self.examine("A.md", "See `common/base/b.cc`.\n"), {"docs"})
        self.assertEqual(self.examine("A.md", "See `common/base/a.cc` for more.\n"), set())

    def test_an_exception_needs_a_reason_and_a_use(self):
        self.plant("common/base/a.cc", SOURCE + '#include "absl/log/check.h"\n')
        self.plant("tests/layers/allow.txt", "absl-log common/base/a.cc: to see it refused\n")
        self.assertEqual(layers.examine(self.root), [])
        self.plant("tests/layers/allow.txt", "absl-log common/base/a.cc\n")
        self.assertEqual({f.rule for f in layers.examine(self.root)}, {"allow", "absl-log"})
        self.plant("tests/layers/allow.txt",
                   "absl-log common/base/a.cc: why\nclock common/base/a.cc: why\n")
        findings = layers.examine(self.root)
        self.assertEqual([f.rule for f in findings], ["allow"])
        self.assertIn("any more", findings[0].text)


if __name__ == "__main__":
    unittest.main()
