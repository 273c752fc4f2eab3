#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks and tests the Prometheus rules by promtool, and holds what they name against what the
services say they export.

  rules_test.py ROOT    exit code 0: good; 1: not; 77: promtool is not installed
"""

import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def metrics_of(text: str) -> set[str]:
    """Metrics of Tideline that a text names; recorded ones have a colon and are not among them."""
    found = set(re.findall(r"(?<![\w:])tideline_[a-z0-9_]+(?=[{}\[\s)`|]|$)", text, re.M))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


def undocumented(root: pathlib.Path) -> list[str]:
    documented = metrics_of((root / "services/sla_monitor/README.md").read_text(encoding="utf-8"))
    errors = []
    for name in ("sla-rules.yml", "sla-alerts.yml", "sla-tests.yml"):
        text = (root / "deploy/prometheus" / name).read_text(encoding="utf-8")
        used = {m for m in metrics_of(text) if m.startswith("tideline_sla_monitor")}
        if not used:
            errors.append(f"{name}: names no metric")
        errors += [f"{name}: {m} is no metric of services/sla_monitor/README.md"
                   for m in sorted(used - documented)]
    return errors


def without_runbook(root: pathlib.Path) -> list[str]:
    """Alerts that deploy/prometheus/README.md does not explain."""
    alerts = re.findall(r"alert: (\w+)",
                        (root / "deploy/prometheus/sla-alerts.yml").read_text(encoding="utf-8"))
    readme = (root / "deploy/prometheus/README.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (\w+)$", readme, re.M))
    return [f"deploy/prometheus/README.md: no section on {a}" for a in alerts if a not in headings]


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    errors = undocumented(root) + without_runbook(root)
    for error in errors:
        print(error)
    promtool = shutil.which("promtool")
    if promtool is None:
        print("SKIPPED: promtool is not installed; tools/install installs it")
        return 1 if errors else SKIPPED
    folder = root / "deploy/prometheus"
    for command in ([promtool, "check", "rules", "sla-rules.yml", "sla-alerts.yml"],
                    [promtool, "test", "rules", "sla-tests.yml"]):
        ran = subprocess.run(command, cwd=folder, check=False)
        if ran.returncode != 0:
            errors.append(" ".join(command))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
