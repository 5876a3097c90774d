"""How an instance is started, changed in place and ended: the requests of the real provider."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from provider.wire import Values
from tests.support.standin.aws_api import Api, Row
from tests.support.standin.aws_instance_checks import raw_user_data
from tests.support.standin.aws_kind import Cloud, differs, given
from tests.support.standin.kind import Refused

_STOP_FOR: Final = ("instanceType", "userData", "userDataBase64")
_FLAGS: Final = {
    "sourceDestCheck": "SourceDestCheck",
    "disableApiTermination": "DisableApiTermination",
    "disableApiStop": "DisableApiStop",
}


def run_words(inputs: Values, tags: dict[str, str], root: str) -> Row:
    """RunInstances, with one interface that goes when the instance goes."""
    interface: Row = {
        "DeviceIndex": 0,
        "SubnetId": inputs["subnetId"],
        "Groups": inputs["vpcSecurityGroupIds"],
        "DeleteOnTermination": True,
        **given(inputs, PrivateIpAddress="privateIp"),
    }
    found: Row = {
        "ImageId": inputs["ami"],
        "MinCount": 1,
        "MaxCount": 1,
        "NetworkInterfaces": [interface],
        "TagSpecifications": _tagged(tags, inputs.get("volumeTags", {})),
        "UserData": raw_user_data(inputs),
        **given(
            inputs,
            InstanceType="instanceType",
            KeyName="keyName",
            EbsOptimized="ebsOptimized",
            DisableApiStop="disableApiStop",
            InstanceInitiatedShutdownBehavior="instanceInitiatedShutdownBehavior",
        ),
        **_metadata(inputs),
        **_disks(inputs, root),
    }
    if "iamInstanceProfile" in inputs:
        found["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
    if inputs.get("instanceMarketOptions"):
        market = inputs["instanceMarketOptions"].get("marketType", "spot")
        found["InstanceMarketOptions"] = {"MarketType": market}
    return found


def after_run(cloud: Cloud, instance: str, inputs: Values) -> None:
    """What is said in requests of its own. Moto does not hear the protection in RunInstances."""
    if inputs.get("disableApiTermination"):
        protect(cloud.unseen, instance, protected=True)
    if inputs.get("sourceDestCheck") is False:
        value = {"SourceDestCheck": {"Value": False}}
        cloud.api.ask("ec2:ModifyInstanceAttribute", InstanceId=instance, **value)


def protect(api: Api, instance: str, *, protected: bool) -> None:
    value = {"DisableApiTermination": {"Value": protected}}
    api.ask("ec2:ModifyInstanceAttribute", InstanceId=instance, **value)


def terminate(api: Api, instance: str) -> None:
    """End an instance whatever protects it; one that is gone is fine."""
    with suppress(Refused):
        protect(api, instance, protected=False)
        api.ask("ec2:TerminateInstances", InstanceIds=[instance])


def alter(cloud: Cloud, row: Row, old: Values, new: Values) -> bool:
    """Change an instance in place; tells whether it was stopped for that."""
    instance = row["InstanceId"]
    for name, word in _FLAGS.items():
        if differs(old, new, name):
            value = {word: {"Value": new[name]}}
            cloud.api.ask("ec2:ModifyInstanceAttribute", InstanceId=instance, **value)
    if sorted(old.get("vpcSecurityGroupIds", [])) != sorted(new["vpcSecurityGroupIds"]):
        _regroup(cloud, row, new["vpcSecurityGroupIds"])
    if differs(old, new, "metadataOptions"):
        options = _metadata(new)["MetadataOptions"]
        cloud.api.ask("ec2:ModifyInstanceMetadataOptions", InstanceId=instance, **options)
    if differs(old, new, "iamInstanceProfile"):
        _carry(cloud.api, instance, new["iamInstanceProfile"])
    if differs(old, new, "rootBlockDevice"):
        _resize(cloud.api, row, new["rootBlockDevice"])
    if differs(old, new, "volumeTags"):
        tags = _pairs(new["volumeTags"])
        cloud.api.ask("ec2:CreateTags", Resources=[_root(row)["VolumeId"]], Tags=tags)
    return _while_stopped(cloud.api, instance, old, new)


def _while_stopped(api: Api, instance: str, old: Values, new: Values) -> bool:
    changed = [name for name in _STOP_FOR if differs(old, new, name)]
    if not changed:
        return False
    api.ask("ec2:StopInstances", InstanceIds=[instance])
    if "instanceType" in changed:
        value: Row = {"InstanceType": {"Value": new["instanceType"]}}
    else:
        value = {"UserData": {"Value": raw_user_data(new)}}
    api.ask("ec2:ModifyInstanceAttribute", InstanceId=instance, **value)
    api.ask("ec2:StartInstances", InstanceIds=[instance])
    return True


def _regroup(cloud: Cloud, row: Row, groups: list[str]) -> None:
    interface = row["NetworkInterfaces"][0]["NetworkInterfaceId"]
    words = {"NetworkInterfaceId": interface, "Groups": groups}
    cloud.api.ask("ec2:ModifyNetworkInterfaceAttribute", **words)
    # Moto keeps the groups of the instance beside those of its interface.
    cloud.unseen.ask("ec2:ModifyInstanceAttribute", InstanceId=row["InstanceId"], Groups=groups)


def _carry(api: Api, instance: str, profile: str) -> None:
    api.note("iam:PassRole")
    asked = [{"Name": "instance-id", "Values": [instance]}]
    key = "IamInstanceProfileAssociations"
    held = api.one("ec2:DescribeIamInstanceProfileAssociations", key, Filters=asked)
    words: Row = {"IamInstanceProfile": {"Name": profile}}
    if held:
        words["AssociationId"] = held["AssociationId"]
        api.ask("ec2:ReplaceIamInstanceProfileAssociation", **words)
    else:
        api.ask("ec2:AssociateIamInstanceProfile", InstanceId=instance, **words)


def _resize(api: Api, row: Row, disk: Any) -> None:
    volume = _root(row)["VolumeId"]
    words = {"Size": "volumeSize", "VolumeType": "volumeType", "Iops": "iops"}
    held = api.rows("ec2:DescribeVolumes", "Volumes", VolumeIds=[volume])[0]
    if disk.get("volumeSize", held["Size"]) < held["Size"]:
        message = "New size cannot be smaller than existing size"
        raise Refused("InvalidParameterValue", message)
    api.ask("ec2:ModifyVolume", VolumeId=volume, **given(disk, **words))


def _root(row: Row) -> Row:
    mappings = row["BlockDeviceMappings"]
    root: Row = next(e["Ebs"] for e in mappings if e["DeviceName"] == row["RootDeviceName"])
    return root


def _metadata(inputs: Values) -> Row:
    options = inputs.get("metadataOptions")
    if not options:
        return {}
    return {"MetadataOptions": {name[0].upper() + name[1:]: v for name, v in options.items()}}


def _disks(inputs: Values, root: str) -> Row:
    disk = inputs.get("rootBlockDevice")
    if not disk:
        return {}
    words = given(
        disk,
        VolumeSize="volumeSize",
        VolumeType="volumeType",
        Encrypted="encrypted",
        KmsKeyId="kmsKeyId",
        Iops="iops",
        Throughput="throughput",
    )
    words["DeleteOnTermination"] = disk.get("deleteOnTermination", True)
    return {"BlockDeviceMappings": [{"DeviceName": root, "Ebs": words}]}


def _tagged(tags: dict[str, str], of_volumes: dict[str, str]) -> list[Row]:
    kinds = (("instance", tags), ("volume", of_volumes))
    return [{"ResourceType": kind, "Tags": _pairs(own)} for kind, own in kinds if own]


def _pairs(tags: dict[str, str]) -> list[Row]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
