"""Every key that a stack file may hold, once: the reader obeys it, the documentation shows it."""

from __future__ import annotations

from components.config.backup_keys import BACKUP
from components.config.cloud_keys import ALICLOUD, AWS, BASTION, EXISTING
from components.config.lab_keys import LAB
from components.config.model import CLOUDS, LAB_ZONES, ROLES, ROUTINGS
from components.config.schema import SEE_BELOW, Key, Section
from components.config.ssh_keys import KEYS

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
            meaning="Where the environment is built: `lab` is this computer, `aws` and `alicloud` "
            "are AWS and Alibaba Cloud.",
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
            name="keys",
            kind="mapping",
            default={},
            example=SEE_BELOW,
            meaning="Which SSH keys hosts and operator use; `./fairway rotate` writes it.",
        ),
        Key(
            name="backup",
            kind="mapping, or false",
            default={},
            otherwise="on in the lab, off on clouds",
            example=SEE_BELOW,
            meaning="Encrypted backups of the Swarm's state, made by the managers.",
        ),
        Key(
            name="autolock",
            kind="true or false",
            default=False,
            example="false",
            meaning="Managers encrypt their keys; one that restarts is unlocked by `pulumi up`.",
        ),
        Key(
            name="lab",
            kind="mapping",
            default={},
            example=SEE_BELOW,
            meaning="What only the lab understands.",
        ),
        Key(
            name="aws",
            kind="mapping",
            default={},
            example=SEE_BELOW,
            meaning="What AWS is told; required there, and refused elsewhere.",
        ),
        Key(
            name="alicloud",
            kind="mapping",
            default={},
            example=SEE_BELOW,
            meaning="What Alibaba Cloud is told; required there, and refused elsewhere.",
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
            name="routing",
            kind="one of: " + ", ".join(ROUTINGS),
            default="tables",
            example="tables",
            meaning="How packets find a container's host: `tables` is an entry for each host in "
            "every route table; `prefixes`, on AWS and the lab, are /28s of each host's "
            "network interface.",
        ),
        Key(
            name="containers",
            kind="CIDR",
            example="10.200.0.0/16",
            meaning="All container addresses. Outside the VPC and outside 100.64.0.0/10. "
            "Not with `prefixes`, where each zone has its own.",
        ),
        Key(
            name="host_prefix",
            kind="whole number, 16 to 28",
            default=24,
            example="24",
            meaning="Prefix length of one host's container CIDR: 24 gives 253 containers a host. "
            "24 to 28 with `prefixes`.",
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
            meaning="The cloud's own name. The lab offers " + ", ".join(LAB_ZONES) + ".",
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
            meaning="The zone's part of the container range; with `prefixes` a part of its own "
            "subnet, after the hosts' addresses. Host number n has its n-th block.",
        ),
        Key(
            name="public",
            kind="CIDR",
            default=None,
            otherwise="none",
            example="10.77.240.0/24",
            meaning="Clouds only: a second subnet for NAT gateway, bastion and load balancers.",
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
            kind="image of the cloud",
            default="",
            otherwise="`fairway:CLOUD.image`",
            example="bookworm",
            meaning="What the hosts boot.",
        ),
        Key(
            name="type",
            kind="instance type",
            default="",
            otherwise="`fairway:CLOUD.type`",
            example="m7i.large",
            meaning="Clouds only: the hosts' instance type.",
        ),
        Key(
            name="disk",
            kind="whole number, 20 to 16384",
            default=0,
            otherwise="`fairway:CLOUD.disk`",
            example="100",
            meaning="Clouds only: GiB of a host's system disk.",
        ),
        Key(
            name="spot",
            kind="true or false",
            default=False,
            example="false",
            meaning="Clouds only, workers only: cheaper machines that may be taken away.",
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

SECTIONS = (TOP, NETWORK, ZONE, POOL, KEYS, BACKUP, LAB, AWS, ALICLOUD, BASTION, EXISTING)
