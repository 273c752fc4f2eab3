#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules that hold the tree together (README.md here).

  layers.py [ROOT]    prints findings; exit code 1 if there are any besides warnings
  layers.py --list    prints the rules and why they are there
"""

import dataclasses
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

MAX_FILE_LINES = 500  # a file that is longer holds more than one idea
MAX_FUNCTION_LINES = 60  # a function that is longer is not read but believed

# Upstream first. A service may know the contracts of those before it, and nobody's code.
SERVICES = ["skill_registry", "work_routing", "handoff", "review", "sla_monitor", "decision_ledger"]


@dataclasses.dataclass
class Finding:
    rule: str
    path: str
    line: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning" if self.warning else "error"
        return f"{self.path}:{self.line}: {kind}: {self.text} [{self.rule}]"


@dataclasses.dataclass
class Source:
    path: str  # relative to the root, with slashes
    lines: list[str]

    @property
    def is_header(self) -> bool:
        return self.path.endswith(".h")

    @property
    def is_cpp(self) -> bool:
        return self.path.endswith((".h", ".cc"))

    def code(self) -> Iterator[tuple[int, str]]:
        """Lines without their // comments."""
        for number, line in enumerate(self.lines, 1):
            yield number, re.sub(r"(^|\s)//.*", "", line)

    def includes(self) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(self.lines, 1):
            if match := re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line):
                yield number, match.group(1)


@dataclasses.dataclass
class Confined:
    """Text or includes that may appear in some places only."""

    name: str
    why: str
    pattern: str
    allowed: str  # regular expression of paths
    scope: str = ""  # paths the rule speaks of; empty: everywhere
    what: str = "include"  # "include" or "code"

    def check(self, source: Source) -> Iterator[Finding]:
        if not source.is_cpp or not re.match(self.scope, source.path):
            return
        if self.allowed and re.match(self.allowed, source.path):
            return
        lines = source.includes() if self.what == "include" else source.code()
        for number, text in lines:
            if match := re.search(self.pattern, text):
                yield Finding(self.name, source.path, number, f"{match.group(0).strip()}: {self.why}")


GRPC_SEATS = (r"common/rpc/|services/[a-z_]+/(service|outbox|module)[a-z_]*\.|services/(suite|gateway)/"
              r"|tools/|tests/")
MONOTONIC_SEATS = r"common/(loop|redis|journal|partition|rpc|telemetry|time)/|services/suite/|tools/|tests/"

