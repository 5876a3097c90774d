"""The newest official Debian image for an instance type."""

from __future__ import annotations

from typing import Final

from components.clouds.aws.api import Api, Row, filters
from components.errors import CloudError

RELEASE: Final = "debian-12"
# Debian's own account for its images, see wiki.debian.org/Cloud/AmazonEC2Image/Bookworm. Names
# are debian-12-amd64-20250115-1993; backports have another, so that the pattern leaves them out.
OWNER: Final = "136693071363"
_ARCHITECTURES: Final = {"x86_64": "amd64", "arm64": "arm64"}


def newest(api: Api, instance_type: str) -> str:
    """The id of the newest Debian image that the type boots.

    Raises:
        CloudError: The API did not answer, or there is no such type or image.
    """
    built = _architecture(api, instance_type)
    wanted = {
        "name": f"{RELEASE}-{_ARCHITECTURES[built]}-*",
        "architecture": built,
        "state": "available",
    }
    rows = api.all("ec2:DescribeImages", "Images", Owners=[OWNER], Filters=filters(wanted))
    if not rows:
        raise CloudError(
            where=f"AWS {api.region}",
            what="Debian publishes no image here",
            found=f"none named {wanted['name']} of account {OWNER}",
            wanted="one",
            hint="choose an image of your own and write its id into the stack's file",
        )
    return str(max(rows, key=_age)["ImageId"])


def _age(row: Row) -> tuple[str, str]:
    return str(row["CreationDate"]), str(row["ImageId"])


def _architecture(api: Api, instance_type: str) -> str:
    asked = filters({"instance-type": instance_type})
    rows = api.all("ec2:DescribeInstanceTypes", "InstanceTypes", Filters=asked)
    built = rows[0]["ProcessorInfo"]["SupportedArchitectures"] if rows else []
    known = next((name for name in _ARCHITECTURES if name in built), "")
    if not known:
        raise CloudError(
            where=f"AWS {api.region}",
            what="Debian has no image for this instance type",
            found=f"{instance_type}, {' and '.join(built) or 'not a type of this region'}",
            wanted=" or ".join(_ARCHITECTURES),
            hint="choose another type",
        )
    return known
