"""What `make bench` makes of what it measured."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import yaml

from bench import preview, survive
from bench.network import plot, run, wire
from bench.world import configuration
from components.environment import read_stack_file
from components.plan import make_plan


def _sample(factor: float) -> dict[str, dict[str, float]]:
    return {
        name: dict.fromkeys(run.UNITS, 10.0 * factor * share)
        for name, share in (("host", 1.0), ("routed", 0.9), ("overlay", 0.5))
    }


def test_ratios_are_taken_round_by_round_before_the_median() -> None:
    result = run.summarize([_sample(1.0), _sample(3.0), _sample(0.5)])
    assert result["median"]["host"]["one_stream_gbit"] == 10.0
    assert result["ratio_to_host"]["routed"]["one_stream_gbit"] == pytest.approx(0.9)
    assert result["ratio_to_host"]["overlay"]["latency_p99_us"] == pytest.approx(0.5)


def _result() -> dict[str, object]:
    computer = {"cores": 2, "kernel": "6.1 <x> & y", "measured": "2026-01-01"}
    return {"computer": computer, "rounds": 1, **run.summarize([_sample(1.0)])}


def test_the_plot_is_one_svg_with_every_panel_inside_its_edges() -> None:
    root = ET.fromstring(plot.picture(_result()))  # noqa: S314  (made a line ago)
    wide, tall = (float(word) for word in root.attrib["viewBox"].split()[2:])
    boxes = [each.attrib for each in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(boxes) == 1 + len(plot.PANELS) * 4
    for box in boxes[1:]:
        assert float(box["x"]) + float(box["width"]) <= wide
        assert float(box["y"]) + float(box["height"]) <= tall


def test_every_figure_is_in_the_table_and_in_the_plot() -> None:
    told = run.table(_result())
    assert all(key in told for key in run.UNITS)
    assert set(plot.PANELS) == set(run.UNITS)


def test_a_program_s_image_holds_it_alone_and_is_the_same_each_time() -> None:
    made = wire.image(b"program")
    assert wire.image(b"program") == made
    with tarfile.open(fileobj=io.BytesIO(made.content)) as archive:
        names = archive.getnames()
        config = archive.extractfile(names[0])
        assert config is not None
        assert json.load(config)["config"]["Entrypoint"] == ["/wire"]
    assert len(names) == 3
    assert names[0] == made.id.removeprefix("sha256:") + ".json"


@pytest.mark.parametrize(
    "zones", [{"a": (1, 0), "b": (0, 1)}, {"a": (1, 3), "b": (1, 3)} | {"c": (1, 3)}]
)
def test_the_bench_s_own_stacks_can_be_planned(
    tmp_path: Path, zones: dict[str, tuple[int, int]]
) -> None:
    file = tmp_path / "Pulumi.bench.yaml"
    file.write_text(yaml.safe_dump({"config": configuration(zones)}))
    plan = make_plan(read_stack_file(file))
    assert len(plan.slots) == sum(sum(counts) for counts in zones.values())
    assert all(str(slot.address).startswith("10.98.") for slot in plan.slots)


LOST = {"noticed_s": 15.0, "whole_s": 21.0, "longest_gap_s": 1.2, "asked": 300, "failed": 0}


def test_losses_are_told_by_cause_with_median_and_worst() -> None:
    rows = [{**LOST, "failed_first": n, "whole_s": 20.0 + n} for n in (1, 2, 6)]

    told = survive.summary({"worker": [*rows, {**rows[0], "noticed_s": None}]})

    assert told["worker"] == {
        "losses": 4,
        "noticed_s": {"median": 15.0, "worst": 15.0},
        "whole_s": {"median": 21.5, "worst": 26.0},
        "longest_gap_s": {"median": 1.2, "worst": 1.2},
        "asked": 1200,
        "failed": 0,
        "failed_first": 10,
    }


def test_a_loss_is_kept_beside_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survive, "RESULTS", tmp_path / "survive.json")

    survive.keep("worker", {**LOST, "failed_first": 1})
    survive.keep("zone", {**LOST, "failed_first": 2})
    survive.keep("worker", {**LOST, "failed_first": 3})

    told = json.loads(survive.RESULTS.read_text())
    assert {cause: len(rows) for cause, rows in told["losses"].items()} == {"worker": 2, "zone": 1}
    assert told["causes"]["worker"]["failed_first"] == 4


class Spread:
    """A town of which four of six hosts have a replica, and neither worker away from the leader."""

    workers = ("a2", "b2", "c2")
    hosts = ("a1", "b1", "c1", *workers)
    service = SimpleNamespace(running=lambda: ["a1", "a2", "b1", "c1"])

    @property
    def zones(self) -> dict[str, str]:
        return {name: name[0] for name in self.hosts}

    def leaders(self) -> list[str]:
        return ["a1"]


@pytest.mark.parametrize("cause", survive.CAUSES)
def test_every_cause_finds_what_to_lose_wherever_the_replicas_are(cause: str) -> None:
    lost = survive.CAUSES[cause](cast("survive.Town", Spread()))

    assert len(set(lost)) == survive.LOST[cause]
    assert set(lost) <= set(Spread.hosts)


def calls(work: Callable[[], object]) -> int:
    """How many functions the work calls, Python's own and others."""
    found = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal found
        found += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def test_a_preview_s_analysis_grows_no_faster_than_hosts_and_entries() -> None:
    counts = {}
    for hosts in (40, 160):
        environment, plan = preview.stands(hosts)
        text, slots = preview.told(plan), frozenset(slot.name for slot in plan.slots)
        parts = preview.parts(environment, plan, text, slots)
        counts[hosts] = {name: calls(work) for name, work in parts.items()}

    for name, few in counts[40].items():
        assert counts[160][name] <= 4.2 * few, name
