#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the protos with tests/golden/descriptor.binpb.

  descriptor.py [ROOT]                   exit code 1 if they differ or break compatibility
  UPDATE_GOLDEN=1 descriptor.py          writes the golden anew, unless the change is incompatible
  UPDATE_GOLDEN=breaking descriptor.py   writes it in any case
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
GOLDEN = HERE / "descriptor.binpb"

# Images carry no buf.yaml, so the rules of its `breaking` sections are given again.
RULES = '{"version":"v2","breaking":{"use":["FILE"],"ignore":["google"]}}'


def find_buf() -> str:
    installed = REPOSITORY / "build/node/node_modules/.bin/buf"
    found = str(installed) if installed.exists() else shutil.which("buf")
    if not found:
        sys.exit("buf is not installed: run tools/install")
    return found


def build(buf: str, root: pathlib.Path, out: pathlib.Path) -> None:
    subprocess.run([buf, "build", "--exclude-source-info", "-o", str(out)], cwd=root, check=True)


def breaks(buf: str, new: pathlib.Path, golden: pathlib.Path) -> str:
    """What is incompatible, or nothing."""
    result = subprocess.run(
        [buf, "breaking", str(new), "--against", str(golden), "--config", RULES],
        capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else (result.stdout + result.stderr).strip()


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY
    update = os.environ.get("UPDATE_GOLDEN", "")
    buf = find_buf()
    with tempfile.TemporaryDirectory() as folder:
        new = pathlib.Path(folder) / "new.binpb"
        build(buf, root, new)
        if GOLDEN.exists() and update != "breaking":
            incompatible = breaks(buf, new, GOLDEN)
            if incompatible:
                print(incompatible)
                print("These changes break clients or stored data. Add instead of changing, and "
                      "reserve what goes. If it must be: tests/golden/README.md.")
                return 1
        if GOLDEN.exists() and new.read_bytes() == GOLDEN.read_bytes():
            return 0
        if update:
            shutil.copy(new, GOLDEN)
            print(f"wrote {GOLDEN.relative_to(REPOSITORY)}")
            return 0
        print("The protos have changed compatibly. Renew the golden: UPDATE_GOLDEN=1 tools/lint")
        return 1


if __name__ == "__main__":
    sys.exit(main())
