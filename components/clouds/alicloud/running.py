"""The environment's instances, found by their tags."""

from __future__ import annotations

from collections.abc import Mapping

from components.clouds.alicloud.api import Answer, Api
from components.clouds.alicloud.tagged import tag_filter, tags_of
from components.clouds.tags import ENVIRONMENT, SLOT


def running(environment_name: str, api: Api) -> Mapping[str, str]:
    """The ids of the environment's running instances, by slot."""
    return {
        tags_of(instance)[SLOT]: instance["InstanceId"]
        for instance in instances(api, environment_name, Status="Running")
        if SLOT in tags_of(instance)
    }


def instances(api: Api, environment_name: str, **filters: str) -> list[Answer]:
    """Every instance with the environment's tag, the running ones last."""
    found = api.all(
        "ecs", "DescribeInstances", Tag=tag_filter(ENVIRONMENT, environment_name), **filters
    )
    return sorted(found, key=lambda instance: bool(instance.get("Status") == "Running"))