CONFINED = [
    # What comes from outside.
    Confined("hiredis", "only common/redis speaks to Redis", r"hiredis", r"common/redis/"),
    Confined("libuv", "loops are common/loop; only common/redis needs the raw one", r"^uv\.h$",
             r"common/(loop|redis)/"),
    Confined("grpc", "gRPC ends at the seam: common/rpc and a service's service, outbox and module",
             r"^(grpcpp|grpc)/|\.grpc\.pb\.h$", GRPC_SEATS),
    Confined("prometheus", "only common/telemetry knows the metrics library", r"^prometheus/",
             r"common/telemetry/"),
    Confined("spdlog", "only common/telemetry knows the log library", r"^spdlog/",
             r"common/telemetry/"),
    Confined("cli11", "the command line is the tools' affair", r"^CLI/", r"tools/|tests/"),
    Confined("absl-log", "Debian 12's Abseil has no absl/log", r"^absl/log/", r""),
    # What stands on what.
    Confined("common-below-services", "common is the ground: it knows no service",
             r"^(services|tools|tests)/", r"", scope=r"common/"),
    Confined("services-below-tools", "services do not know tools and tests", r"^(tools|tests)/", r"",
             scope=r"services/"),
    Confined("tools-without-tests", "tools do not know tests", r"^tests/", r"", scope=r"tools/"),
    Confined("pure-common", "base, time, calendar, due, roster, eligibility, sampling and statistics are pure code",
             r"^common/(loop|redis|journal|rpc|telemetry|partition/host)", r"",
             scope=r"common/(base|time|calendar|due|roster|eligibility|sampling|statistics)/"),
    Confined("base-at-the-bottom", "common/base stands on nothing of ours", r"^common/(?!base/)", r"",
             scope=r"common/base/"),
    Confined("redis-below-journal", "common/redis is a connection, no more",
             r"^common/(journal|partition|rpc)/", r"", scope=r"common/redis/"),
    Confined("journal-below-partition", "the journal does not know who writes it",
             r"^common/(partition|rpc)/", r"", scope=r"common/journal/"),
    Confined("partition-below-rpc", "the host does not know the wire", r"^common/rpc/|^common/redis/",
             r"", scope=r"common/partition/"),
    Confined("pure-core",
             "a Core does no I/O and reads no clock: it sees call.h, changes.h, core.h, "
             "personal.h, watch_start.h",
             r"^common/(loop|redis|journal|rpc/(?!validate)|telemetry|time/clock|partition/(?!call|changes|core|personal|watch_start))"
             r"|^services/[a-z_]+/(service|follower|outbox|module)",
             r"", scope=r"services/[a-z_]+/core"),
    Confined("module-on-top", "only main, suite and tests see a service's module",
             r"^services/[a-z_]+/module", r"services/suite/|services/[a-z_]+/(module|main)",
             scope=r"services/"),
    # Time and chance.
    Confined("clock", "only common/time reads the clock; take a Clock or call.now",
             r"\bCLOCK_[A-Z]+|system_clock|high_resolution_clock|absl::Now\(|gettimeofday|clock_gettime"
             r"|std::time\(|\btime\((nullptr|NULL|0)\)", r"common/time/|tests/unit/time/|tests/chaos/", what="code"),
    Confined("monotonic", "steady_clock is for deadlines and measuring, outside Cores and pure code",
             r"steady_clock", MONOTONIC_SEATS, what="code"),
    Confined("chance", "a Core's chance is call.entropy",
             r"random_device|mt19937|absl::BitGen|absl::InsecureBitGen|\brand\(|RAND_bytes", r"",
             scope=r"services/[a-z_]+/core", what="code"),
    Confined("sleep", "nothing waits by sleeping: use a timer, a condition, or Settle()",
             r"SleepFor\(|this_thread::sleep|\busleep\(|\bnanosleep\(|[^:\w]sleep\(", r"", what="code"),
    # Form.
    Confined("string-view", "std::string_view and absl::string_view do not mix in Debian's Abseil",
             r"std::string_view|^\s*#include <string_view>", r"", scope=r".*\.h$", what="code"),
    Confined("using-namespace", "a header opens no namespace for its readers", r"using namespace", r"",
             scope=r".*\.h$", what="code"),
    Confined("empty-names", "say what it is: Impl, Manager, Helper and util say nothing",
             r"\b(class|struct) \w*(Impl|Manager|Helper|Utils?)\b", r"", what="code"),
]


def service_of(path: str) -> str:
    match = re.match(r"services/([a-z_]+)/", path)
    return match.group(1) if match else ""


def check_services_apart(source: Source) -> Iterator[Finding]:
    """Services never include each other, and know only the contracts of those upstream."""
    own = service_of(source.path)
    if not source.is_cpp or own not in SERVICES:
        return
    for number, name in source.includes():
        other = service_of(name)
        if other and other != own:
            yield Finding("services-apart", source.path, number,
                          f"{name}: services never include each other")
        match = re.match(r"tideline/([a-z_]+)/v1/", name)
        if match and match.group(1) in SERVICES[SERVICES.index(own) + 1:]:
            yield Finding("services-apart", source.path, number,
                          f"{name}: upstream does not know who is downstream")


def check_spdx(source: Source) -> Iterator[Finding]:
    """Line 1 (after #!) names the licence."""
    shebang = bool(source.lines) and source.lines[0].startswith("#!")
    if not (source.is_cpp or shebang or source.path.endswith((".proto", ".py", ".sh", ".lua"))):
        return
    line = 1 if shebang else 0
    text = source.lines[line] if len(source.lines) > line else ""
    if not re.match(r"(//|#|--|#!.*) ?SPDX-License-Identifier: Apache-2\.0$", text) and \
            "name=tideline" not in source.lines[0]:
        yield Finding("spdx", source.path, line + 1, "must be `SPDX-License-Identifier: Apache-2.0`")


def check_header_form(source: Source) -> Iterator[Finding]:
    """A header says at its top what it is, and is guarded by #pragma once."""
    if not source.is_header:
        return
    if len(source.lines) < 2 or not source.lines[1].startswith("// "):
        yield Finding("header-contract", source.path, 2,
                      "a header begins with what it is, why, threads and ownership")
    if "#pragma once" not in source.lines:
        yield Finding("pragma-once", source.path, 1, "headers are guarded by #pragma once")


def check_file_name(source: Source) -> Iterator[Finding]:
    """File names say what is inside."""
    name = pathlib.PurePosixPath(source.path).stem
    if re.search(r"(^|_)(utils?|helpers?|misc|manager|impl)($|_)", name):
        yield Finding("empty-names", source.path, 1, f"{name} says nothing; name the idea")


