"""Drivers that are wrong in one place: real packets do not arrive, and the cause is named.

Each mutation is made in a copy of components/, and applied to a stack that stands: what follows is
what a fault in the driver would look like. Without them nobody knows whether the promises of
test_up_real.py could fail at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud_project import altered_copy
from tests.support.stage import Stage, config, staged

WORKER = "b10"
DRIVERS = "components/clouds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One text in one file is another; `cause` is verify's, `words` are what `up` says."""

    file: str
    old: str
    new: str
    words: str = ""
    cause: str = ""
    how: tuple[str, ...] = ()  # how `up` is run

    def __str__(self) -> str:
        return self.cause or self.words


def only(host: str) -> tuple[str, ...]:
    return ("--target", f"**::{host}")


SHARED = {
    "the group as a source of containers": Mutation(
        file=f"{DRIVERS}/rules.py",
        old='source=source,\n            why="containers of every host"',
        new='source=MEMBERS,\n            why="containers of every host"',
        cause="security-group",
    ),
    "user data without the packet rules": Mutation(
        file="components/host/user_data.py",
        old='        _file(names.RULES_SCRIPT, rules, "0755"),\n',
        new="",
        words="fairway-rules",
        how=only(WORKER),
    ),
}
OWN = {
    "aws": {
        "the source/destination check left on": Mutation(
            file=f"{DRIVERS}/aws/machines.py",
            old="source_dest_check=source_dest_check,",
            new="source_dest_check=True,",
            cause="source-dest-check",
        ),
        "a route missing in one zone's table": Mutation(
            file=f"{DRIVERS}/aws/routes.py",
            old="for name, table in tables.items()",
            new='for name, table in tables.items() if name != "b"',
            cause="route-missing",
        ),
        "a container range inside the VPC": Mutation(
            file=f"{DRIVERS}/aws/routes.py",
            old="destination_cidr_block=str(slot.containers),",
            new='destination_cidr_block=f"{slot.address}/32",',
            words="the cloud's API answered",
        ),
        "a wrong next hop after a replacement": Mutation(
            file=f"{DRIVERS}/aws/routes.py",
            old="delete_before_replace=True)",
            new='delete_before_replace=True, ignore_changes=["network_interface_id"])',
            cause="black-hole",
            how=("--replace", f"**Instance::{WORKER}"),
        ),
    },
    "alicloud": {
        "the source/destination check left on": Mutation(
            file=f"{DRIVERS}/alicloud/machines.py",
            old="source_dest_check=False,",
            new="source_dest_check=True,",
            cause="source-dest-check",
        ),
        "a route missing in one zone's table": Mutation(
            file=f"{DRIVERS}/alicloud/routes.py",
            old="for name, table in tables.items()",
            new='for name, table in tables.items() if name != "b"',
            cause="route-missing",
        ),
        "a container range inside the VPC": Mutation(
            file=f"{DRIVERS}/alicloud/routes.py",
            old="            str(slot.containers),\n",
            new='            f"{slot.address}/32",\n',
            words="the cloud's API answered",
        ),
        "a wrong next hop after a replacement": Mutation(
            file=f"{DRIVERS}/alicloud/driver.py",
            old="instance = ground.instances[slot.name]",
            new="instance = next(iter(ground.instances.values()))",
            cause="route-wrong-hop",
        ),
    },
}


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage[Any]]:
    """A manager in one zone and a worker in another, reached without a bastion."""
    cloud = request.param
    wanted = config(cloud, zones="ab", managers="a", workers="b")
    del wanted[cloud]["bastion"]
    with staged(cloud, tmp_path_factory.mktemp(f"broken-{cloud}"), wanted) as made:
        if cloud == "alicloud":
            made.project.task_patience = 600.0  # a table that loses its entries loses all at once
        made.up().good()
        yield made
        made.project.destroy().good()


@pytest.mark.parametrize("stage", sorted(OWN), indirect=True)
@pytest.mark.parametrize("what", [*OWN["aws"], *SHARED])
def test_a_driver_that_is_wrong_in_one_place_is_found_with_the_cause(
    stage: Stage[Any], what: str, tmp_path: Path
) -> None:
    mutation = {**SHARED, **OWN[stage.cloud]}[what]
    copy = altered_copy(tmp_path, {mutation.file: (mutation.old, mutation.new)})
    stage.project.run_copy(copy)
    try:
        broken = stage.up(*mutation.how)
    finally:
        stage.project.run_own()

    if mutation.words:
        assert broken.status != 0
        assert mutation.words in broken.text
    if mutation.cause:
        assert mutation.cause in stage.causes(), broken.text
    stage.up().good()
    assert stage.verify().ok
