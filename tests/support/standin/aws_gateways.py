"""aws:ec2/internetGateway and natGateway: the lab has no counterpart, its uplink is the way out."""

from __future__ import annotations

from provider.wire import Values
from tests.support.standin.aws_api import Row, filters
from tests.support.standin.aws_asked import address_row, gateway_of, subnet_row
from tests.support.standin.aws_kind import AwsKind, Rules, arn, differs, given, known
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table


class InternetGateway(AwsKind):
    """A VPC's way to the internet; one VPC has one."""

    token = "aws:ec2/internetGateway:InternetGateway"
    tagged = "internet-gateway"
    more = "arn ownerId"
    recorded_only = True
    args = Table(
        replace="region",
        update="vpc_id tags",
        computed="vpc_id region",
        shapes={"map": "tags"},
    ).args()

    def make(self, name: str, inputs: Values) -> str:
        made = self.api.ask("ec2:CreateInternetGateway", **self.tag_words(inputs))
        gateway = str(made["InternetGateway"]["InternetGatewayId"])
        with self.building(gateway, {}):
            self._attach(gateway, inputs.get("vpcId"))
        return gateway

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        asked = "ec2:DescribeInternetGateways", "InternetGateways"
        return self.api.one(*asked, InternetGatewayIds=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        gateway = row["InternetGatewayId"]
        return {
            "arn": arn("ec2", self.api.region, f"internet-gateway/{gateway}"),
            "ownerId": row.get("OwnerId", ""),
            "region": self.api.region,
            "vpcId": _attached(row),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        if differs(old, new, "vpcId"):
            self._detach(id, old.get("vpcId"))
            self._attach(id, new["vpcId"])

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._detach(id, _attached(self.look(id, outputs) or {}))
        self.api.ask("ec2:DeleteInternetGateway", InternetGatewayId=id)

    def _attach(self, gateway: str, vpc: str | None) -> None:
        if not vpc:
            return
        with self.cloud.lock:
            if gateway_of(self.unseen, vpc):
                # Moto lets a VPC have many.
                message = f"Network {vpc} already has an internet gateway attached"
                raise Refused("InvalidParameterValue", message)
            self.api.ask("ec2:AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)

    def _detach(self, gateway: str, vpc: str | None) -> None:
        if vpc:
            self.cloud.patiently(lambda: self._detach_once(gateway, vpc), "DependencyViolation")

    def _detach_once(self, gateway: str, vpc: str) -> None:
        """Moto detaches a gateway that public addresses still lead through."""
        with self.cloud.lock:
            held = "ec2:DescribeNetworkInterfaces", "NetworkInterfaces"
            interfaces = self.unseen.rows(*held, Filters=filters(vpc_id=vpc))
            if any(row.get("Association") for row in interfaces):
                message = (
                    f"Network {vpc} has some mapped public address(es). Please unmap those public"
                    " address(es) before detaching the gateway."
                )
                raise Refused("DependencyViolation", message)
            self.api.ask("ec2:DetachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)


class NatGateway(AwsKind):
    """Translates what leaves private subnets to one public address."""

    token = "aws:ec2/natGateway:NatGateway"
    tagged = "natgateway"
    more = (
        "associationId autoProvisionZones autoScalingIps networkInterfaceId publicIp"
        " regionalNatGatewayAddresses regionalNatGatewayAutoMode routeTableId"
    )
    recorded_only = True
    args = Table(
        replace="allocation_id availability_mode connectivity_type private_ip region subnet_id"
        " vpc_id",
        update="availability_zone_addresses secondary_allocation_ids"
        " secondary_private_ip_address_count secondary_private_ip_addresses tags",
        computed="availability_mode private_ip secondary_allocation_ids"
        " secondary_private_ip_address_count secondary_private_ip_addresses vpc_id region",
        shapes={
            "list": "availability_zone_addresses secondary_allocation_ids"
            " secondary_private_ip_addresses",
            "number": "secondary_private_ip_address_count",
            "map": "tags",
        },
        one_of={"connectivity_type": "public private", "availability_mode": "zonal regional"},
    ).args()

    def rules(self, inputs: Values) -> Rules:
        private = inputs.get("connectivityType") == "private"
        if private and "allocationId" in inputs:
            return ["'allocationId' is not supported with connectivity_type = \"private\""]
        if inputs.get("availabilityMode") == "regional":
            return ["'availabilityMode': this stand-in knows zonal gateways alone"]
        return []

    def make(self, name: str, inputs: Values) -> str:
        words = given(
            inputs,
            SubnetId="subnetId",
            AllocationId="allocationId",
            ConnectivityType="connectivityType",
        )
        with self.cloud.lock:
            self._check(inputs)
            made = self.api.ask("ec2:CreateNatGateway", **words, **self.tag_words(inputs))
        return str(made["NatGateway"]["NatGatewayId"])

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        row = self.api.one("ec2:DescribeNatGateways", "NatGateways", NatGatewayIds=[id])
        return row if row and row["State"] not in {"deleted", "deleting"} else None

    def show(self, row: Row, outputs: Values) -> Values:
        address = row["NatGatewayAddresses"][0] if row.get("NatGatewayAddresses") else {}
        return {
            "availabilityMode": "zonal",
            "connectivityType": row.get("ConnectivityType", "public"),
            "networkInterfaceId": address.get("NetworkInterfaceId", ""),
            "privateIp": address.get("PrivateIp", ""),
            "publicIp": address.get("PublicIp", ""),
            "allocationId": address.get("AllocationId", ""),
            "region": self.api.region,
            "subnetId": row["SubnetId"],
            "vpcId": row["VpcId"],
        }

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self.api.ask("ec2:DeleteNatGateway", NatGatewayId=id)

    def _check(self, inputs: Values) -> None:
        """AWS makes the gateway and lets it fail with these; the provider shows them alike."""
        subnet = subnet_row(self.unseen, inputs["subnetId"])
        if inputs.get("connectivityType") == "private":
            return
        if not known(inputs, "allocationId"):
            raise Refused("MissingParameter", "The request must include the AllocationId parameter")
        if not gateway_of(self.unseen, subnet["VpcId"]):
            message = f"Network {subnet['VpcId']} has no Internet gateway attached"
            raise Refused("Gateway.NotAttached", message)
        if address_row(self.unseen, inputs["allocationId"]).get("AssociationId"):
            message = f"Elastic IP address [{inputs['allocationId']}] is already associated"
            raise Refused("Resource.AlreadyAssociated", message)


def _attached(gateway: Row) -> str:
    """The VPC of a gateway, "" where it has none."""
    held = gateway.get("Attachments") or [{}]
    return str(held[0].get("VpcId", ""))
