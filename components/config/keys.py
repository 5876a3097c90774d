"""Every key that a stack file may hold, once: the reader obeys it, the documentation shows it."""

from __future__ import annotations

from components.config.model import CLOUDS, LAB_IMAGES, OFFERED_ZONES, ROLES
from components.config.schema import SEE_BELOW, Key, Section

_EXAMPLE_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGaRJvexve"
    "QWyePdqaFg06cJWYlIVpaT/F9OSZ1gIRp0 you@example.org"
)

TOP = Section(
    "fairway",
    (
        Key(
            name="cloud",
            kind="one of: " + ", ".join(CLOUDS),
            default="lab",
            example="lab",
            meaning="Where the environment is built. `lab` is this computer.",
        ),
        Key(
            name="network",
            kind="mapping",
            example=SEE_BELOW,
            meaning="The address ranges, each with one owner; no two may share an address.",
        ),
        Key(
            name="pools",
            kind="list",
            example=SEE_BELOW,
            meaning="Groups of hosts that are alike. At least one holds managers.",
        ),
        Key(
            name="survivable",
            kind="true or false",
            default=None,
            otherwise="true with more than one zone",
            example="true",
            meaning="Refuse a spread of managers that loses its quorum with any one zone.",
        ),
        Key(
            name="batch",
            kind="whole number, 1 to 100",
            default=1,
            example="2",
            meaning="How many workers may be replaced at the same time.",
        ),
        Key(
            name="operators",
            kind="list of OpenSSH public keys",
            default=(),
            example=f"[{_EXAMPLE_KEY}]",
            meaning="More people who may log in as root, beside the stack's own operator key.",
        ),
        Key(
            name="lab",
            kind="mapping",
            default={},
            example=SEE_BELOW,
            meaning="What only the lab understands.",
        ),
    ),
)

NETWORK = Section(
    "fairway:network",
    (
        Key(
            name="vpc",
            kind="CIDR",
            example="10.77.0.0/16",
            meaning="The VPC. Every vSwitch lies inside it.",
        ),
        Key(
            name="containers",
            kind="CIDR",
            example="10.200.0.0/16",
            meaning="All container addresses. Outside the VPC and outside 100.64.0.0/10.",
        ),
        Key(
            name="host_prefix",
            kind="whole number, 16 to 28",
            default=24,
            example="24",
            meaning="Prefix length of one host's container CIDR: 24 gives 253 containers a host.",
        ),
        Key(
            name="zones",
            kind="list",
            example=SEE_BELOW,
            meaning="The failure domains.",
        ),
        Key(
            name="docker0",
            kind="CIDR",
            default="172.30.0.0/24",
            example="172.30.0.0/24",
            meaning="Docker's default bridge, the same on every host, never routed.",
        ),
        Key(
            name="gwbridge",
            kind="CIDR",
            default="172.30.16.0/20",
            example="172.30.16.0/20",
            meaning="docker_gwbridge, the overlays' way out, the same on every host, never routed.",
        ),
        Key(
            name="overlays",
            kind="CIDR",
            default="172.28.0.0/16",
            example="172.28.0.0/16",
            meaning="Swarm's pool for overlay networks; a Swarm never changes it after its start.",
        ),
        Key(
            name="peers",
            kind="list of CIDRs",
            default=(),
            example="[192.168.0.0/24]",
            meaning="Networks of others that must stay reachable; nothing here may cover them.",
        ),
    ),
)

ZONE = Section(
    "fairway:network.zones[]",
    (
        Key(
            name="name",
            kind="name",
            example="a",
            meaning="Starts the names of the zone's hosts: `a` gives a1, a2. Ends in a letter.",
        ),
        Key(
            name="zone",
            kind="name of a zone of the cloud",
            default=None,
            otherwise="the name",
            example="a",
            meaning="The cloud's own name. The lab offers " + ", ".join(OFFERED_ZONES["lab"]) + ".",
        ),
        Key(
            name="subnet",
            kind="CIDR",
            example="10.77.0.0/20",
            meaning="The zone's vSwitch. Host number n has its address 10 + n.",
        ),
        Key(
            name="containers",
            kind="CIDR",
            example="10.200.0.0/18",
            meaning="The zone's part of the container range. Host number n has its n-th block.",
        ),
    ),
)

POOL = Section(
    "fairway:pools[]",
    (
        Key(name="name", kind="name", example="managers", meaning="Also the label `pool`."),
        Key(
            name="role",
            kind="one of: " + ", ".join(ROLES),
            example="manager",
            meaning="What the hosts are in the Swarm.",
        ),
        Key(
            name="first",
            kind="whole number, 1 to 65535",
            example="1",
            meaning="Number of the pool's first host in every zone. Changing it makes new hosts.",
        ),
        Key(
            name="size",
            kind="whole number, 1 to 65535",
            example="9",
            meaning="How many numbers the pool keeps for itself in every zone, used or not.",
        ),
        Key(
            name="hosts",
            kind="mapping of zone to whole number",
            example="{a: 1}",
            meaning="How many hosts there are in each zone.",
        ),
        Key(
            name="image",
            kind="one of: " + ", ".join(LAB_IMAGES),
            default="",
            otherwise="`fairway:lab.image`",
            example="bookworm",
            meaning="What the hosts boot.",
        ),
        Key(
            name="labels",
            kind="mapping of text to text",
            default={},
            example="{disk: fast}",
            meaning="Labels of the Swarm nodes. `zone` and `pool` are set for every host.",
        ),
    ),
)

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

SECTIONS = (TOP, NETWORK, ZONE, POOL, LAB)
