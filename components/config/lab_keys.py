"""The keys of a stack file that only the lab understands."""

from __future__ import annotations

from components.config.model import LAB_IMAGES
from components.config.schema import Key, Section

LAB = Section(
    "fairway:lab",
    (
        Key(
            name="image",
            kind="one of: " + ", ".join(LAB_IMAGES),
            default="trixie",
            example="trixie",
            meaning="The Debian release that machines boot; it decides the Docker version.",
        ),
        Key(
            name="route_quota",
            kind="whole number, 1 to 1000",
            default=200,
            example="200",
            meaning="Entries that one route table takes: 200 as on Alibaba Cloud, AWS gives 500.",
        ),
        Key(
            name="uplink",
            kind="CIDR, a /30",
            default="10.76.77.0/30",
            example="10.76.77.0/30",
            meaning="The link between the lab's router and this computer. Each lab needs its own.",
        ),
    ),
)
