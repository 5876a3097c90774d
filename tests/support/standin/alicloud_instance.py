"""alicloud:ecs/instance: a machine of the lab, booted with exactly the user data it is given."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import ClassVar, Final

from lab.model import Machine
from provider.wire import Values
from tests.support.standin.account import Item, Kinds, tags_of
from tests.support.standin.alicloud_instance_items import card_of, count_addresses, fields, is_of
from tests.support.standin.alicloud_instance_rules import check_instance, check_place, free_address
from tests.support.standin.alicloud_instance_table import ARGS
from tests.support.standin.alicloud_items import at, forget, known, new_id, now
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.alicloud_routes import instance_of
from tests.support.standin.alicloud_user_data import decoded, size
from tests.support.standin.kind import Refused
from tests.support.standin.place import Instance as Wanted

LARGEST: Final = 16 * 1024  # bytes of user data before base64; newer pages say 32 KB
# The provider changes these in place. The first it does by a new system disk: all that was on the
# old one is gone, and the user data runs again. After the next three the lab can only start a new
# machine too; the cloud keeps the disk, and the host is one whose address or user data is not what
# it was set up with. After the last two the machine has only been off for a moment.
NEW_DISK: Final = ("imageId",)
NEW_MACHINE: Final = (*NEW_DISK, "vswitchId", "privateIp", "userData")
RESTART: Final = ("instanceType", "keyName", "status")
_OFF_AND_ON: Final = "ecs:StopInstance ecs:StartInstance"


class Instance(AlicloudKind):
    """An instance with its primary interface; its id is the lab machine's name."""

    token = "alicloud:ecs/instance:Instance"
    held_as = "instance"
    life = Life(
        create="ecs:RunInstances ecs:TagResources ecs:ModifyInstanceAttribute",
        read="ecs:DescribeInstances ecs:DescribeDisks ecs:DescribeUserData"
        " ecs:DescribeInstanceRamRole ecs:DescribeInstanceAttribute ecs:DescribeNetworkInterfaces"
        " ecs:DescribeInstanceMaintenanceAttributes ecs:ListTagResources",
        update="ecs:ModifyInstanceAttribute ecs:TagResources ecs:UntagResources",
        delete="ecs:DeleteInstance ecs:DescribeInstances",
        also={
            "imageId": f"{_OFF_AND_ON} ecs:ReplaceSystemDisk ecs:AttachKeyPair",
            "instanceType": f"{_OFF_AND_ON} ecs:ModifyInstanceSpec",
            "keyName": "ecs:AttachKeyPair ecs:DetachKeyPair",
            "privateIp": f"{_OFF_AND_ON} ecs:ModifyInstanceVpcAttribute",
            "status": _OFF_AND_ON,
            "userData": _OFF_AND_ON,
            "vswitchId": f"{_OFF_AND_ON} ecs:ModifyInstanceVpcAttribute",
            "systemDiskSize": "ecs:ResizeDisk",
            "securityGroups": "ecs:JoinSecurityGroup ecs:LeaveSecurityGroup",
            "httpTokens": "ecs:ModifyInstanceMetadataOptions",
            "httpEndpoint": "ecs:ModifyInstanceMetadataOptions",
        },
    )
    args = ARGS
    # The provider's default: an instance that somebody stopped is a difference, and is started.
    defaults: ClassVar = {"status": "Running"}
    sets: ClassVar = frozenset({"securityGroups", "secondaryPrivateIps", "ipv6Addresses"})
    lengths: ClassVar = {"instanceName": (2, 128), "description": (2, 256)}

    def rules(self, inputs: Values) -> Sequence[str]:
        told = list(super().rules(inputs))
        needed = ("imageId", "instanceType", "securityGroups", "vswitchId")
        told += [f"missing required argument {name!r}" for name in needed if name not in inputs]
        if known(inputs, "instanceType") and not inputs["instanceType"].startswith("ecs."):
            told.append("argument 'instanceType': must begin with 'ecs.'")
        if known(inputs, "systemDiskSize") and not 20 <= inputs["systemDiskSize"] <= 2048:
            told.append("argument 'systemDiskSize': 20 to 2048 GiB wanted")
        hops = inputs.get("httpPutResponseHopLimit", 1)
        if known(inputs, "httpPutResponseHopLimit") and not 1 <= hops <= 64:
            told.append("argument 'httpPutResponseHopLimit': 1 to 64 wanted")
        return told

    def outputs(self) -> tuple[str, ...]:
        shown = ("cpu", "createTime", "memory", "osName", "osType", "primaryIpAddress", "publicIp")
        return (*shown, "networkInterfaceId", "privateIp", "availabilityZone", "systemDiskId")

    def make(self, inputs: Values) -> str:
        instance, card = new_id("i"), new_id("eni")
        if size(inputs.get("userData", "")) > LARGEST:
            raise Refused("InvalidUserData.SizeExceeded", "The user data is too large.")
        with self.cloud.account.open() as kinds:
            check_instance(kinds, inputs)
            switch = kinds["vswitch"][inputs["vswitchId"]]
            address = inputs.get("privateIp") or free_address(kinds, switch)
            kinds["instance"][instance] = {
                "InstanceId": instance,
                "RegionId": self.cloud.region,
                "CreationTime": now(),
                "Status": "Starting",
                **fields(kinds, inputs, address),
            }
            kinds["network_interface"][card] = card_of(card, instance, inputs, switch, address)
            kinds.setdefault("user_data", {})[instance] = {"UserData": inputs.get("userData", "")}
            count_addresses(kinds)
        with self.building(instance):
            self._boot(instance)
        self._mark(instance, "Running")
        return instance

    def show(self, item: Item, outputs: Values) -> Values:
        kinds = self.cloud.account.look()
        (card,) = [c for c in kinds["network_interface"].values() if is_of(c, item)]
        kind = kinds["instance_type"][item["InstanceType"]]
        spent = {"tags": tags_of(item)} if "tags" in outputs or tags_of(item) else {}
        bound = [e["IpAddress"] for e in kinds["eip"].values() if is_of(e, item)]
        return {
            "imageId": item["ImageId"],
            "instanceType": item["InstanceType"],
            "availabilityZone": item["ZoneId"],
            "vswitchId": item["VpcAttributes"]["VSwitchId"],
            "vpcId": item["VpcAttributes"]["VpcId"],
            "privateIp": card["PrivateIpAddress"],
            "primaryIpAddress": card["PrivateIpAddress"],
            "publicIp": next(iter(bound), ""),
            "networkInterfaceId": card["NetworkInterfaceId"],
            "securityGroups": item["SecurityGroupIds"]["SecurityGroupId"],
            "sourceDestCheck": card["SourceDestCheck"],
            "deletionProtection": item["DeletionProtection"],
            "instanceName": item["InstanceName"],
            "status": item["Status"],
            "cpu": kind["CpuCoreCount"],
            "memory": int(kind["MemorySize"] * 1024),
            "createTime": item["CreationTime"],
            "osName": at(kinds["image"].get(item["ImageId"], {}), "OSNameEn") or "",
            "osType": "linux",
            "systemDiskId": item["SystemDiskId"],
            **spent,
        }

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - the engine's word
        seen = super().read(id, outputs)
        if seen is None or self.cloud.place.runs(id):
            return seen
        return {**seen, "status": "Stopped"}

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - as above
        changed = {name for name in self.changes(old, new) if name in new}
        with self.cloud.account.open() as kinds:
            item = kinds["instance"][id]
            (card,) = [c for c in kinds["network_interface"].values() if is_of(c, item)]
            check_place(kinds, new, but=id)
            switch = kinds["vswitch"][new["vswitchId"]]
            moved = card["VSwitchId"] != switch["VSwitchId"]
            own = free_address(kinds, switch) if moved else card["PrivateIpAddress"]
            address = new.get("privateIp", own)
            fresh = new_id("d") if changed & {*NEW_DISK} else item["SystemDiskId"]
            item |= {**fields(kinds, new, address), "SystemDiskId": fresh}
            card |= card_of(card["NetworkInterfaceId"], id, new, switch, address)
            kinds.setdefault("user_data", {})[id] = {"UserData": new.get("userData", "")}
            count_addresses(kinds)
        if changed & {*NEW_MACHINE}:
            self.cloud.place.drop(Machine, id)
        elif changed & {*RESTART}:
            self.cloud.place.restart(id)
        self._boot(id)
        self._mark(id, "Running")

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        kinds = self.cloud.account.look()
        item = kinds["instance"][id]
        if item["DeletionProtection"]:
            # As the provider leaves it: neither `up` nor `destroy` lifts the protection first.
            raise Refused(
                "InvalidOperation.DeletionProtection",
                "The operation is not allowed due to deletion protection.",
            )
        if any(instance_of(kinds, entry) == id for entry in kinds["route_entry"].values()):
            # The real provider asks again for twenty minutes, which helps only where something
            # else takes the entry away meanwhile.
            raise Refused(
                "DependencyViolation.RouteEntry", "Specified instance is used by route entry."
            )
        self.cloud.place.drop(Machine, id)
        with self.cloud.account.open() as kinds:
            self.unmake(id, kinds)

    def built(self, id: str, item: Item) -> bool:  # noqa: A002 - as above
        return self.cloud.place.holds(Machine, id)

    def _boot(self, id: str) -> None:  # noqa: A002 - as above
        """Start the lab's machine, or bring it to what the account says; lead entries to it."""
        kinds = self.cloud.account.look()
        item = kinds["instance"][id]
        (card,) = [c for c in kinds["network_interface"].values() if is_of(c, item)]
        self.cloud.place.instance(
            Wanted(
                id=id,
                subnet=item["VpcAttributes"]["VSwitchId"],
                address=IPv4Address(card["PrivateIpAddress"]),
                image=item["ImageId"],
                groups=tuple(item["SecurityGroupIds"]["SecurityGroupId"]),
                user_data=decoded(kinds["user_data"][id]["UserData"]),
                source_dest_check=card["SourceDestCheck"],
            )
        )
        self._lead(kinds, id, IPv4Address(card["PrivateIpAddress"]))

    def _lead(self, kinds: Kinds, id: str, address: IPv4Address) -> None:  # noqa: A002 - as above
        """Lead to a machine what leads to its instance: it may be another one than before."""
        for entry in kinds["route_entry"].values():
            if instance_of(kinds, entry) == id:
                cidr = IPv4Network(entry["DestinationCidrBlock"])
                self.cloud.place.route(entry["RouteTableId"], cidr, id)
        for public in kinds["eip"].values():
            if public["InstanceId"] == id:
                self.cloud.place.publish(IPv4Address(public["IpAddress"]), address)

    def _mark(self, id: str, status: str) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            kinds["instance"][id]["Status"] = status

    def unmake(self, id: str, kinds: Kinds) -> None:  # noqa: A002 - as above
        super().unmake(id, kinds)
        kinds.setdefault("user_data", {}).pop(id, None)
        forget(kinds, "network_interface", "InstanceId", id)
        for address in kinds["eip"].values():
            if address["InstanceId"] == id:
                address |= {"InstanceId": "", "InstanceType": "", "Status": "Available"}
        count_addresses(kinds)
