"""Make the lock files anew from what their .in files ask for, with hashes, for every platform.

Needs uv, which nothing else here needs: it is installed into a folder that goes afterwards.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.workspace import ROOT

LOCKS = {
    "requirements.in": "requirements.txt",
    "requirements-aws.in": "requirements-aws.txt",
    "requirements-alicloud.in": "requirements-alicloud.txt",
    "requirements-dev.in": "requirements-dev.txt",
    "scripts/engine/go.in": "scripts/engine/go.txt",
}
COMPILE = "pip compile --quiet --universal --python-version 3.11 --upgrade"
BARE = "--generate-hashes --no-emit-index-url --no-header"  # no address of anybody's mirror


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        tool = Path(folder) / "bin"
        subprocess.run([tool / "pip", "install", "--quiet", "uv"], check=True)
        for asked, lock in LOCKS.items():
            compiled = subprocess.run(
                [tool / "uv", *COMPILE.split(), *BARE.split(), asked],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            )
            head = f"# Lock of {Path(asked).name}, with hashes. Made by: make lock\n"
            (ROOT / lock).write_text(head + compiled.stdout)
            print(f"{lock} made from {asked}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
