"""aws:ec2/vpc and subnet."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Final

from lab.model import RouteTable as LabTable
from lab.model import Vpc as LabVpc
from lab.model import VSwitch
from provider.wire import Values
from tests.support.standin.aws_api import Row, filters
from tests.support.standin.aws_asked import (
    cidr_faults,
    gateway_of,
    main_table,
    vpc_cidrs,
)
from tests.support.standin.aws_kind import AwsKind, Rules, arn, differs, given
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

# What every current type supports; a packet that leaves the VPC has 1500.
MTU: Final = 9001
_DNS: Final = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}


class Vpc(AwsKind):
    """A VPC; main table, default group and default ACL come with it."""

    token = "aws:ec2/vpc:Vpc"
    tagged = "vpc"
    more = (
        "arn defaultNetworkAclId defaultRouteTableId defaultSecurityGroupId dhcpOptionsId"
        " ipv6AssociationId mainRouteTableId ownerId"
    )
    # The provider's own schema requires no CIDR: one may come from IPAM, which is not here.
    args = Table(
        required="cidr_block",
        replace="cidr_block instance_tenancy ipv4_ipam_pool_id ipv4_netmask_length region",
        update="assign_generated_ipv6_cidr_block enable_dns_hostnames enable_dns_support"
        " enable_network_address_usage_metrics ipv6_cidr_block"
        " ipv6_cidr_block_network_border_group ipv6_ipam_pool_id ipv6_netmask_length tags",
        computed="cidr_block enable_dns_hostnames enable_network_address_usage_metrics"
        " ipv6_cidr_block ipv6_cidr_block_network_border_group region",
        shapes={
            "flag": "assign_generated_ipv6_cidr_block enable_dns_hostnames enable_dns_support"
            " enable_network_address_usage_metrics",
            "number": "ipv4_netmask_length ipv6_netmask_length",
            "map": "tags",
        },
        one_of={"instance_tenancy": "default dedicated"},
        conflicts={
            "cidr_block": "ipv4_netmask_length",
            "assign_generated_ipv6_cidr_block": "ipv6_ipam_pool_id",
        },
    ).args()

    def rules(self, inputs: Values) -> Rules:
        return cidr_faults(inputs, "cidrBlock")

    def make(self, name: str, inputs: Values) -> str:
        words = given(inputs, CidrBlock="cidrBlock", InstanceTenancy="instanceTenancy")
        row = self.api.ask("ec2:CreateVpc", **words, **self.tag_words(inputs))["Vpc"]
        vpc = str(row["VpcId"])
        self._say_dns(vpc, {}, inputs)
        with self.building(vpc, inputs) as place:
            place.vpc(IPv4Network(row["CidrBlock"]), quota=self.cloud.routes, mtu=MTU)
            place.table(main_table(self.unseen, vpc))
        return vpc

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        return self.api.one("ec2:DescribeVpcs", "Vpcs", VpcIds=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        vpc = row["VpcId"]
        of_vpc = filters(vpc_id=vpc)
        main = main_table(self.api, vpc)
        acls = self.api.rows("ec2:DescribeNetworkAcls", "NetworkAcls", Filters=of_vpc)
        groups = self.api.rows("ec2:DescribeSecurityGroups", "SecurityGroups", Filters=of_vpc)
        return {
            "arn": arn("ec2", self.api.region, f"vpc/{vpc}"),
            "cidrBlock": row["CidrBlock"],
            "instanceTenancy": row["InstanceTenancy"],
            "defaultNetworkAclId": next(a["NetworkAclId"] for a in acls if a["IsDefault"]),
            "defaultRouteTableId": main,
            "mainRouteTableId": main,
            "defaultSecurityGroupId": next(
                g["GroupId"] for g in groups if g["GroupName"] == "default"
            ),
            "dhcpOptionsId": row["DhcpOptionsId"],
            "ownerId": row.get("OwnerId", ""),
            "region": self.api.region,
            **{name: self._dns(vpc, word) for name, word in _DNS.items()},
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        self._say_dns(id, old, new)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        main = main_table(self.unseen, id)
        self.cloud.patiently(lambda: self._delete(id), "DependencyViolation")
        self.place.drop(LabTable, main)
        self.place.drop(LabVpc, "vpc")

    def _delete(self, vpc: str) -> None:
        """Moto looks at subnets and tables alone."""
        with self.cloud.lock:
            groups = self.unseen.rows(
                "ec2:DescribeSecurityGroups", "SecurityGroups", Filters=filters(vpc_id=vpc)
            )
            if gateway_of(self.unseen, vpc) or len(groups) > 1:
                message = f"The vpc '{vpc}' has dependencies and cannot be deleted."
                raise Refused("DependencyViolation", message)
            self.api.ask("ec2:DeleteVpc", VpcId=vpc)

    def _dns(self, vpc: str, word: str) -> bool:
        attribute = word[0].lower() + word[1:]
        answer = self.api.ask("ec2:DescribeVpcAttribute", VpcId=vpc, Attribute=attribute)
        return bool(answer[word]["Value"])

    def _say_dns(self, vpc: str, old: Values, new: Values) -> None:
        for name, word in _DNS.items():
            if differs(old, new, name):
                self.api.ask("ec2:ModifyVpcAttribute", VpcId=vpc, **{word: {"Value": new[name]}})


class Subnet(AwsKind):
    """A subnet in one zone; it has the VPC's main table until another is associated."""

    token = "aws:ec2/subnet:Subnet"
    tagged = "subnet"
    more = "arn ipv6CidrBlockAssociationId ownerId"
    args = Table(
        required="vpc_id cidr_block",
        replace="vpc_id cidr_block availability_zone availability_zone_id ipv4_ipam_pool_id"
        " ipv4_netmask_length ipv6_native ipv6_ipam_pool_id ipv6_netmask_length outpost_arn region",
        update="assign_ipv6_address_on_creation customer_owned_ipv4_pool enable_dns64"
        " enable_lni_at_device_index enable_resource_name_dns_a_record_on_launch"
        " enable_resource_name_dns_aaaa_record_on_launch ipv6_cidr_block"
        " map_customer_owned_ip_on_launch map_public_ip_on_launch"
        " private_dns_hostname_type_on_launch tags",
        computed="cidr_block availability_zone availability_zone_id ipv6_cidr_block"
        " private_dns_hostname_type_on_launch region",
        shapes={
            "flag": "assign_ipv6_address_on_creation enable_dns64 ipv6_native"
            " enable_resource_name_dns_a_record_on_launch"
            " enable_resource_name_dns_aaaa_record_on_launch"
            " map_customer_owned_ip_on_launch map_public_ip_on_launch",
            "number": "ipv4_netmask_length ipv6_netmask_length enable_lni_at_device_index",
            "map": "tags",
        },
        one_of={"private_dns_hostname_type_on_launch": "ip-name resource-name"},
        conflicts={"availability_zone": "availability_zone_id"},
    ).args()

    def rules(self, inputs: Values) -> Rules:
        return cidr_faults(inputs, "cidrBlock")

    def make(self, name: str, inputs: Values) -> str:
        words = given(
            inputs,
            VpcId="vpcId",
            CidrBlock="cidrBlock",
            AvailabilityZone="availabilityZone",
            AvailabilityZoneId="availabilityZoneId",
        )
        with self.cloud.lock:
            self._check(inputs)
            row = self.api.ask("ec2:CreateSubnet", **words, **self.tag_words(inputs))["Subnet"]
        subnet = str(row["SubnetId"])
        self.alter(subnet, {}, inputs)
        cidr, zone = IPv4Network(row["CidrBlock"]), row["AvailabilityZone"]
        table = main_table(self.unseen, row["VpcId"])
        with self.building(subnet, inputs) as place:
            place.subnet(subnet, zone=zone, cidr=cidr, table=table)
        return subnet

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        return self.api.one("ec2:DescribeSubnets", "Subnets", SubnetIds=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        return {
            "arn": row["SubnetArn"],
            "availabilityZone": row["AvailabilityZone"],
            "availabilityZoneId": row["AvailabilityZoneId"],
            "cidrBlock": row["CidrBlock"],
            "mapPublicIpOnLaunch": row["MapPublicIpOnLaunch"],
            "ownerId": row["OwnerId"],
            "region": self.api.region,
            "vpcId": row["VpcId"],
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        name = "mapPublicIpOnLaunch"
        if differs(old, new, name):
            words = {"MapPublicIpOnLaunch": {"Value": new[name]}}
            self.api.ask("ec2:ModifySubnetAttribute", SubnetId=id, **words)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self.cloud.patiently(lambda: self._delete(id), "DependencyViolation")
        self.place.drop(VSwitch, id)

    def _check(self, inputs: Values) -> None:
        """What AWS refuses, with the codes of its documentation: moto knows these too."""
        cidr = IPv4Network(inputs["cidrBlock"])
        if not any(cidr.subnet_of(whole) for whole in vpc_cidrs(self.unseen, inputs["vpcId"])):
            raise Refused("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
        asked = filters(vpc_id=inputs["vpcId"])
        for row in self.unseen.rows("ec2:DescribeSubnets", "Subnets", Filters=asked):
            if cidr.overlaps(IPv4Network(row["CidrBlock"])):
                message = f"The CIDR '{cidr}' conflicts with another subnet"
                raise Refused("InvalidSubnet.Conflict", message)

    def _delete(self, subnet: str) -> None:
        """Moto deletes a subnet with everything in it."""
        asked = filters(subnet_id=subnet)
        with self.cloud.lock:
            held = "ec2:DescribeNetworkInterfaces", "NetworkInterfaces"
            if self.unseen.rows(*held, Filters=asked):
                message = f"The subnet '{subnet}' has dependencies and cannot be deleted."
                raise Refused("DependencyViolation", message)
            self.api.ask("ec2:DeleteSubnet", SubnetId=subnet)
