"""The stand-in for pulumi-resource-alicloud as a process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from provider.process import serve
from tests.support.standin.account import REGION, Account
from tests.support.standin.alicloud_eip import EipAddress, EipAssociation
from tests.support.standin.alicloud_groups import SecurityGroup
from tests.support.standin.alicloud_instance import Instance
from tests.support.standin.alicloud_key_pair import KeyPair
from tests.support.standin.alicloud_kind import AlicloudKind, Cloud, Tasks
from tests.support.standin.alicloud_nat import NatGateway
from tests.support.standin.alicloud_ram_role import RamRoleAttachment
from tests.support.standin.alicloud_routes import VpcRouteEntry
from tests.support.standin.alicloud_rule import SecurityGroupRule
from tests.support.standin.alicloud_snat import SnatEntry
from tests.support.standin.alicloud_tables import RouteTable, RouteTableAttachment
from tests.support.standin.alicloud_vpc import Network, Switch
from tests.support.standin.place import open_place, settings
from tests.support.standin.server import Standin

VERSION: Final = "4.0.0"
KINDS: Final[tuple[type[AlicloudKind], ...]] = (
    *(Network, Switch, RouteTable, RouteTableAttachment, VpcRouteEntry, NatGateway, SnatEntry),
    *(EipAddress, EipAssociation, SecurityGroup, SecurityGroupRule, KeyPair, Instance),
    RamRoleAttachment,
)


def main() -> None:
    told = settings()
    cloud = Cloud(
        account=Account(Path(str(told["account"]))),
        place=open_place(),
        tasks=Tasks(
            float(str(told.get("task_seconds", 0.2))), float(str(told.get("task_patience", 0)))
        ),
        region=str(told.get("region", REGION)),
    )
    serve(Standin(VERSION, [kind(cloud) for kind in KINDS], {}), sys.argv[1:])


if __name__ == "__main__":
    main()
