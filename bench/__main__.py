"""`python -m bench [network|up|plan ...]`: measure, write bench/results, print. All by default."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

import bench.network.run
import bench.plan
import bench.up
from components.errors import FairwayError

BENCHES: dict[str, Callable[[], object]] = {
    "plan": bench.plan.main,
    "network": bench.network.run.main,
    "up": bench.up.main,
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
