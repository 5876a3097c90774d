"""The keys of the two clouds: what both share stands once."""

from __future__ import annotations

from components.config.model import BETWEEN_HOSTS, NATS
from components.config.schema import SEE_BELOW, Key, Section

DISK_CATEGORIES = ("cloud_essd", "cloud_auto", "cloud_ssd", "cloud_efficiency")


SHARED = (
    Key(
        name="disk",
        kind="whole number, 20 to 16384",
        default=40,
        example="40",
        meaning="GiB of a host's system disk, which is always encrypted.",
    ),
    Key(
        name="nat",
        kind="one of: " + ", ".join(NATS),
        default="zone",
        example="one",
        meaning="NAT gateways: one in each `zone`; `one` costs less and is lost with its "
        "zone; `none` leaves hosts without a way out.",
    ),
    Key(
        name="bastion",
        kind="mapping",
        default=None,
        otherwise="none",
        example=SEE_BELOW,
        meaning="A small host with a public address, the way in to all others.",
    ),
    Key(
        name="ssh_from",
        kind="list of CIDRs",
        default=(),
        example="[203.0.113.0/24]",
        meaning="Who may open SSH: to the bastion, or to the hosts where there is none.",
    ),
    Key(
        name="between_hosts",
        kind="one of: " + ", ".join(BETWEEN_HOSTS),
        default="services",
        example="services",
        meaning="What hosts may open on each other: `services` is every port but SSH, for "
        "published ports and for containers of other hosts; `swarm` is Swarm's ports alone. "
        "Containers reach containers either way.",
    ),
    Key(
        name="protect",
        kind="true or false",
        default=True,
        example="true",
        meaning="Refuse to destroy the stack, and machines by any other tool than Pulumi.",
    ),
    Key(
        name="owner",
        kind="text",
        example="team-payments",
        meaning="A tag on everything, for whoever reads the bill.",
    ),
    Key(
        name="tags",
        kind="mapping of text to text",
        default={},
        example="{cost-centre: '4711'}",
        meaning="More tags on everything.",
    ),
    Key(
        name="existing",
        kind="mapping",
        default=None,
        otherwise="none: a new VPC",
        example=SEE_BELOW,
        meaning="A VPC of yours to build in; nothing of it changes but entries of ours.",
    ),
    Key(
        name="kms_key",
        kind="id of a key",
        default="",
        otherwise="the cloud's own",
        example="1234abcd-12ab-34cd-56ef-1234567890ab",
        meaning="The key that encrypts disks.",
    ),
)


def _own(*, region: str, image: str, kind: str, quota: int) -> tuple[Key, ...]:
    """The keys that both clouds have, each with examples of its own."""
    return (
        Key(name="region", kind="name of a region", example=region, meaning="Where it stands."),
        Key(
            name="image",
            kind="id of an image",
            example=image,
            meaning="What hosts boot: Debian or Ubuntu with cloud-init. Pinned; "
            "`./fairway image STACK` writes the newest here.",
        ),
        Key(
            name="type",
            kind="instance type",
            example=kind,
            meaning="The hosts' instance type, where their pool names none.",
        ),
        Key(
            name="route_quota",
            kind="whole number, 1 to 1000",
            default=quota,
            example=str(quota),
            meaning="Entries that one route table takes in your account.",
        ),
    )


AWS = Section(
    "fairway:aws",
    (
        *_own(region="eu-central-1", image="ami-0123456789abcdef0", kind="m7i.large", quota=500),
        *SHARED,
        Key(
            name="ssm",
            kind="true or false",
            default=False,
            example="false",
            meaning="Reach hosts by Session Manager instead of a bastion; no port is open.",
        ),
    ),
)

ALICLOUD = Section(
    "fairway:alicloud",
    (
        *_own(
            region="eu-central-1",
            image="debian_12_11_x64_20G_alibase_20250630.vhd",
            kind="ecs.g8i.large",
            quota=200,
        ),
        *SHARED,
        Key(
            name="disk_category",
            kind="one of: " + ", ".join(DISK_CATEGORIES),
            default="cloud_essd",
            example="cloud_essd",
            meaning="Kind of the system disks.",
        ),
        Key(
            name="bandwidth",
            kind="whole number, 1 to 200",
            default=100,
            example="100",
            meaning="Mbit/s that each public address may use; paid by traffic.",
        ),
    ),
)

BASTION = Section(
    "fairway:CLOUD.bastion",
    (
        Key(
            name="zone",
            kind="name of a zone",
            example="a",
            meaning="The zone, by its name in `fairway:network.zones`.",
        ),
        Key(
            name="type",
            kind="instance type",
            example="t3.nano",
            meaning="It forwards SSH and does nothing else: the smallest is enough.",
        ),
        Key(
            name="image",
            kind="id of an image",
            default="",
            otherwise="the hosts' image",
            example="ami-0123456789abcdef0",
            meaning="What it boots; needed where its processor is not the hosts'.",
        ),
    ),
)

EXISTING = Section(
    "fairway:CLOUD.existing",
    (
        Key(
            name="vpc",
            kind="id of a VPC",
            example="vpc-0123456789abcdef0",
            meaning="The VPC; `fairway:network.vpc` is its CIDR.",
        ),
        Key(
            name="subnets",
            kind="mapping of zone to id",
            example="{a: subnet-0123456789abcdef0}",
            meaning="Where hosts are put; each has the CIDR of its zone's `subnet`.",
        ),
        Key(
            name="tables",
            kind="mapping of zone to id",
            example="{a: rtb-0123456789abcdef0}",
            meaning="The route table of each subnet. Ours are the entries for containers.",
        ),
        Key(
            name="public",
            kind="mapping of zone to id",
            default={},
            example="{a: subnet-0fedcba9876543210}",
            meaning="Subnets with an internet gateway, for the bastion.",
        ),
    ),
)
