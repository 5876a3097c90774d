"""The stand-in for pulumi-resource-aws as a process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from provider.process import serve
from tests.support.standin.aws_addresses import Eip, EipAssociation
from tests.support.standin.aws_api import Api
from tests.support.standin.aws_blocks import VpcIpv4CidrBlockAssociation
from tests.support.standin.aws_gateways import InternetGateway, NatGateway
from tests.support.standin.aws_groups import SecurityGroup
from tests.support.standin.aws_iam import InstanceProfile, Role, RolePolicyAttachment
from tests.support.standin.aws_instance import Instance
from tests.support.standin.aws_key_pair import KeyPair
from tests.support.standin.aws_kind import AwsKind, Cloud
from tests.support.standin.aws_reservation import SubnetCidrReservation
from tests.support.standin.aws_routes import Route
from tests.support.standin.aws_rules import SecurityGroupEgressRule, SecurityGroupIngressRule
from tests.support.standin.aws_tables import RouteTable, RouteTableAssociation
from tests.support.standin.aws_vpc import Subnet, Vpc
from tests.support.standin.place import open_place, settings
from tests.support.standin.server import Standin

VERSION: Final = "7.51.1"
KINDS: Final[tuple[type[AwsKind], ...]] = (
    *(Vpc, Subnet, SubnetCidrReservation, InternetGateway, NatGateway),
    *(RouteTable, RouteTableAssociation, Route),
    *(Eip, EipAssociation, SecurityGroup, SecurityGroupIngressRule, SecurityGroupEgressRule),
    *(KeyPair, Role, RolePolicyAttachment, InstanceProfile, Instance),
    VpcIpv4CidrBlockAssociation,
)


def main() -> None:
    told = settings()
    endpoint, region = str(told["endpoint"]), str(told.get("region", "eu-central-1"))
    quotas: dict[str, object] = {key: told[key] for key in ("routes", "rules") if key in told}
    cloud = Cloud(
        api=Api(endpoint, region, Path(str(told["folder"]))),
        unseen=Api(endpoint, region),
        place=open_place(),
        patience=float(str(told.get("patience", 60))),
        **quotas,  # type: ignore[arg-type]
    )
    standin = Standin(VERSION, [kind(cloud) for kind in KINDS], {})
    standin.configure = cloud.configure
    serve(standin, sys.argv[1:])


if __name__ == "__main__":
    main()
