#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants changes in a copy of the protos and expects descriptor.py to tell them apart."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
EVENT = "proto/tideline/type/v1/event.proto"


class DescriptorTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        shutil.copy(REPOSITORY / "buf.yaml", self.root)
        for path in list(REPOSITORY.glob("proto/**/*.proto")) + list(
                REPOSITORY.glob("common/**/*.proto")):
            target = self.root / path.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)

    def replace(self, old: str, new: str) -> None:
        path = self.root / EVENT
        text = path.read_text()
        self.assertEqual(text.count(old), 1, f"{old!r} should be in {EVENT} once")
        path.write_text(text.replace(old, new))

    def check(self, update: str = ""):
        environment = {k: v for k, v in os.environ.items() if k != "UPDATE_GOLDEN"}
        if update:
            environment["UPDATE_GOLDEN"] = update
        return subprocess.run([sys.executable, str(HERE / "descriptor.py"), str(self.root)],
                              capture_output=True, text=True, check=False, env=environment)

    def test_unchanged_protos_agree_with_the_golden(self):
        result = self.check()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_deleted_field_breaks(self):
        self.replace("  string on_behalf_of = 3;\n", "")
        result = self.check()
        self.assertEqual(result.returncode, 1)
        self.assertIn("on_behalf_of", result.stdout)

    def test_a_renumbered_field_breaks(self):
        self.replace("string on_behalf_of = 3;", "string on_behalf_of = 33;")
        self.assertEqual(self.check().returncode, 1)

    def test_a_changed_type_breaks(self):
        self.replace("string on_behalf_of = 3;", "bytes on_behalf_of = 3;")
        result = self.check()
        self.assertEqual(result.returncode, 1)
        self.assertIn("changed type", result.stdout)

    def test_a_breaking_change_is_not_written_by_an_ordinary_update(self):
        before = (HERE / "descriptor.binpb").read_bytes()
        self.replace("  string on_behalf_of = 3;\n", "")
        self.assertEqual(self.check(update="1").returncode, 1)
        self.assertEqual((HERE / "descriptor.binpb").read_bytes(), before)

    def test_a_new_field_asks_for_a_new_golden(self):
        self.replace("string on_behalf_of = 3;",
                     "string on_behalf_of = 3;\n  // A planted field.\n  string planted = 99;")
        result = self.check()
        self.assertEqual(result.returncode, 1)
        self.assertIn("UPDATE_GOLDEN=1", result.stdout)


if __name__ == "__main__":
    unittest.main()
