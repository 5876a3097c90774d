"""A stack on Alibaba Cloud, its account behind the HTTP fake, and what an `up` leaves there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from components.clouds.alicloud import api, preflight
from components.clouds.alicloud.api import Api
from components.clouds.findings import Findings
from components.clouds.tags import tags
from components.environment import Environment, read_environment
from components.host.bastion import BASTION
from components.plan import make_plan
from components.plan.model import Slot
from tests.support.environments import config
from tests.support.standin.account import (
    REGION,
    X86_IMAGE,
    Account,
    Item,
    Kinds,
    ecs_tags,
    vpc_tags,
)
from tests.support.standin.alicloud_api import AlicloudApi

SOURCE: Final = "stacks/Pulumi.prod.yaml"
VPC: Final = "vpc-own"
HOSTS: Final = "sg-hosts"
GATE: Final = "sg-bastion"

Wanted = dict[str, Any]
Change = Callable[[Wanted], object]


@contextmanager
def faked(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[AlicloudApi]:
    """A healthy account behind the fake, and an environment that leads there."""
    account = Account(folder)
    account.seed()
    for name in ("HTTP_PROXY", "http_proxy", "ALIBABA_CLOUD_SECURITY_TOKEN"):
        patch.delenv(name, raising=False)
    for limit in ("_CONNECT_MS", "_READ_MS"):  # the fake runs no more often than who asks it
        patch.setattr(api, limit, 120_000)
    with AlicloudApi(account) as fake:
        for name, value in fake.environ().items():
            patch.setenv(name, value)
        yield fake


def stack(change: Change = lambda _: None) -> Environment:
    """A sound stack of three zones and six hosts with a bastion, after `change`."""
    wanted = config()
    del wanted["lab"]
    for index, zone in enumerate(wanted["network"]["zones"]):
        zone["zone"] = REGION + zone["name"]
        zone["public"] = f"10.97.{240 + index}.0/24"
    wanted["cloud"] = "alicloud"
    wanted["alicloud"] = {
        "region": REGION,
        "image": X86_IMAGE,
        "type": "ecs.g8i.large",
        "bastion": {"zone": "a", "type": "ecs.t6-c1m1.large"},
        "ssh_from": ["203.0.113.0/24"],
        "owner": "team",
    }
    change(wanted)
    return read_environment(wanted, stack="prod", source=SOURCE)


def existing(wanted: Wanted) -> None:
    """The change of `stack` that builds in what `stand` has put up, as if it were another's."""
    wanted["alicloud"] |= {
        "nat": "none",
        "existing": {
            "vpc": VPC,
            "subnets": {zone: f"vsw-{zone}" for zone in "abc"},
            "tables": {zone: f"vtb-{zone}" for zone in "abc"},
            "public": {"a": "vsw-public-a"},
        },
    }


def check(change: Change = lambda _: None) -> Findings:
    """What the preflight of the changed stack finds."""
    environment = stack(change)
    return preflight.check(environment, make_plan(environment), Api(environment.settings.region))  # type: ignore[union-attr] # of a cloud


def stand(account: Account, environment: Environment, *, theirs: bool = False) -> None:
    """Put up what an `up` of this stack builds; `theirs` leaves out what is ours in their VPC."""
    with account.open() as kinds:
        _stand_network(kinds, environment, {} if theirs else tags(environment, "vpc"))
        if not theirs:
            for slot in make_plan(environment).slots:
                _stand_host(kinds, environment, slot)
            _stand_gate(kinds, environment)


def _stand_network(kinds: Kinds, environment: Environment, own: dict[str, str]) -> None:
    network = environment.network
    kinds["vpc"][VPC] = {
        "VpcId": VPC,
        "RegionId": REGION,
        "CidrBlock": str(network.vpc),
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": []},
        "Status": "Available",
        "CenStatus": "",
        "Tags": vpc_tags(own),
    }
    for zone in network.zones:
        _stand_table(kinds, zone.name, [f"vsw-{zone.name}"])
        _stand_switch(kinds, f"vsw-{zone.name}", zone.zone, str(zone.subnet), zone.name)
    _stand_table(kinds, "public", [f"vsw-public-{zone.name}" for zone in network.zones])
    for zone in network.zones:
        _stand_switch(kinds, f"vsw-public-{zone.name}", zone.zone, str(zone.public), "public")
    for group in (HOSTS, GATE):
        kinds["security_group"][group] = {
            "SecurityGroupId": group,
            "SecurityGroupName": group,
            "SecurityGroupType": "normal",
            "VpcId": VPC,
            "InnerAccessPolicy": "Drop",
            "Permissions": {"Permission": []},
            "Tags": ecs_tags(own and tags(environment, group.removeprefix("sg-"))),
        }


