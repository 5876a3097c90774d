"""The settings of the chosen cloud, read by the tables of keys into their types."""

from __future__ import annotations

from components.config import values
from components.config.cloud_keys import (
    ALICLOUD,
    AWS,
    BASTION,
    DISK_CATEGORIES,
    EXISTING,
)
from components.config.cursor import Cursor
from components.config.forms import image_of, type_of
from components.config.lab_keys import LAB
from components.config.model import (
    BETWEEN_HOSTS,
    CLOUDS,
    NATS,
    AlicloudSettings,
    AwsSettings,
    Bastion,
    Cloud,
    Existing,
    LabSettings,
    Settings,
)
from components.config.reader import UNREAD

_REGION = values.fitting(r"[a-z]{2}(-[a-z]+)+(-\d)?", "a region", "write it as the cloud does")
_TAG = values.fitting(r"(?!aws:|acs:|https?:)[A-Za-z0-9 _.:/=+@-]{1,128}", "a tag", "change it")


def read_settings(top: Cursor, cloud: Cloud) -> Settings:
    """What the chosen cloud is told; what is meant for another one is a fault."""
    for other in CLOUDS:
        if other != cloud and top.given(other):
            top.fault(
                other,
                "belongs to another cloud",
                found=f"fairway:cloud is {cloud}",
                wanted=f"fairway:{cloud} alone",
                hint=f"take it away, or set fairway:cloud to {other}",
            )
    match cloud:
        case "lab":
            return read_lab(top.sub("lab", LAB))
        case "aws":
            return read_aws(top.sub("aws", AWS))
        case "alicloud":
            return read_alicloud(top.sub("alicloud", ALICLOUD))


def read_lab(at: Cursor) -> LabSettings:
    """What only the lab understands."""
    return LabSettings(
        image=at.take("image", image_of("lab"), ""),
        route_quota=at.take("route_quota", values.whole(1, 1000), 1),
        uplink=at.take("uplink", values.link, UNREAD),
    )


def read_aws(at: Cursor) -> AwsSettings:
    """What AWS is told."""
    return AwsSettings(
        **_common(at, "aws"),  # type: ignore[arg-type]  # checked by the dataclass's own tests
        ssm=at.take("ssm", values.flag, blank=False),
    )


def read_alicloud(at: Cursor) -> AlicloudSettings:
    """What Alibaba Cloud is told."""
    return AlicloudSettings(
        **_common(at, "alicloud"),  # type: ignore[arg-type]  # as above
        disk_category=at.take("disk_category", values.one_of(DISK_CATEGORIES, "disks"), ""),
        bandwidth=at.take("bandwidth", values.whole(1, 200), 1),
    )


def _common(at: Cursor, cloud: Cloud) -> dict[str, object]:
    image = at.take("image", image_of(cloud), "")
    return {
        "region": at.take("region", _REGION, ""),
        "image": image,
        "type": at.take("type", type_of(cloud), ""),
        "disk": at.take("disk", values.whole(20, 16384), 20),
        "route_quota": at.take("route_quota", values.whole(1, 1000), 1),
        "nat": at.take("nat", values.one_of(NATS, "kinds of NAT"), "none"),
        "bastion": _bastion(at.sub("bastion", BASTION), cloud, image)
        if at.given("bastion")
        else None,
        "ssh_from": at.listed("ssh_from", values.source),
        "between_hosts": at.take(
            "between_hosts", values.one_of(BETWEEN_HOSTS, "choices"), "services"
        ),
        "protect": at.take("protect", values.flag, blank=True),
        "owner": at.take("owner", _TAG, ""),
        "tags": at.pairs("tags", _TAG, values.text),
        "existing": _existing(at.sub("existing", EXISTING)) if at.given("existing") else None,
        "kms_key": at.take("kms_key", values.text, "") if at.given("kms_key") else "",
    }


def _bastion(at: Cursor, cloud: Cloud, image: str) -> Bastion:
    return Bastion(
        zone=at.take("zone", values.text, ""),
        type=at.take("type", type_of(cloud), ""),
        image=at.take("image", image_of(cloud), "") if at.given("image") else image,
    )


def _existing(at: Cursor) -> Existing:
    return Existing(
        vpc=at.take("vpc", values.text, ""),
        subnets=at.pairs("subnets", values.text, values.text),
        tables=at.pairs("tables", values.text, values.text),
        public=at.pairs("public", values.text, values.text),
    )
