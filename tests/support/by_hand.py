"""Somebody's hand in a cloud's console: a network changed behind the back of its stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any, Final, Protocol

from lab.lab import Lab
from lab.model import Machine, Route, Rule, SecurityGroup, VSwitch
from tests.support.alicloud_project import AlicloudProject
from tests.support.aws_project import AwsProject

SOMEWHERE: Final = IPv4Network("192.0.2.0/24")
PORT: Final = 9000


class Hand(Protocol):
    """What is changed by hand in one network; tables are named by their zones."""

    def lead(self, zone: str, destination: IPv4Network, slot: str) -> None:
        """Let a table send a range to the machine in a slot."""

    def take(self, zone: str, destination: IPv4Network) -> None:
        """Take an entry away."""

    def check(self, slot: str) -> None:
        """Switch the source/destination check on."""

    def let_in(self) -> None:
        """Add a rule to the hosts' group: SOMEWHERE may open PORT."""

    def let_in_no_more(self) -> None:
        """Take that rule away."""

    def lock_out(self, source: IPv4Network) -> None:
        """Take the rule for a range out of the hosts' group."""

    def serve(self, zone: str, table: str) -> None:
        """Give a zone's subnet another zone's table."""


class LabHand:
    """In the lab itself."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def lead(self, zone: str, destination: IPv4Network, slot: str) -> None:
        held = self._lab.get(Machine, slot)
        assert held is not None
        machine = held.status.id
        self._lab.put(Route(table=f"table-{zone}", destination=destination, machine_id=machine))

    def take(self, zone: str, destination: IPv4Network) -> None:
        self._lab.delete(Route, f"table-{zone}/{destination}")

    def check(self, slot: str) -> None:
        held = self._lab.get(Machine, slot)
        assert held is not None
        self._lab.put(replace(held.spec, source_dest_check=True))

    def let_in(self) -> None:
        rule = Rule(direction="in", source=SOMEWHERE, protocol="tcp", ports=(PORT, PORT))
        self._rules(lambda rules: (*rules, rule))

    def let_in_no_more(self) -> None:
        self._rules(lambda rules: tuple(rule for rule in rules if rule.source != SOMEWHERE))

    def lock_out(self, source: IPv4Network) -> None:
        self._rules(lambda rules: tuple(rule for rule in rules if rule.source != source))

    def serve(self, zone: str, table: str) -> None:
        held = self._lab.get(VSwitch, zone)
        assert held is not None
        self._lab.put(replace(held.spec, table=f"table-{table}"))

    def _rules(self, change: Callable[[tuple[Rule, ...]], tuple[Rule, ...]]) -> None:
        held = self._lab.get(SecurityGroup, "hosts")
        assert held is not None
        self._lab.put(replace(held.spec, rules=change(held.spec.rules)))


class AwsHand:
    """In the account of a project on AWS."""

    def __init__(self, project: AwsProject, environment: str) -> None:
        self._project, self._environment = project, environment
        self._ec2: Any = project.account.ec2

    def lead(self, zone: str, destination: IPv4Network, slot: str) -> None:
        table = self._tables()[zone]
        card = self._project.account.instance(slot)["NetworkInterfaces"][0]["NetworkInterfaceId"]
        there = {each.get("DestinationCidrBlock") for each in table["Routes"]}
        act = self._ec2.replace_route if str(destination) in there else self._ec2.create_route
        act(
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock=str(destination),
            NetworkInterfaceId=card,
        )

    def take(self, zone: str, destination: IPv4Network) -> None:
        self._project.delete_route(self._tables()[zone]["RouteTableId"], str(destination))

    def check(self, slot: str) -> None:
        self._project.check_source_dest(slot, on=True)

    def let_in(self) -> None:
        self._ec2.authorize_security_group_ingress(GroupId=self._group(), IpPermissions=[_OPEN])

    def let_in_no_more(self) -> None:
        self._ec2.revoke_security_group_ingress(GroupId=self._group(), IpPermissions=[_OPEN])

    def lock_out(self, source: IPv4Network) -> None:
        all_ = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": str(source)}]}
        self._ec2.revoke_security_group_ingress(GroupId=self._group(), IpPermissions=[all_])

    def serve(self, zone: str, table: str) -> None:
        (link,) = (x for x in self._tables()[zone]["Associations"] if x.get("SubnetId"))
        other = self._tables()[table]["RouteTableId"]
        association = link["RouteTableAssociationId"]
        self._ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)

    def _tables(self) -> dict[str, Any]:
        named = self._project.account.tables()
        return {name.removeprefix(f"{self._environment}-"): row for name, row in named.items()}

    def _group(self) -> str:
        wanted = [{"Name": "tag:Name", "Values": [f"{self._environment}-hosts"]}]
        (found,) = self._ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        return str(found["GroupId"])


_OPEN: Final[Mapping[str, Any]] = {
    "IpProtocol": "tcp",
    "FromPort": PORT,
    "ToPort": PORT,
    "IpRanges": [{"CidrIp": str(SOMEWHERE)}],
}


class AlicloudHand:
    """In the account of a project on Alibaba Cloud."""

    def __init__(self, project: AlicloudProject, environment: str) -> None:
        self._project, self._environment = project, environment

    def lead(self, zone: str, destination: IPv4Network, slot: str) -> None:
        table = self._project.tables()[zone]
        key = f"{table}:{destination}"
        hop = {"NextHopType": "Instance", "NextHopId": self._project.instance(slot)}
        with self._project.account.open() as kinds:
            entry = kinds["route_entry"].get(key) or {
                "RouteEntryId": f"rte-{destination}",
                "RouteTableId": table,
                "DestinationCidrBlock": str(destination),
                "Type": "Custom",
                "Status": "Available",
                "RouteEntryName": "",
                "Description": "",
            }
            kinds["route_entry"][key] = {**entry, "NextHops": {"NextHop": [hop]}}

    def take(self, zone: str, destination: IPv4Network) -> None:
        self._project.delete_route(self._project.tables()[zone], str(destination))

    def check(self, slot: str) -> None:
        self._project.check_source_dest(slot, on=True)

    def let_in(self) -> None:
        self._rules(lambda rules: [*rules, _LET])

    def let_in_no_more(self) -> None:
        self._rules(lambda rules: [rule for rule in rules if rule != _LET])

    def lock_out(self, source: IPv4Network) -> None:
        self._rules(lambda rules: [rule for rule in rules if rule["SourceCidrIp"] != str(source)])

    def serve(self, zone: str, table: str) -> None:
        ours, other = (self._project.tables()[name] for name in (zone, table))
        with self._project.account.open() as kinds:
            for switch in kinds["vswitch"].values():
                if switch["RouteTable"]["RouteTableId"] == ours:
                    switch["RouteTable"] = {**switch["RouteTable"], "RouteTableId": other}

    def _rules(self, change: Callable[[list[Any]], list[Any]]) -> None:
        with self._project.account.open() as kinds:
            (group,) = (
                each
                for each in kinds["security_group"].values()
                if each["SecurityGroupName"] == f"{self._environment}-hosts"
            )
            group["Permissions"]["Permission"] = change(group["Permissions"]["Permission"])


_LET: Final[Mapping[str, Any]] = {
    "SecurityGroupRuleId": "sgr-by-hand",
    "Direction": "ingress",
    "IpProtocol": "TCP",
    "PortRange": f"{PORT}/{PORT}",
    "Policy": "Accept",
    "Priority": "1",
    "SourceCidrIp": str(SOMEWHERE),
    "SourceGroupId": "",
    "DestGroupId": "",
    "DestCidrIp": "",
    "NicType": "intranet",
    "Description": "",
}
