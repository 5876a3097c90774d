"""`python -m bench network`: the three ways measured in turn, several rounds, one result."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.network.cap import capped
from bench.network.paths import Way, ways
from bench.network.plot import picture
from bench.network.wire import PORT, compiled, image
from bench.world import NAME, World, computer, configuration
from components.remote.endpoint import Endpoint
from components.remote.keys import host_key, operator_key
from components.remote.session import Sessions
from scripts.cli.state import Deployed

RESULTS = Path(__file__).parents[1] / "results"
ROUNDS = 5
STREAMS = 16
SECONDS = 4  # of each measurement
CONNECT_SECONDS = 2  # each connection is remembered for two minutes by the kernel's tracking
NAMES = ("host", "routed", "overlay")
UNITS = {
    "one_stream_gbit": "Gbit/s",
    "many_streams_gbit": "Gbit/s",
    "one_stream_cpu": "core seconds/GB",
    "many_streams_cpu": "core seconds/GB",
    "latency_median_us": "µs",
    "latency_p99_us": "µs",
    "connections_per_second": "1/s",
    "capped_one_stream_gbit": "Gbit/s",
    "capped_many_streams_gbit": "Gbit/s",
    "capped_cpu": "core seconds/GB",
}
CAP = 5  # Gbit/s of a machine's link: there a network card is the limit, not the cores it shares


def main(rounds: int = ROUNDS) -> None:
    program = compiled()
    with World(configuration({"a": (1, 0), "b": (0, 1)})) as world:
        print("two hosts in two zones", flush=True)
        world.up()
        near, far, sessions = _ends(world, world.deployed())
        try:
            with ways(sessions.to(near), sessions.to(far), program, image(program)) as measured:
                samples = measure(measured, rounds, [slot.name for slot in world.plan.slots])
        finally:
            sessions.close()
    result = {"computer": computer(), "rounds": rounds, "units": UNITS, **summarize(samples)}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "network.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    (RESULTS / "network.svg").write_text(picture(result))
    print(table(result))


def _ends(world: World, deployed: Deployed) -> tuple[Endpoint, Endpoint, Sessions]:
    near, far = (
        Endpoint(slot.name, str(slot.address), host_key(deployed.seed, slot.name).public)
        for slot in world.plan.slots
    )
    return near, far, Sessions(operator_key(deployed.seed).private)


def measure(
    measured: Iterable[Way], rounds: int, machines: list[str]
) -> list[dict[str, dict[str, float]]]:
    """Every way once a round, another one first each time, so that drift falls on all alike."""
    order = list(measured)
    idle = cores_busy(lambda: time.sleep(SECONDS))[0] / SECONDS
    samples = []
    for number in range(rounds):
        order.append(order.pop(0))
        free = {way.name: _measure_once(way, idle) for way in order}
        with capped(NAME, machines, CAP):
            limited = {way.name: _measure_capped(way, idle) for way in order}
        samples.append({name: free[name] | limited[name] for name in free})
        print(f"round {number + 1} of {rounds}", flush=True)
    return samples


def _measure_capped(way: Way, idle: float) -> dict[str, float]:
    one, many = _stream(way, 1, idle), _stream(way, STREAMS, idle)
    return {
        "capped_one_stream_gbit": one[0],
        "capped_many_streams_gbit": many[0],
        "capped_cpu": many[1],
    }


def _measure_once(way: Way, idle: float) -> dict[str, float]:
    one = _stream(way, 1, idle)
    many = _stream(way, STREAMS, idle)
    asked = way.wire("ask", way.address, PORT, SECONDS)
    opened = way.wire("connect", way.address, PORT, 4, CONNECT_SECONDS)
    return {
        "one_stream_gbit": one[0],
        "many_streams_gbit": many[0],
        "one_stream_cpu": one[1],
        "many_streams_cpu": many[1],
        "latency_median_us": asked["median_us"],
        "latency_p99_us": asked["p99_us"],
        "connections_per_second": opened["count"] / opened["seconds"],
    }


def _stream(way: Way, streams: int, idle: float) -> tuple[float, float]:
    """Gbit/s, and seconds of one core that the whole computer spent on each gigabyte."""
    busy, told = cores_busy(lambda: way.wire("stream", way.address, PORT, streams, SECONDS))
    gigabytes = told["bytes"] / 1e9
    own = busy - idle * told["seconds"]
    return told["bytes"] * 8 / told["seconds"] / 1e9, own / gigabytes


def cores_busy(work: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that all cores together were busy during `work`, and its result."""
    before = _busy()
    result = work()
    return _busy() - before, result


def _busy() -> float:
    first = Path("/proc/stat").read_text().splitlines()[0]
    user, nice, system, _, _, irq, soft, steal = (int(word) for word in first.split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def summarize(samples: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Medians over the rounds, and medians of each round's ratio to host to host."""
    medians = {
        name: {unit: statistics.median(each[name][unit] for each in samples) for unit in UNITS}
        for name in NAMES
    }
    ratios = {
        name: {
            unit: statistics.median(each[name][unit] / each["host"][unit] for each in samples)
            for unit in UNITS
        }
        for name in NAMES[1:]
    }
    return {"median": medians, "ratio_to_host": ratios, "samples": samples}


def table(result: dict[str, Any]) -> str:
    """The result as text, ratios to host to host in brackets."""
    lines = [f"{'':<24}{'host':>10}{'routed':>20}{'overlay':>20}"]
    for key, unit in UNITS.items():
        row = f"{key:<24}{result['median']['host'][key]:>10.2f}"
        for name in NAMES[1:]:
            value, ratio = result["median"][name][key], result["ratio_to_host"][name][key]
            row += f"{value:>12.2f} ({ratio:.2f})"
        lines.append(f"{row}  {unit}")
    return "\n".join(lines)