def check_file_length(source: Source) -> Iterator[Finding]:
    """Files under 500 lines."""
    if (source.is_cpp or source.path.endswith(".proto")) and len(source.lines) > MAX_FILE_LINES:
        yield Finding("file-length", source.path, 1,
                      f"{len(source.lines)} lines; over {MAX_FILE_LINES}", warning=True)


def check_function_length(source: Source) -> Iterator[Finding]:
    """Functions under 60 lines, by the layout that clang-format gives."""
    if not source.is_cpp or source.path.startswith("tests/"):
        return
    start = 0  # line of the function's opening brace; 0: not in a function
    signature = False  # a signature began that goes on in the next, indented lines
    for number, line in enumerate(source.lines, 1):
        outermost = bool(line) and not line[0].isspace()
        if outermost and re.match(r"(namespace|class|struct|enum|union|extern)\b", line):
            start, signature = 0, False
        elif outermost and line.startswith("}"):
            if line == "}" and start and number - start > MAX_FUNCTION_LINES:
                yield Finding("function-length", source.path, start,
                              f"{number - start} lines; over {MAX_FUNCTION_LINES}", warning=True)
            start, signature = 0, False
        elif start == 0 and (outermost or signature):
            if line.endswith("{"):
                start = number
            signature = not line.endswith((";", "{", "}")) and (signature or "(" in line)


def check_docs(source: Source, root: pathlib.Path) -> Iterator[Finding]:
    """Files that a document names exist, and hold the name that stands behind them."""
    if not source.path.endswith(".md"):
        return
    for number, line in enumerate(source.lines, 1):
        for match in re.finditer(
                r"(?<![\w/<>.-])((?:common|services|tools|tests|proto)/[\w./-]+\.(?:h|cc|proto|lua|py|txt))"
                r"(?:\s{1,}([A-Za-z_]+)\s{1,})?", line):
            path, name = match.group(1), match.group(2)
            if not (root / path).is_file():
                yield Finding("docs", source.path, number, f"{path} does not exist")
            elif name and re.match(r"(wire|Redis|back)?\s+\d+ ", line) and \
                    name not in (root / path).read_text():
                yield Finding("docs", source.path, number, f"{path} has no {name}")


Check = Callable[[Source], Iterator[Finding]]
CHECKS: list[Check] = [rule.check for rule in CONFINED] + [
    check_services_apart, check_spdx, check_header_form, check_file_name, check_file_length,
    check_function_length,
]


def sources(root: pathlib.Path) -> Iterator[Source]:
    """Files of the repository, new ones included, without what is ignored or vendored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root,
        capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() if listed.returncode == 0 else [
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    for name in sorted(set(names)):
        path = root / name
        if name.startswith(("proto/google/", "build/")) or not path.is_file():
            continue
        try:
            yield Source(name, path.read_text().splitlines())
        except UnicodeDecodeError:
            continue  # binary


def read_allowed(path: pathlib.Path) -> tuple[dict[tuple[str, str], int], list[Finding]]:
    """(rule, path) -> line of the exception, and what is wrong with the file."""
    allowed: dict[tuple[str, str], int] = {}
    findings = []
    if not path.exists():
        return allowed, findings
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.match(r"(\S+) (\S+): (\S.*)$", line)
        if match:
            allowed[(match.group(1), match.group(2))] = number
        else:
            findings.append(Finding("allow", "tests/layers/allow.txt", number,
                                    "not of the form `rule path: reason`"))
    return allowed, findings


def examine(root: pathlib.Path) -> list[Finding]:
    allowed, findings = read_allowed(root / "tests/layers/allow.txt")
    used = set()
    checks = CHECKS + [lambda source: check_docs(source, root)]
    for source in sources(root):
        for check in checks:
            for finding in check(source):
                key = (finding.rule, finding.path)
                if key in allowed:
                    used.add(key)
                else:
                    findings.append(finding)
    for key, number in allowed.items():
        if key not in used:
            findings.append(Finding("allow", "tests/layers/allow.txt", number,
                                    f"nothing needs the exception `{key[0]} {key[1]}` any more"))
    return findings


def main() -> int:
    arguments = sys.argv[1:]
    if arguments == ["--list"]:
        for rule in CONFINED:
            print(f"{rule.name}: {rule.why}")
        for check in CHECKS[len(CONFINED):] + [check_docs]:
            print(f"{check.__name__.removeprefix('check_').replace('_', '-')}: {check.__doc__}")
        return 0
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2]
    findings = examine(root)
    for finding in findings:
        print(finding)
    return 1 if any(not finding.warning for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
