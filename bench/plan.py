"""How long a plan takes and how much memory: 12, 100 and 1,000 hosts, from text to plan.

Writes bench/results/plan.json; `python -m bench.plan`.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
import tracemalloc
from pathlib import Path
from typing import Any

from components.environment import read_environment
from components.plan import Plan, make_plan

RESULTS = Path(__file__).parent / "results" / "plan.json"
SIZES = (12, 100, 1000)
ROUNDS = 9


def configuration(hosts: int) -> dict[str, Any]:
    """Three zones, three managers, and workers up to `hosts` in all."""
    workers = {zone: (hosts - 3 + index) // 3 for index, zone in enumerate("abc")}
    return {
        "network": {
            "vpc": "10.97.0.0/16",
            "containers": "10.128.0.0/9",
            "zones": [
                {
                    "name": zone,
                    "subnet": f"10.97.{index * 32}.0/19",
                    "containers": f"10.{128 + index * 4}.0.0/14",
                }
                for index, zone in enumerate("abc")
            ],
        },
        "pools": [
            {
                "name": "managers",
                "role": "manager",
                "first": 1,
                "size": 9,
                "hosts": {"a": 1, "b": 1, "c": 1},
            },
            {"name": "workers", "role": "worker", "first": 10, "size": 500, "hosts": workers},
        ],
        "lab": {"route_quota": 1000, "uplink": "10.76.97.0/30"},
    }


def planned(config: dict[str, Any]) -> Plan:
    return make_plan(read_environment(config, stack="bench", source="bench/plan.py"))


def seconds(config: dict[str, Any]) -> float:
    """The median time of a plan, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        planned(config)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_bytes(config: dict[str, Any]) -> int:
    """The most memory that Python held while it planned, in bytes."""
    tracemalloc.start()
    planned(config)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def measure() -> dict[str, Any]:
    """One row for each size."""
    rows = []
    for hosts in SIZES:
        config = configuration(hosts)
        rows.append(
            {
                "hosts": len(planned(config).slots),
                "seconds": round(seconds(config), 6),
                "peak_bytes": peak_bytes(config),
            }
        )
    return {"python": platform.python_version(), "rounds": ROUNDS, "plans": rows}


def main() -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    result = measure()
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for row in result["plans"]:
        size = row["peak_bytes"] / 1024
        print(f"{row['hosts']:>5} hosts  {row['seconds'] * 1000:8.2f} ms  {size:8.0f} KiB")


if __name__ == "__main__":
    main()
