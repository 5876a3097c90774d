"""What the engine asks of pip before each program, answered by what the real pip said once.

The question costs half a second of a core, and a run of the tests asks it a thousand times. The
packages stay the same meanwhile. Any other question goes to the real pip, as does this one where no
folder is named for its answer.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

LISTING = ["list", "-v", "--format", "json"]
KEPT_IN = "FAIRWAY_TEST_PACKAGES"  # of the environment: a folder, as long as the packages stay


def main(words: list[str]) -> None:
    folder = os.environ.get(KEPT_IN)
    if folder and words == LISTING:
        sys.stdout.write(_answer(Path(folder) / sys.prefix.replace("/", "_")))
        return
    shim = Path(__file__).resolve().parents[1]
    sys.path[:] = [each for each in sys.path if Path(each or ".").resolve() != shim]
    del sys.modules["pip"]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


def _answer(kept: Path) -> str:
    if not kept.exists():
        asked = [sys.executable, "-m", "pip", *LISTING]
        bare = {name: text for name, text in os.environ.items() if name != KEPT_IN}
        told = subprocess.run(asked, env=bare, stdout=subprocess.PIPE, text=True, check=True)
        fresh = kept.with_name(f"{kept.name}.{os.getpid()}")
        fresh.write_text(told.stdout)
        fresh.replace(kept)
    return kept.read_text()


if __name__ == "__main__":
    main(sys.argv[1:])
