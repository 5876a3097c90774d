"""May we? Requests that EC2 judges and does not carry out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from components.clouds.aws.api import Api, Row
from components.clouds.aws.border import ApiError
from components.clouds.aws.preflight import quotas, routes
from components.clouds.aws.preflight.case import Case, Machine
from components.clouds.aws.preflight.seen import Seen
from components.clouds.findings import Findings
from components.clouds.tags import tags

# A sound public key that opens nothing: only whether a key may be imported is asked.
_SOME_KEY: Final = (
    b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAGM+fVkY7hfNfXZWwDAHvsBzKUPchSkppxIks00ZJsv fairway"
)


def check(case: Case, seen: Seen, api: Api, findings: Findings) -> None:
    """Rights that are missing to what the next `up` does first.

    Any other refusal says nothing here: EC2 may judge the rest of a request before its rights.
    """
    asked = []
    with findings.looking_at("rights to build"):
        for action, words in _requests(case, seen):
            asked.append((action, seen.start(partial(api.rehearse, action, **words))))
    for action, look in asked:
        try:
            look()
        except ApiError as error:
            if error.kind == "denied":
                found, what = error.found, f"{action} will be refused"
                findings.fault(error.where, what, found=found, hint=error.hint)
            elif error.kind != "refused":
                findings.could_not(f"the right to {action}", error.found, error.hint)


def _requests(case: Case, seen: Seen) -> Iterator[tuple[str, Row]]:
    """What the next `up` would ask for; nothing where all stands, so that anybody may preview."""
    vpc = seen.vpc
    if vpc is None and case.blocks:
        yield "ec2:CreateVpc", {"CidrBlock": str(case.blocks[0]), **_tagged(case, "vpc")}
    if not seen.our_instances:
        yield from _first(case, vpc)
    if quotas.addresses_missing(case, seen) > 0:
        yield "ec2:AllocateAddress", {"Domain": "vpc", **_tagged(case, "elastic-ip")}
    if seen.missing and vpc is not None:
        yield from _aside(case, seen) if case.network.by_prefixes else _entry(case, seen, vpc)
    for machine in {machine.spot: machine for machine in seen.missing}.values():
        yield from _instance(case, seen, machine)


def _first(case: Case, vpc: Row | None) -> Iterator[tuple[str, Row]]:
    """What is made once, before the first machine."""
    name = case.environment.name
    key = {"KeyName": f"{name}-operator", "PublicKeyMaterial": _SOME_KEY}
    yield "ec2:ImportKeyPair", {**key, **_tagged(case, "key-pair")}
    if vpc is not None:
        group = {"GroupName": f"{name}-hosts", "Description": "hosts", "VpcId": vpc["VpcId"]}
        yield "ec2:CreateSecurityGroup", {**group, **_tagged(case, "security-group")}


def _entry(case: Case, seen: Seen, vpc: Row) -> Iterator[tuple[str, Row]]:
    """An entry for the first host in a table that is there, towards whatever is there."""
    inside = (row for row in seen.interfaces() if row["VpcId"] == vpc["VpcId"])
    hop = next((row["NetworkInterfaceId"] for row in inside), None)
    table = next((row["RouteTableId"] for row in routes.tables(case, seen)), None)
    if hop and table:
        destination = str(case.plan.routes[0].destination)
        where = {"RouteTableId": table, "DestinationCidrBlock": destination}
        yield "ec2:CreateRoute", {**where, "NetworkInterfaceId": hop}


def _aside(case: Case, seen: Seen) -> Iterator[tuple[str, Row]]:
    """The containers' part of a subnet that is there. For prefixes EC2 knows no rehearsal."""
    there = ((seen.subnet_of(zone.name), zone) for zone in case.network.zones)
    for subnet, zone in list(filter(lambda pair: pair[0], there))[:1]:
        words = {"SubnetId": subnet, "Cidr": str(zone.containers), "ReservationType": "explicit"}
        yield "ec2:CreateSubnetCidrReservation", words


def _instance(case: Case, seen: Seen, machine: Machine) -> Iterator[tuple[str, Row]]:
    """A machine with everything that an organisation's rules often demand."""
    image = seen.images[machine.image]()
    if image is None:
        return
    disk = {"Encrypted": True, "DeleteOnTermination": True}
    words: Row = {
        "ImageId": machine.image,
        "InstanceType": machine.type,
        "MinCount": 1,
        "MaxCount": 1,
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "BlockDeviceMappings": [{"DeviceName": image["RootDeviceName"], "Ebs": disk}],
        **_tagged(case, "instance", "volume"),
    }
    subnet = seen.subnet_of(machine.zone.name)
    if subnet:
        words["SubnetId"] = subnet
    if machine.spot:
        words["InstanceMarketOptions"] = {"MarketType": "spot"}
    yield "ec2:RunInstances", words


def _tagged(case: Case, *kinds: str) -> dict[str, Any]:
    """Our tags: a policy may allow a request only with them."""
    carried = tags(case.environment, "preflight")
    pairs = [{"Key": key, "Value": value} for key, value in carried.items()]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": pairs} for kind in kinds]}
