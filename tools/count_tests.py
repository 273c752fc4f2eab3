#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up GoogleTest's result files: how many cases ran, failed and were skipped."""

import pathlib
import sys
import xml.etree.ElementTree


def main(folder: str) -> int:
    programs = cases = failed = skipped = 0
    for path in sorted(pathlib.Path(folder).glob("*.xml")):
        try:
            root = xml.etree.ElementTree.parse(path).getroot()
        except xml.etree.ElementTree.ParseError:
            continue  # a program that was killed; ctest has reported it
        programs += 1
        cases += int(root.get("tests", 0))
        failed += int(root.get("failures", 0)) + int(root.get("errors", 0))
        skipped += sum(1 for case in root.iter("testcase") if case.get("result") == "skipped")
    print(f"{cases} test cases in {programs} GoogleTest programs: "
          f"{cases - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
