"""Which official image is the newest for a type of machine."""

from __future__ import annotations

from typing import Final

from components.clouds.alicloud.api import Answer, Api
from components.errors import CloudError

_FAMILY: Final = "debian_12_"  # how ids of the official Debian 12 images begin
PROCESSORS: Final = {"X86": "x86_64", "ARM": "arm64"}  # of a type, and of its images


def newest(api: Api, instance_type: str) -> str:
    """The id of the newest official Debian 12 image for the type's processor.

    Raises:
        CloudError: the type or an image for it is not known, or the API did not answer.
    """
    processor = _processor(api, instance_type)
    found = api.all(
        "ecs", "DescribeImages", ImageOwnerAlias="system", OSType="linux", Architecture=processor
    )
    fitting = [image for image in found if _fits(image)]
    if not fitting:
        raise CloudError(
            where=f"Alibaba Cloud {api.region}",
            what="there is no official Debian 12 image",
            found=f"{len(found)} official images for {processor}",
            wanted=f"one whose id begins with {_FAMILY}",
            hint="name an image of your own in fairway:alicloud.image",
        )
    return str(max(fitting, key=lambda image: image["CreationTime"])["ImageId"])


def _processor(api: Api, instance_type: str) -> str:
    found = api.all("ecs", "DescribeInstanceTypes", InstanceTypes=[instance_type])
    if not found:
        raise CloudError(
            where=f"Alibaba Cloud {api.region}",
            what="the instance type is not known there",
            found=instance_type,
            hint="write it as the cloud's list of instance types does",
        )
    return PROCESSORS[found[0]["CpuArchitecture"]]


def _fits(image: Answer) -> bool:
    known = str(image["ImageId"]).startswith(_FAMILY)
    return known and image.get("IsSupportCloudinit") is not False
