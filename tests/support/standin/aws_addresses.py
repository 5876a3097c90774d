"""aws:ec2/eip and eipAssociation: a public address that leads to an instance or a NAT gateway.

An address is one of TEST-NET-2. Where it leads to an instance, this computer reaches the
instance's machine by it.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address
from typing import ClassVar

from provider.wire import Values
from tests.support.standin.aws_api import Row
from tests.support.standin.aws_asked import address_row, gateway_of, interface_row, running_row
from tests.support.standin.aws_kind import AwsKind, Cloud, Rules, arn, given
from tests.support.standin.kind import Refused
from tests.support.standin.place import public_addresses
from tests.support.standin.table import Table

_TARGETS = ("instance", "networkInterface")


class Eip(AwsKind):
    """An address of ours, perhaps with where it leads."""

    token = "aws:ec2/eip:Eip"
    tagged = "elastic-ip"
    more = (
        "allocationId arn associationId carrierIp customerOwnedIp privateDns privateIp ptrRecord"
        " publicDns publicIp"
    )
    args = Table(
        replace="address domain ipam_pool_id network_border_group public_ipv4_pool region",
        update="associate_with_private_ip customer_owned_ipv4_pool instance network_interface tags",
        computed="domain instance ipam_pool_id network_border_group network_interface"
        " public_ipv4_pool region",
        shapes={"map": "tags"},
        one_of={"domain": "vpc standard"},
    ).args()

    def make(self, name: str, inputs: Values) -> str:
        with self.cloud.lock:
            made = self.api.ask(
                "ec2:AllocateAddress",
                Domain="vpc",
                Address=self._free(inputs),
                **self.tag_words(inputs),
            )
        allocation = str(made["AllocationId"])
        with self.building(allocation, inputs):
            self._lead(allocation, inputs)
        return allocation

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        return self.api.one("ec2:DescribeAddresses", "Addresses", AllocationIds=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        self.api.note("ec2:DescribeAddressesAttribute")
        return {
            "allocationId": row["AllocationId"],
            "arn": arn("ec2", self.api.region, f"elastic-ip/{row['AllocationId']}"),
            "associationId": row.get("AssociationId") or "",
            "domain": "vpc",
            "instance": row.get("InstanceId") or "",
            "networkInterface": row.get("NetworkInterfaceId") or "",
            "privateIp": row.get("PrivateIpAddress") or "",
            "publicIp": row["PublicIp"],
            "region": self.api.region,
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        if any(old.get(name, "") != new.get(name, old.get(name, "")) for name in _TARGETS):
            release(self.cloud, id)
            self._lead(id, new)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with suppress(Refused):
            release(self.cloud, id)
        self.api.ask("ec2:ReleaseAddress", AllocationId=id)

    def _free(self, inputs: Values) -> str:
        rows = self.unseen.rows("ec2:DescribeAddresses", "Addresses")
        taken = {row["PublicIp"] for row in rows}
        free = next(address for address in public_addresses() if address not in taken)
        return str(inputs.get("address", free))

    def _lead(self, allocation: str, inputs: Values) -> None:
        words = given(
            inputs,
            InstanceId="instance",
            NetworkInterfaceId="networkInterface",
            PrivateIpAddress="associateWithPrivateIp",
        )
        if "InstanceId" in words or "NetworkInterfaceId" in words:
            associate(self.cloud, allocation, words)


class EipAssociation(AwsKind):
    """Where an address leads; all of it is replaced."""

    token = "aws:ec2/eipAssociation:EipAssociation"
    args = Table(
        replace="allocation_id allow_reassociation instance_id network_interface_id"
        " private_ip_address public_ip region",
        computed="allocation_id instance_id network_interface_id private_ip_address public_ip"
        " region",
        shapes={"flag": "allow_reassociation"},
    ).args()
    targets: ClassVar = frozenset({"instanceId", "networkInterfaceId"})

    def rules(self, inputs: Values) -> Rules:
        if "allocationId" not in inputs:
            return ["'allocationId' wanted: the address is one of a VPC"]
        wanted = "'instanceId' or 'networkInterfaceId' wanted"
        return [] if self.targets & inputs.keys() else [wanted]

    def make(self, name: str, inputs: Values) -> str:
        words = given(
            inputs,
            InstanceId="instanceId",
            NetworkInterfaceId="networkInterfaceId",
            PrivateIpAddress="privateIpAddress",
            AllowReassociation="allowReassociation",
        )
        return associate(self.cloud, inputs["allocationId"], words)

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        row = self.api.one(
            "ec2:DescribeAddresses",
            "Addresses",
            Filters=[{"Name": "association-id", "Values": [id]}],
        )
        return row if row and row.get("AssociationId") == id else None

    def show(self, row: Row, outputs: Values) -> Values:
        return {
            "allocationId": row["AllocationId"],
            "instanceId": row.get("InstanceId") or "",
            "networkInterfaceId": row.get("NetworkInterfaceId") or "",
            "privateIpAddress": row.get("PrivateIpAddress") or "",
            "publicIp": row["PublicIp"],
            "region": self.api.region,
        }

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        release(self.cloud, outputs["allocationId"])


def associate(cloud: Cloud, allocation: str, words: Row) -> str:
    """Let an address lead to an instance or an interface; gives the association's id."""
    with cloud.lock:
        row = address_row(cloud.unseen, allocation)
        if row.get("AssociationId") and not words.get("AllowReassociation"):
            message = f"resource {allocation} is already associated with associate-id"
            raise Refused("Resource.AlreadyAssociated", message)
        vpc, private, instance = _target(cloud, words)
        if not gateway_of(cloud.unseen, vpc):
            message = f"Network {vpc} is not attached to any internet gateway"
            raise Refused("Gateway.NotAttached", message)
        made = cloud.api.ask("ec2:AssociateAddress", AllocationId=allocation, **words)
    if instance:
        cloud.place.publish(IPv4Address(row["PublicIp"]), private)
    return str(made["AssociationId"])


def release(cloud: Cloud, allocation: str) -> None:
    """Let an address lead nowhere; one that leads nowhere already is fine."""
    row = address_row(cloud.api, allocation)
    if not row.get("AssociationId"):
        return
    cloud.api.ask("ec2:DisassociateAddress", AssociationId=row["AssociationId"])
    if row.get("InstanceId"):
        cloud.place.withdraw(IPv4Address(row["PublicIp"]))


def _target(cloud: Cloud, words: Row) -> tuple[str, IPv4Address, str]:
    """VPC, private address and instance of what an address shall lead to."""
    if "InstanceId" in words:
        instance = running_row(cloud.unseen, words["InstanceId"])
        return instance["VpcId"], IPv4Address(instance["PrivateIpAddress"]), words["InstanceId"]
    interface = interface_row(cloud.unseen, words["NetworkInterfaceId"])
    owner = (interface.get("Attachment") or {}).get("InstanceId", "")
    return interface["VpcId"], IPv4Address(interface["PrivateIpAddress"]), owner
