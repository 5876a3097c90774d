"""Which machines of an environment run now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.clouds.aws.api import Api, Row, filters, tag_of
from components.clouds.tags import ENVIRONMENT, SLOT


def running(environment: str, api: Api) -> Mapping[str, str]:
    """The ids of the environment's running instances, by slot."""
    return {
        tag_of(row, SLOT): str(row["InstanceId"])
        for row in instances(environment, api, "running")
        if tag_of(row, SLOT)
    }


def instances(environment: str, api: Api, *states: str) -> Iterator[Row]:
    """The environment's instances in one of these states; in any when none is named."""
    wanted = {f"tag:{ENVIRONMENT}": environment}
    asked = filters({**wanted, "instance-state-name": states} if states else wanted)
    for reservation in api.all("ec2:DescribeInstances", "Reservations", Filters=asked):
        yield from reservation["Instances"]
