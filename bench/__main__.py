"""`python -m bench [NAME ...]`: measure, write bench/results. All by default."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

import bench.clouds
import bench.network.run
import bench.plan
import bench.preview
import bench.rebuild
import bench.roll
import bench.survive
import bench.up
import bench.verify
from components.errors import FairwayError

BENCHES: dict[str, Callable[[], object]] = {
    "plan": bench.plan.main,
    "preview": bench.preview.main,
    "network": bench.network.run.main,
    "up": bench.up.main,
    "clouds": bench.clouds.main,
    "survive": bench.survive.main,
    "roll": bench.roll.main,
    "verify": bench.verify.main,
    "rebuild": bench.rebuild.main,
}


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception: labs are torn down
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="*", choices=[*BENCHES, []], metavar="|".join(BENCHES))
    for name in parser.parse_args().which or BENCHES:
        print(f"== {name}", flush=True)
        try:
            BENCHES[name]()
        except FairwayError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
