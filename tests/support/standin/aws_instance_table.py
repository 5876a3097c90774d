"""The arguments of aws:ec2/instance, and what is wrong with them before anything is asked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from provider.wire import Values, has_unknown
from tests.support.standin.aws_kind import known
from tests.support.standin.table import Table

ARGS: Final = Table(
    replace="ami associate_public_ip_address availability_zone ebs_block_devices ebs_optimized"
    " enclave_options ephemeral_block_devices hibernation host_id host_resource_group_arn"
    " instance_market_options ipv6_addresses key_name launch_template network_interfaces"
    " placement_group placement_group_id placement_partition_number primary_network_interface"
    " private_dns_name_options private_ip region secondary_network_interfaces security_groups"
    " subnet_id tenancy",
    update="capacity_reservation_specification cpu_options credit_specification disable_api_stop"
    " disable_api_termination enable_primary_ipv6 force_destroy get_password_data"
    " iam_instance_profile instance_initiated_shutdown_behavior instance_type ipv6_address_count"
    " maintenance_options metadata_options monitoring root_block_device secondary_private_ips"
    " source_dest_check tags user_data user_data_base64 user_data_replace_on_change volume_tags"
    " vpc_security_group_ids",
    computed="ami associate_public_ip_address availability_zone capacity_reservation_specification"
    " cpu_options disable_api_stop disable_api_termination ebs_block_devices ebs_optimized"
    " enclave_options ephemeral_block_devices host_id host_resource_group_arn"
    " iam_instance_profile instance_initiated_shutdown_behavior instance_market_options"
    " instance_type ipv6_address_count ipv6_addresses key_name maintenance_options"
    " metadata_options monitoring network_interfaces placement_group placement_group_id"
    " placement_partition_number primary_network_interface private_dns_name_options private_ip"
    " region root_block_device secondary_network_interfaces secondary_private_ips"
    " security_groups subnet_id tenancy user_data user_data_base64 vpc_security_group_ids",
    shapes={
        "flag": "associate_public_ip_address disable_api_stop disable_api_termination"
        " ebs_optimized enable_primary_ipv6 force_destroy get_password_data hibernation monitoring"
        " source_dest_check user_data_replace_on_change",
        "number": "ipv6_address_count placement_partition_number",
        "list": "ebs_block_devices ephemeral_block_devices ipv6_addresses network_interfaces"
        " secondary_network_interfaces secondary_private_ips security_groups"
        " vpc_security_group_ids",
        "map": "capacity_reservation_specification cpu_options credit_specification"
        " enclave_options instance_market_options launch_template maintenance_options"
        " metadata_options primary_network_interface private_dns_name_options root_block_device"
        " tags volume_tags",
    },
    one_of={
        "tenancy": "default dedicated host",
        "instance_initiated_shutdown_behavior": "stop terminate",
    },
    conflicts={"user_data": "user_data_base64"},
).args()
MORE: Final = (
    "arn instanceLifecycle instanceState outpostArn passwordData primaryNetworkInterfaceId"
    " privateDns publicDns publicIp spotInstanceRequestId"
)
# What this stand-in knows what to do with.
_KNOWN_NAMES: Final = (
    "ami availabilityZone creditSpecification disableApiStop disableApiTermination ebsOptimized"
    " forceDestroy getPasswordData iamInstanceProfile instanceInitiatedShutdownBehavior"
    " instanceMarketOptions instanceType keyName maintenanceOptions metadataOptions monitoring"
    " privateIp region rootBlockDevice sourceDestCheck subnetId tags tenancy userData"
    " userDataBase64 userDataReplaceOnChange volumeTags vpcSecurityGroupIds"
)
_KNOWN: Final = frozenset(_KNOWN_NAMES.split())
_REQUIRED: Final = ("ami", "instanceType", "subnetId", "vpcSecurityGroupIds")
_METADATA: Final = {
    "httpEndpoint": ("enabled", "disabled"),
    "httpTokens": ("optional", "required"),
    "httpProtocolIpv6": ("enabled", "disabled"),
    "instanceMetadataTags": ("enabled", "disabled"),
}
_DISKS: Final = ("standard", "io1", "io2", "gp2", "gp3", "sc1", "st1")


def instance_faults(inputs: Values) -> list[str]:
    """What the provider's schema and its checks of a plan say; values may be UNKNOWN."""
    return [
        *(f"{name!r}: this stand-in does not know it" for name in sorted(inputs.keys() - _KNOWN)),
        *(f"{name!r} wanted" for name in _REQUIRED if name not in inputs),
        *(
            ["'vpcSecurityGroupIds': at least one"]
            if inputs.get("vpcSecurityGroupIds") == []
            else []
        ),
        *_metadata_faults(inputs.get("metadataOptions", {})),
        *_disk_faults(inputs.get("rootBlockDevice", {})),
        *_user_data_faults(inputs),
    ]


def _metadata_faults(options: Any) -> Iterator[str]:
    if has_unknown(options):
        return
    for name, allowed in _METADATA.items():
        if options.get(name, allowed[0]) not in allowed:
            yield f"'metadataOptions.{name}': one of {', '.join(allowed)} wanted"
    if not 1 <= options.get("httpPutResponseHopLimit", 1) <= 64:
        yield "'metadataOptions.httpPutResponseHopLimit': 1 to 64 wanted"


def _disk_faults(disk: Any) -> Iterator[str]:
    if has_unknown(disk):
        return
    kind = disk.get("volumeType", "gp2")
    if kind not in _DISKS:
        yield f"'rootBlockDevice.volumeType': one of {', '.join(_DISKS)} wanted"
    if "iops" in disk and kind not in {"io1", "io2", "gp3"}:
        yield f"'rootBlockDevice.iops' is not for {kind}"
    if "throughput" in disk and kind != "gp3":
        yield f"'rootBlockDevice.throughput' is not for {kind}"
    if "kmsKeyId" in disk and not disk.get("encrypted"):
        yield "'rootBlockDevice.kmsKeyId' wants 'encrypted'"


def _user_data_faults(inputs: Values) -> Iterator[str]:
    if not known(inputs, "userDataBase64"):
        return
    try:
        base64.b64decode(inputs["userDataBase64"], validate=True)
    except binascii.Error:
        yield "'userDataBase64': must be base64-encoded"
