"""`python -m bench up`: how long `pulumi up` takes for 3, 6 and 12 machines, and for no change."""

from __future__ import annotations

import json
import time
from pathlib import Path

from bench.world import World, computer, configuration

RESULTS = Path(__file__).parent / "results" / "up.json"
SIZES = {  # machines: managers and workers of each zone
    3: {"a": (1, 0), "b": (1, 0), "c": (1, 0)},
    6: {"a": (1, 1), "b": (1, 1), "c": (1, 1)},
    12: {"a": (1, 3), "b": (1, 3), "c": (1, 3)},
}


def main() -> None:
    measured = []
    for machines, hosts in SIZES.items():
        with World(configuration(hosts)) as world:
            first, again = world.up(), world.up()
            began = time.monotonic()
        gone = time.monotonic() - began
        row = {"machines": machines, "up": first, "up_unchanged": again, "destroy": gone}
        measured.append({key: round(value, 1) for key, value in row.items()})
        print(measured[-1], flush=True)
        result = {"computer": computer(), "units": "s", "measured": measured}
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")
