"""`python -m bench clouds`: `preview` and `up` of AWS stacks on the real engine, without a cloud.

The stand-in for pulumi-resource-aws keeps the account and builds nothing, our plugin touches no
host: what is left is the engine's and the program's own time, and what an account in one process
takes to answer.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.plan import configuration
from bench.world import computer
from components.environment import read_environment
from components.plan import make_plan
from tests.support.aws_project import AwsProject, aws_config, aws_project
from tests.support.bench_project import Finished

RESULTS = Path(__file__).parent / "results" / "clouds.json"
SIZES = (6, 60, 200, 400)
# The file backend writes the whole state for each resource; this many hosts are still bearable.
MOST_WITH_CHECKPOINTS = 60
VCPUS = {"L-1216C47A": 10_000.0}
PATIENCE = 1800.0  # seconds for one command


def stack(hosts: int) -> dict[str, Any]:
    """Three zones with a NAT gateway each, three managers, workers up to `hosts` in all."""
    plan, wanted = configuration(hosts), aws_config()
    for index, (ours, theirs) in enumerate(
        zip(wanted["network"]["zones"], plan["network"]["zones"], strict=True)
    ):
        ours |= {"subnet": theirs["subnet"], "containers": theirs["containers"]}
        ours["public"] = f"10.97.{240 + index}.0/24"
    ranges = {"vpc": plan["network"]["vpc"], "containers": plan["network"]["containers"]}
    wanted["network"] |= ranges
    wanted["pools"] = plan["pools"]
    wanted["aws"]["protect"] = False
    wanted["batch"] = batch(hosts)
    return wanted


def batch(hosts: int) -> int:
    """How many workers are replaced at once: with more hosts it is more, as people would set it.

    It decides how long the chain is in which a standing cluster is walked, in previews too.
    """
    return max(1, hosts // 20)


def seconds(work: Any) -> float:
    began = time.monotonic()
    done: Finished = work()
    done.good()
    return round(time.monotonic() - began, 1)


def measure(hosts: int) -> dict[str, Any]:
    """One row: seconds of each command, and how many resources there are."""
    wanted = stack(hosts)
    make_plan(read_environment(wanted, stack="t6", source="bench/clouds.py"))
    with (
        tempfile.TemporaryDirectory() as folder,
        aws_project(Path(folder) / "bench", config=wanted, quotas=VCPUS) as project,
    ):
        project.patience = PATIENCE
        row = _commands(project, hosts)
        resources = len(project.state())
    return {"hosts": hosts, "batch": batch(hosts), "resources": resources, **row}


def _commands(project: AwsProject, hosts: int) -> dict[str, Any]:
    quick = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
    row: dict[str, Any] = {"preview_new": seconds(lambda: project.pulumi("preview"))}
    if hosts <= MOST_WITH_CHECKPOINTS:
        row["up_file_backend"] = seconds(lambda: project.up("-p", "32"))
        seconds(lambda: project.pulumi("destroy", "--yes", "--skip-preview", "-p", "32", **quick))
    row["up_without_checkpoints"] = seconds(lambda: project.up("-p", "32", **quick))
    row["preview_unchanged"] = seconds(lambda: project.pulumi("preview"))
    row["preview_unchanged_without_preflight"] = seconds(
        lambda: project.pulumi("preview", FAIRWAY_PREFLIGHT="off")
    )
    return row


def main() -> None:
    measured = []
    for hosts in SIZES:
        measured.append(measure(hosts))
        print(measured[-1], flush=True)
        result = {"computer": computer(), "units": "s", "measured": measured}
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")