def _stand_table(kinds: Kinds, name: str, switches: list[str]) -> None:
    table = f"vtb-{name}"
    kinds["route_table"][table] = {
        "RouteTableId": table,
        "VpcId": VPC,
        "RouteTableType": "Custom",
        "VSwitchIds": {"VSwitchId": switches},
        "Status": "Available",
    }
    kinds["route_entry"][f"rte-{name}-local"] = {
        "RouteEntryId": f"rte-{name}-local",
        "RouteTableId": table,
        "DestinationCidrBlock": "10.97.0.0/16",
        "Type": "System",
        "Status": "Available",
        "NextHops": {"NextHop": []},
    }


def _stand_switch(kinds: Kinds, name: str, zone: str, cidr: str, table: str) -> None:
    kinds["vswitch"][name] = {
        "VSwitchId": name,
        "VpcId": VPC,
        "ZoneId": zone,
        "CidrBlock": cidr,
        "AvailableIpAddressCount": 200,
        "Status": "Available",
        "RouteTable": {"RouteTableId": f"vtb-{table}", "RouteTableType": "Custom"},
    }


def _stand_host(kinds: Kinds, environment: Environment, slot: Slot) -> None:
    tagged = tags(environment, slot.name, slot=slot.name, role=slot.role)
    machine(
        kinds,
        f"i-{slot.name}",
        zone=REGION + slot.zone,
        switch=f"vsw-{slot.zone}",
        address=str(slot.address),
        kind=slot.type,
        group=HOSTS,
        tagged=tagged,
        spot=slot.spot,
    )
    for zone in environment.network.zones:
        entry(kinds, f"vtb-{zone.name}", str(slot.containers), f"i-{slot.name}")


def _stand_gate(kinds: Kinds, environment: Environment) -> None:
    machine(
        kinds,
        "i-bastion",
        zone=f"{REGION}a",
        switch="vsw-public-a",
        address="10.97.240.10",
        kind="ecs.t6-c1m1.large",
        group=GATE,
        tagged=tags(environment, BASTION, role=BASTION),
    )
    for name in ("nat-a", "nat-b", "nat-c", BASTION):
        kinds["eip"][f"eip-{name}"] = {
            "AllocationId": f"eip-{name}",
            "IpAddress": "198.51.100.7",
            "Status": "InUse",
            "Tags": vpc_tags(tags(environment, name)),
        }


def machine(
    kinds: Kinds,
    name: str,
    *,
    zone: str,
    switch: str,
    address: str,
    kind: str,
    group: str,
    tagged: dict[str, str],
    spot: bool = False,
) -> None:
    """Put an instance and its primary interface into the account."""
    groups = {"SecurityGroupId": [group]}
    kinds["instance"][name] = {
        "InstanceId": name,
        "InstanceName": name,
        "InstanceType": kind,
        "ZoneId": zone,
        "RegionId": REGION,
        "Status": "Running",
        "SpotStrategy": "SpotAsPriceGo" if spot else "NoSpot",
        "VpcAttributes": {
            "VpcId": VPC,
            "VSwitchId": switch,
            "PrivateIpAddress": {"IpAddress": [address]},
        },
        "SecurityGroupIds": groups,
        "Tags": ecs_tags(tagged),
    }
    kinds["network_interface"][f"eni-{name}"] = {
        "NetworkInterfaceId": f"eni-{name}",
        "InstanceId": name,
        "Type": "Primary",
        "VpcId": VPC,
        "VSwitchId": switch,
        "PrivateIpAddress": address,
        "SourceDestCheck": False,
        "SecurityGroupIds": groups,
    }


def entry(kinds: Kinds, table: str, destination: str, hop: str, kind: str = "Instance") -> Item:
    """Put a route entry into the account."""
    name = f"rte-{table}-{destination}"
    kinds["route_entry"][name] = {
        "RouteEntryId": name,
        "RouteTableId": table,
        "DestinationCidrBlock": destination,
        "Type": "Custom",
        "Status": "Available",
        "NextHops": {"NextHop": [{"NextHopType": kind, "NextHopId": hop}]},
    }
    return kinds["route_entry"][name]
