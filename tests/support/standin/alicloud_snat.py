"""alicloud:vpc/snatEntry: checked and recorded, as gateways are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from provider.wire import Values
from tests.support.standin.account import Item, Kinds
from tests.support.standin.alicloud_items import at, known, needs, new_id
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table


class SnatEntry(AlicloudKind):
    """Whose packets a gateway translates, and to which of its addresses."""

    token = "alicloud:vpc/snatEntry:SnatEntry"
    held_as = "snat_entry"
    recorded_only = True
    life = Life(
        create="vpc:CreateSnatEntry",
        read="vpc:DescribeSnatTableEntries",
        update="vpc:ModifySnatEntry",
        delete="vpc:DeleteSnatEntry vpc:DescribeSnatTableEntries",
    )
    args = Table(
        required="snat_ip snat_table_id",
        replace="snat_table_id source_cidr source_vswitch_id",
        update="eip_affinity snat_entry_name snat_ip",
        computed="source_cidr source_vswitch_id",
        shapes={"number": "eip_affinity"},
    ).args()
    lengths: ClassVar = {"snatEntryName": (2, 128)}

    def rules(self, inputs: Values) -> Sequence[str]:
        told = list(super().rules(inputs))
        if len({"sourceCidr", "sourceVswitchId"} & set(inputs)) != 1:
            told.append("one of 'sourceCidr', 'sourceVswitchId' is needed")
        return told

    def outputs(self) -> tuple[str, ...]:
        return ("snatEntryId", "status")

    def make(self, inputs: Values) -> str:
        entry = new_id("snat")
        table = inputs["snatTableId"]
        with self.cloud.account.open() as kinds:
            _check_snat(kinds, inputs)
            for other in kinds["snat_entry"].values():
                same = other["SourceVSwitchId"] == inputs.get("sourceVswitchId", "")
                if same and other["SnatTableId"] == table and other["SourceVSwitchId"]:
                    raise Refused("IncorretSnatEntry.Duplicated", "The vSwitch has an entry.")
            kinds["snat_entry"][f"{table}:{entry}"] = {
                "SnatEntryId": entry,
                "SnatTableId": table,
                "SourceVSwitchId": inputs.get("sourceVswitchId", ""),
                "SourceCIDR": inputs.get("sourceCidr", ""),
                "SnatIp": inputs["snatIp"],
                "SnatEntryName": inputs.get("snatEntryName", ""),
                "Status": "Available",
            }
        return f"{table}:{entry}"

    def show(self, item: Item, outputs: Values) -> Values:
        own = {"sourceCidr": item["SourceCIDR"], "sourceVswitchId": item["SourceVSwitchId"]}
        return {
            "snatIp": item["SnatIp"],
            "snatTableId": item["SnatTableId"],
            "snatEntryId": item["SnatEntryId"],
            "status": item["Status"],
            **{key: value for key, value in own.items() if value},
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.account.open() as kinds:
            _check_snat(kinds, new)
            name = new.get("snatEntryName", "")
            kinds["snat_entry"][id] |= {"SnatIp": new["snatIp"], "SnatEntryName": name}

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            del kinds["snat_entry"][id]


def _check_snat(kinds: Kinds, inputs: Values) -> None:
    """A gateway translates to addresses that it holds."""
    table = inputs["snatTableId"]
    found = [
        gateway["NatGatewayId"]
        for gateway in kinds["nat_gateway"].values()
        if table in at(gateway, "SnatTableIds", "SnatTableId")
    ]
    if not found:
        raise Refused("InvalidSnatTableId.NotFound", f"There is no SNAT table {table}.")
    held = [e["IpAddress"] for e in kinds["eip"].values() if e["InstanceId"] == found[0]]
    for address in inputs["snatIp"].split(","):
        if address not in held:
            raise Refused("InvalidIp.NotInNatgw", f"{address} is not an address of {found[0]}.")
    if known(inputs, "sourceVswitchId"):
        needs(kinds, "vswitch", inputs["sourceVswitchId"], "InvalidVSwitchId.NotFound")
