#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An rpc that does not state its policy is refused by the code generator: policy_test.py PLUGIN."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PLUGIN = pathlib.Path(sys.argv.pop()).resolve()

PROTO = """
syntax = "proto3";
package planted.v1;
import "tideline/type/v1/options.proto";
message DoRequest {{ {fields} }}
message DoResponse {{}}
service PlantedService {{
  rpc Do(DoRequest) returns ({stream} DoResponse) {{ {policy} }}
}}
"""


class PolicyTest(unittest.TestCase):
    def generate(self, policy: str, fields: str = "string request_id = 1;", stream: str = ""):
        option = f"option (tideline.type.v1.policy) = {{{policy}}};" if policy else ""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "planted.proto"
            path.write_text(PROTO.format(policy=option, fields=fields, stream=stream))
            return subprocess.run(
                ["protoc", f"--plugin=protoc-gen-policy={PLUGIN}", f"--policy_out={folder}",
                 f"-I{folder}", f"-I{REPOSITORY}/proto", str(path)],
                capture_output=True, text=True, check=False)

    def refused(self, why: str, *args, **kwargs):
        result = self.generate(*args, **kwargs)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("planted.v1.PlantedService.Do", result.stderr)
        self.assertIn(why, result.stderr)

    def test_complete_policies_pass(self):
        for policy, stream in [("kind: KIND_MUTATE roles: ROLE_LEAD", ""),
                               ("kind: KIND_QUERY roles: [ROLE_LEAD, ROLE_AUDITOR]", ""),
                               ("kind: KIND_WATCH roles: ROLE_LEAD", "stream")]:
            result = self.generate(policy, stream=stream)
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_missing_policy_is_refused(self):
        self.refused("has no (tideline.type.v1.policy)", "")

    def test_missing_kind_is_refused(self):
        self.refused("states no kind", "roles: ROLE_LEAD")

    def test_missing_roles_are_refused(self):
        self.refused("states no roles", "kind: KIND_QUERY")

    def test_the_role_nobody_holds_is_refused(self):
        self.refused("ROLE_UNSPECIFIED", "kind: KIND_QUERY roles: ROLE_UNSPECIFIED")

    def test_mutation_without_request_id_is_refused(self):
        self.refused("request_id", "kind: KIND_MUTATE roles: ROLE_LEAD", fields="string name = 1;")

    def test_stream_that_is_no_watch_is_refused(self):
        self.refused("KIND_WATCH", "kind: KIND_QUERY roles: ROLE_LEAD", stream="stream")
        self.refused("KIND_WATCH", "kind: KIND_WATCH roles: ROLE_LEAD")


if __name__ == "__main__":
    unittest.main()
