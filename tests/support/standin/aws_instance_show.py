"""What the provider reads back of an instance."""

from __future__ import annotations

import base64
from typing import Any, Final

from provider.wire import Values
from tests.support.standin.aws_api import Api, Row
from tests.support.standin.aws_kind import arn

_METADATA: Final = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "instanceMetadataTags": "InstanceMetadataTags",
}
_DISK: Final = {
    "volumeId": "VolumeId",
    "volumeSize": "Size",
    "volumeType": "VolumeType",
    "encrypted": "Encrypted",
    "iops": "Iops",
    "throughput": "Throughput",
    "kmsKeyId": "KmsKeyId",
}


def shown(api: Api, row: Row, outputs: Values) -> Values:
    """Inputs and outputs as the account has them."""
    instance = row["InstanceId"]
    interface = row["NetworkInterfaces"][0]
    # Asked by the real provider of every instance; nothing here is told by it.
    api.note("ec2:DescribeTags", "ec2:DescribeInstanceTypes")
    if row["InstanceType"].startswith("t"):
        api.note("ec2:DescribeInstanceCreditSpecifications")
    return {
        "ami": row["ImageId"],
        "arn": arn("ec2", api.region, f"instance/{instance}"),
        "associatePublicIpAddress": "Association" in interface,
        "availabilityZone": row["Placement"]["AvailabilityZone"],
        "ebsOptimized": row["EbsOptimized"],
        "instanceLifecycle": row.get("InstanceLifecycle", ""),
        "instanceState": row["State"]["Name"],
        "instanceType": row["InstanceType"],
        "keyName": row.get("KeyName", ""),
        "monitoring": row["Monitoring"]["State"] == "enabled",
        "primaryNetworkInterfaceId": interface["NetworkInterfaceId"],
        "privateDns": row["PrivateDnsName"],
        "privateIp": row["PrivateIpAddress"],
        "publicDns": row.get("PublicDnsName", ""),
        "publicIp": row.get("PublicIpAddress", ""),
        "region": api.region,
        "sourceDestCheck": row["SourceDestCheck"],
        "subnetId": row["SubnetId"],
        "tenancy": row["Placement"]["Tenancy"],
        "vpcSecurityGroupIds": _groups(interface, outputs),
        "metadataOptions": _part(outputs, "metadataOptions", _words(row["MetadataOptions"])),
        **_profile(row, outputs),
        **_attributes(api, instance, outputs),
        **_disk(api, row, outputs),
    }


def _groups(interface: Row, outputs: Values) -> list[str]:
    """The groups; in the program's order where they are the same."""
    found = sorted(each["GroupId"] for each in interface["Groups"])
    told: list[str] = outputs.get("vpcSecurityGroupIds", [])
    return told if sorted(map(str, told)) == found else found


def _words(options: Row) -> Values:
    return {name: options[word] for name, word in _METADATA.items() if word in options}


def _part(outputs: Values, name: str, found: Values) -> Values:
    """Of what the cloud shows, the parts that the program named, or all where it named none."""
    told: Any = outputs.get(name)
    if not told:
        return found
    return {each: found[each] for each in told if each in found}


def _profile(row: Row, outputs: Values) -> Values:
    held = row.get("IamInstanceProfile", {}).get("Arn", "")
    name = held.rpartition("/")[2]
    return {"iamInstanceProfile": name} if name or "iamInstanceProfile" in outputs else {}


def _attributes(api: Api, instance: str, outputs: Values) -> Values:
    """What DescribeInstances does not tell: one question each."""

    def asked(attribute: str) -> Any:
        words = {"InstanceId": instance, "Attribute": attribute}
        answer = api.ask("ec2:DescribeInstanceAttribute", **words)
        key = attribute[0].upper() + attribute[1:]
        return (answer.get(key) or {}).get("Value")

    data = asked("userData") or ""
    found: Values = {"disableApiTermination": bool(asked("disableApiTermination"))}
    if "userDataBase64" in outputs:
        found["userDataBase64"] = data
    elif data or "userData" in outputs:
        found["userData"] = base64.b64decode(data).decode(errors="replace")
    return found


def _disk(api: Api, row: Row, outputs: Values) -> Values:
    mappings = row.get("BlockDeviceMappings", ())
    root = [each["Ebs"] for each in mappings if each["DeviceName"] == row["RootDeviceName"]]
    if not root:
        return {}
    volume = api.rows("ec2:DescribeVolumes", "Volumes", VolumeIds=[root[0]["VolumeId"]])[0]
    disk = {name: volume[word] for name, word in _DISK.items() if word in volume}
    disk |= {"deleteOnTermination": root[0]["DeleteOnTermination"]}
    disk |= {"deviceName": row["RootDeviceName"]}
    tags = {tag["Key"]: tag["Value"] for tag in volume.get("Tags", ())}
    named = {"volumeTags": tags} if "volumeTags" in outputs else {}
    return {"rootBlockDevice": _part(outputs, "rootBlockDevice", disk), **named}
