"""What RunInstances refuses, with AWS's codes; moto knows the image and the type alone."""

from __future__ import annotations

import base64
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from provider.wire import Values
from tests.support.standin.aws_api import Api, Row, filters
from tests.support.standin.aws_asked import subnet_row
from tests.support.standin.kind import Refused

LARGEST_USER_DATA: Final = 16384  # bytes, before base64
_RESERVED: Final = 4  # the first addresses of a subnet; the last one is reserved too


class Checks:
    """The rules of RunInstances over one account.

    What an id stands for is asked once while this process lives; hosts have most of it in common.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._type = cache(self._asked_type)
        self._offered = cache(self._asked_offer)
        self._subnet = cache(lambda subnet: subnet_row(api, subnet))
        self._group = cache(self._asked_group)
        self._key = cache(self._asked_key)
        self._profile = cache(self._asked_profile)
        self.image = cache(self._asked_image)

    def instance(self, inputs: Values) -> None:
        """Refuse what AWS would; everything in `inputs` is known."""
        subnet = self._subnet(inputs["subnetId"])
        self._check_type(inputs, subnet["AvailabilityZone"])
        if inputs.get("availabilityZone", subnet["AvailabilityZone"]) != subnet["AvailabilityZone"]:
            message = f"The subnet {inputs['subnetId']} is in {subnet['AvailabilityZone']}"
            raise Refused("InvalidParameterValue", message)
        self._check_address(inputs.get("privateIp"), subnet)
        self.groups(inputs["vpcSecurityGroupIds"], subnet)
        if "keyName" in inputs:
            self._key(inputs["keyName"])
        self.profile(inputs.get("iamInstanceProfile"))
        _check_size(raw_user_data(inputs))
        if inputs.get("instanceMarketOptions") and inputs.get("disableApiTermination"):
            message = "Spot instances cannot be protected from termination"
            raise Refused("UnsupportedOperation", message)

    def architecture(self, instance_type: str) -> frozenset[str]:
        """The processors of a type; empty where there is no such type."""
        row = self._type(instance_type)
        return frozenset(row["ProcessorInfo"]["SupportedArchitectures"]) if row else frozenset()

    def groups(self, groups: list[str], subnet: Row) -> None:
        for group in groups:
            if self._group(group)["VpcId"] != subnet["VpcId"]:
                message = (
                    f"Security group {group} and subnet {subnet['SubnetId']} belong to"
                    " different networks."
                )
                raise Refused("InvalidParameter", message)

    def profile(self, name: str | None) -> None:
        if name is not None:
            self._profile(name)

    def _asked_profile(self, name: str) -> None:
        """The provider asks for two minutes again, as a fresh profile is not known everywhere."""
        where = f"Value ({name}) for parameter iamInstanceProfile.name is invalid."
        try:
            row = self._api.ask("iam:GetInstanceProfile", InstanceProfileName=name)
        except Refused:
            message = f"{where} Invalid IAM Instance Profile name"
            raise Refused("InvalidParameterValue", message) from None
        if not row["InstanceProfile"]["Roles"]:
            raise Refused("InvalidParameterValue", f"{where} It has no associated IAM Roles")

    def _check_type(self, inputs: Values, zone: str) -> None:
        wanted = inputs["instanceType"]
        able = self.architecture(wanted)
        if not able:
            raise Refused("InvalidParameterValue", f"Invalid value '{wanted}' for InstanceType.")
        image = self.image(inputs["ami"])
        if image["Architecture"] not in able:
            message = (
                f"The architecture '{', '.join(sorted(able))}' of the specified instance type does"
                f" not match the architecture '{image['Architecture']}' of the specified AMI."
            )
            raise Refused("InvalidParameterValue", message)
        if not self._offered(wanted, zone):
            message = (
                f"Your requested instance type ({wanted}) is not supported in your requested"
                f" Availability Zone ({zone})."
            )
            raise Refused("Unsupported", message)

    def _asked_image(self, image: str) -> Row:
        return self._api.rows("ec2:DescribeImages", "Images", ImageIds=[image])[0]

    def _asked_type(self, instance_type: str) -> Row | None:
        asked = filters(instance_type=instance_type)
        return self._api.one("ec2:DescribeInstanceTypes", "InstanceTypes", Filters=asked)

    def _asked_offer(self, instance_type: str, zone: str) -> bool:
        words = {
            "LocationType": "availability-zone",
            "Filters": filters(instance_type=instance_type, location=zone),
        }
        asked = "ec2:DescribeInstanceTypeOfferings", "InstanceTypeOfferings"
        return bool(self._api.rows(*asked, **words))

    def _check_address(self, address: str | None, subnet: Row) -> None:
        if address is None:
            return
        cidr = IPv4Network(subnet["CidrBlock"])
        if IPv4Address(address) not in cidr:
            message = "Address does not fall within the subnet's address range"
            raise Refused("InvalidParameterValue", message)
        place = int(IPv4Address(address)) - int(cidr.network_address)
        if place < _RESERVED or place == cidr.num_addresses - 1:
            message = f"Address {address} is in subnet's reserved address range"
            raise Refused("InvalidParameterValue", message)
        asked = filters(subnet_id=subnet["SubnetId"], private_ip_address=address)
        rows = self._api.rows("ec2:DescribeNetworkInterfaces", "NetworkInterfaces", Filters=asked)
        if rows:
            raise Refused("InvalidIPAddress.InUse", f"Address {address} is in use.")

    def _asked_group(self, group: str) -> Row:
        words = {"GroupIds": [group]}
        return self._api.rows("ec2:DescribeSecurityGroups", "SecurityGroups", **words)[0]

    def _asked_key(self, name: str) -> Row:
        return self._api.rows("ec2:DescribeKeyPairs", "KeyPairs", KeyNames=[name])[0]


def raw_user_data(inputs: Values) -> bytes:
    """User data as the instance finds it at the metadata service."""
    if "userDataBase64" in inputs:
        return base64.b64decode(inputs["userDataBase64"])
    return str(inputs.get("userData", "")).encode()


def _check_size(raw: bytes) -> None:
    if len(raw) > LARGEST_USER_DATA:
        message = f"User data is limited to {LARGEST_USER_DATA} bytes"
        raise Refused("InvalidParameterValue", message)
