"""aws:ec2/instance: a machine in the lab, booted with exactly the user data that it is given."""

from __future__ import annotations

import base64
import gzip
from ipaddress import IPv4Address
from typing import ClassVar, Final

from lab.model import Machine
from provider.wire import Values
from tests.support.standin import aws_instance_changes as changes
from tests.support.standin.aws_api import Row
from tests.support.standin.aws_asked import instance_row
from tests.support.standin.aws_instance_checks import Checks, raw_user_data
from tests.support.standin.aws_instance_show import shown
from tests.support.standin.aws_instance_table import ARGS, MORE, instance_faults
from tests.support.standin.aws_kind import AwsKind, Cloud, Rules, known
from tests.support.standin.kind import Change
from tests.support.standin.place import Instance as Placed

_USER_DATA: Final = ("userData", "userDataBase64")


class Instance(AwsKind):
    """An instance with one interface and one disk."""

    token = "aws:ec2/instance:Instance"
    tagged = "instance"
    more = MORE
    args = ARGS
    sets: ClassVar = frozenset({"vpcSecurityGroupIds"})

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._checks = Checks(cloud.unseen)

    def rules(self, inputs: Values) -> Rules:
        return instance_faults(inputs)

    def changes(self, old: Values, new: Values) -> dict[str, Change]:
        found = super().changes(old, new)
        if new.get("userDataReplaceOnChange"):
            found.update({name: "replace" for name in _USER_DATA if name in found})
        disks = old.get("rootBlockDevice", {}), new.get("rootBlockDevice", {})
        if any(disks[0].get(name) != disks[1].get(name) for name in ("encrypted", "kmsKeyId")):
            found["rootBlockDevice"] = "replace"
        if "instanceType" in found and known(new, "instanceType") and known(old, "instanceType"):
            able = [self._checks.architecture(each["instanceType"]) for each in (old, new)]
            if not able[0] & able[1]:
                found["instanceType"] = "replace"
        return found

    def make(self, name: str, inputs: Values) -> str:
        with self.cloud.lock:
            self._checks.instance(inputs)
            if "iamInstanceProfile" in inputs:
                self.api.note("iam:PassRole")
            self.api.note("ec2:DescribeImages")  # for the name of the disk that the image has
            root = self._checks.image(inputs["ami"])["RootDeviceName"]
            words = changes.run_words(inputs, self.all_tags(inputs), root)
            row = self.api.ask("ec2:RunInstances", **words)["Instances"][0]
        instance = str(row["InstanceId"])
        with self.building(instance, {**inputs, "forceDestroy": True}):
            changes.after_run(self.cloud, instance, inputs)
            self.place.instance(self._placed(row, inputs))
        return instance

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        row = instance_row(self.api, id)
        if row is None:
            return None
        if not self.place.holds(Machine, id):
            # Somebody took the machine away: the account learns of it, as a cloud has one truth.
            changes.terminate(self.cloud.unseen, id)
            return None
        if row["State"]["Name"] == "running" and not self.place.runs(id):
            self.unseen.ask("ec2:StopInstances", InstanceIds=[id])
            return instance_row(self.unseen, id)
        return row

    def show(self, row: Row, outputs: Values) -> Values:
        return shown(self.api, row, outputs)

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        row = self.look(id, old) or {}
        if old.get("vpcSecurityGroupIds") != new["vpcSecurityGroupIds"]:
            self._checks.groups(new["vpcSecurityGroupIds"], row)
        self._checks.profile(new.get("iamInstanceProfile"))
        stopped = changes.alter(self.cloud, row, old, new)
        # The user data of a machine is that of its first boot, as with cloud-init everywhere.
        first: Values = {name: old[name] for name in _USER_DATA if name in old}
        told: Values = {**new, **first}
        self.place.instance(self._placed(row, told))
        if stopped:
            self.place.restart(id)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        if outputs.get("disableApiTermination") and outputs.get("forceDestroy"):
            changes.protect(self.api, id, protected=False)
        self.api.ask("ec2:TerminateInstances", InstanceIds=[id])
        self.place.drop(Machine, id)

    def _placed(self, row: Row, inputs: Values) -> Placed:
        return Placed(
            id=row["InstanceId"],
            subnet=row["SubnetId"],
            address=IPv4Address(row["PrivateIpAddress"]),
            image=inputs["ami"],
            groups=tuple(sorted(inputs["vpcSecurityGroupIds"])),
            user_data=_text(raw_user_data(inputs)),
            source_dest_check=inputs.get("sourceDestCheck", True),
        )


def decoded(text: str) -> str:
    """User data as cloud-init reads it, from base64."""
    return _text(base64.b64decode(text))


def _text(raw: bytes) -> str:
    """What cloud-init makes of user data: it unpacks what is packed."""
    return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()
