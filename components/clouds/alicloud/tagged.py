"""Tags as Alibaba Cloud's products show them: ECS in one way, the others in another."""

from __future__ import annotations

from collections.abc import Mapping

from components.clouds.alicloud.api import under


def tags_of(item: Mapping[str, object]) -> dict[str, str]:
    """The tags of an item of any product."""
    listed = under(item, "Tags", "Tag")
    return {
        str(tag.get("TagKey", tag.get("Key"))): str(tag.get("TagValue", tag.get("Value", "")))
        for tag in listed
    }


def tag_filter(key: str, value: str) -> list[dict[str, str]]:
    """The parameter `Tag` that asks for items with this one."""
    return [{"Key": key, "Value": value}]
