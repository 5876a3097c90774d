"""alicloud:vpc/natGateway: checked and recorded; the lab has its own way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from provider.wire import Values
from tests.support.standin.account import Item, Kinds, vpc_tags
from tests.support.standin.alicloud_items import named, needs, new_id, now, shown
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

_ALL: Final = "0.0.0.0/0"


class NatGateway(AlicloudKind):
    """An enhanced gateway in a vSwitch; what a system table has not, it leads there."""

    token = "alicloud:vpc/natGateway:NatGateway"
    held_as = "nat_gateway"
    recorded_only = True
    life = Life(
        create="vpc:CreateNatGateway vpc:TagResources",
        read="vpc:DescribeNatGateways vpc:GetNatGatewayAttribute vpc:ListTagResources",
        update="vpc:ModifyNatGatewayAttribute vpc:TagResources vpc:UnTagResources",
        delete="vpc:DeleteNatGateway vpc:DescribeNatGateways",
        also={
            "deletionProtection": "vpc:DeletionProtection",
            "specification": "vpc:ModifyNatGatewaySpec",
        },
    )
    args = Table(
        required="vpc_id",
        replace="internet_charge_type payment_type vpc_id private_link_enabled access_mode"
        " availability_mode",
        update="description dry_run force nat_gateway_name nat_type period specification tags"
        " vswitch_id deletion_protection network_type eip_bind_mode icmp_reply_enabled",
        computed="internet_charge_type payment_type private_link_enabled access_mode"
        " availability_mode nat_type specification network_type eip_bind_mode vswitch_id",
        shapes={
            "flag": "dry_run force private_link_enabled deletion_protection icmp_reply_enabled",
            "number": "period",
            "map": "tags access_mode",
        },
        one_of={
            # Normal and PayBySpec are in the schema still; the API sells them no more.
            "internet_charge_type": "PayByLcu",
            "nat_type": "Enhanced",
            "payment_type": "PayAsYouGo Subscription",
            "network_type": "internet intranet",
            "eip_bind_mode": "MULTI_BINDED NAT",
            "availability_mode": "CrossAZ SingleAZ",
        },
    ).args()
    lengths: ClassVar = {"natGatewayName": (2, 128), "description": (2, 256)}

    def rules(self, inputs: Values) -> Sequence[str]:
        needed = [] if "vswitchId" in inputs else ["an enhanced gateway needs 'vswitchId'"]
        return [*super().rules(inputs), *needed]

    def outputs(self) -> tuple[str, ...]:
        return ("forwardTableIds", "snatTableIds", "status")

    def make(self, inputs: Values) -> str:
        gateway = new_id("ngw")
        with self.cloud.account.open() as kinds:
            vpc = needs(kinds, "vpc", inputs["vpcId"], "InvalidVpcId.NotFound")
            switch = needs(kinds, "vswitch", inputs["vswitchId"], "InvalidVSwitchId.NotFound")
            if switch["VpcId"] != vpc["VpcId"]:
                raise Refused("InvalidVSwitchId.NotFound", "The vSwitch is in another VPC.")
            kinds["nat_gateway"][gateway] = {
                "NatGatewayId": gateway,
                "VpcId": vpc["VpcId"],
                "Status": "Available",
                "NatType": "Enhanced",
                "NetworkType": inputs.get("networkType", "internet"),
                "CreationTime": now(),
                "NatGatewayPrivateInfo": {"VswitchId": switch["VSwitchId"]},
                "SnatTableIds": {"SnatTableId": [new_id("stb")]},
                "ForwardTableIds": {"ForwardTableId": [new_id("ftb")]},
                **_gateway(inputs),
            }
            if inputs.get("networkType", "internet") == "internet":
                _lead_system_table(kinds, vpc, gateway)
        return gateway

    def show(self, item: Item, outputs: Values) -> Values:
        return {
            "vpcId": item["VpcId"],
            "vswitchId": item["NatGatewayPrivateInfo"]["VswitchId"],
            "natType": item["NatType"],
            "networkType": item["NetworkType"],
            "deletionProtection": item["DeletionProtection"],
            "snatTableIds": item["SnatTableIds"]["SnatTableId"][0],
            "forwardTableIds": item["ForwardTableIds"]["ForwardTableId"][0],
            "status": item["Status"],
            **shown(item, outputs, "Name", "natGatewayName"),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        if old.get("vswitchId") != new.get("vswitchId"):
            raise Refused("OperationUnsupported.NatGateway", "A gateway stays in its vSwitch.")
        with self.cloud.account.open() as kinds:
            kinds["nat_gateway"][id] |= _gateway(new)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            item = kinds["nat_gateway"][id]
            if item["DeletionProtection"]:
                raise Refused("OperationDenied.DeletionProtection", "The gateway is protected.")
            if any(address["InstanceId"] == id for address in kinds["eip"].values()):
                raise Refused("DependencyViolation.EIPS", f"{id} still has addresses.")
            if any(_hop(e) == id and not e.get("Auto") for e in kinds["route_entry"].values()):
                raise Refused("DependencyViolation.RouteEntry", f"Entries still lead to {id}.")
            entries = kinds["route_entry"]
            kinds["route_entry"] = {k: e for k, e in entries.items() if _hop(e) != id}
            del kinds["nat_gateway"][id]


def _gateway(inputs: Values) -> Item:
    protected = bool(inputs.get("deletionProtection"))
    return {
        "DeletionProtection": protected,
        **named(inputs, "Name", "natGatewayName", vpc_tags),
    }


def _hop(entry: Item) -> str:
    return str(entry["NextHops"]["NextHop"][0]["NextHopId"])


def _lead_system_table(kinds: Kinds, vpc: Item, gateway: str) -> None:
    """CreateNatGateway's page: an entry for everything is added to the VPC's own table."""
    table = vpc["RouterTableIds"]["RouterTableIds"][0]
    kinds["route_entry"].setdefault(
        f"{table}:{_ALL}",
        {
            "RouteEntryId": new_id("rte"),
            "RouteTableId": table,
            "DestinationCidrBlock": _ALL,
            "Type": "Custom",
            "Status": "Available",
            "RouteEntryName": "",
            "Description": "",
            "NextHops": {"NextHop": [{"NextHopType": "NatGateway", "NextHopId": gateway}]},
            "Auto": True,
        },
    )
