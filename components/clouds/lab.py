"""The lab as a cloud: machines on this computer, behind a router that enforces a cloud's rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any, Final

import pulumi
from pulumi import ResourceOptions

from components import resources
from components.clouds.base import Boot, Entrance, Entry, Host, Network
from components.clouds.rules import HOSTS, MEMBERS, into_lab_hosts
from components.environment import Environment, LabSettings
from components.errors import LabError
from components.host.user_data import INTERNET_MTU
from components.plan.model import Plan, Slot
from components.plan.slots import prefixes

GROUP: Final = HOSTS


class LabCloud:
    """Builds an environment in the lab that has its name."""

    def __init__(self, environment: Environment) -> None:
        _refuse_what_cannot_work(environment)
        assert isinstance(environment.settings, LabSettings)  # noqa: S101 - the table of clouds says so
        self._lab = environment.name
        self._settings = environment.settings
        self._prefixes = environment.network.by_prefixes

    @property
    def mtu(self) -> int:
        return INTERNET_MTU

    def network(self, plan: Plan, entrance: Entrance, opts: ResourceOptions) -> Network:
        settings, ranges = self._settings, plan.network
        vpc = resources.Vpc(
            plan.environment,
            lab=self._lab,
            cidr=str(ranges.vpc),
            containers=str(ranges.containers) if ranges.containers else None,
            uplink=str(settings.uplink),
            quota=settings.route_quota,
            opts=_replace_first(opts),
        )
        # A table for each zone, as on the clouds, where each has its own NAT gateway.
        tables = {
            zone.name: resources.RouteTable(
                f"table-{zone.name}", lab=self._lab, vpc=vpc.id, opts=_replace_first(opts)
            )
            for zone in ranges.zones
        }
        group = self._group(plan, vpc, opts)
        switches = {
            zone.name: resources.VSwitch(
                zone.name,
                lab=self._lab,
                zone=zone.zone,
                cidr=str(zone.subnet),
                table=tables[zone.name].name,
                opts=_replace_first(opts),
            )
            for zone in ranges.zones
        }
        named = {f"table {name}": table for name, table in tables.items()}
        made = {"vpc": vpc, GROUP: group, **named, **switches}
        return Network(
            subnets={name: switch.name for name, switch in switches.items()},
            tables={name: table.name for name, table in tables.items()},
            groups=(group.name,),
            revisions={name: part.revision for name, part in made.items()},
            outside=str(settings.uplink.network_address + 1),
        )

    def _group(
        self, plan: Plan, vpc: resources.Vpc, opts: ResourceOptions
    ) -> resources.SecurityGroup:
        return resources.SecurityGroup(
            GROUP,
            lab=self._lab,
            vpc=vpc.id,
            rules=rules(plan, self._settings.uplink),
            opts=_replace_first(opts),
        )

    def machine(self, slot: Slot, network: Network, boot: Boot, opts: ResourceOptions) -> Host:
        machine = resources.Machine(
            slot.name,
            lab=self._lab,
            vswitch=network.subnets[slot.zone],
            address=str(slot.address),
            image=slot.image or self._settings.image,
            groups=network.groups,
            user_data=boot.user_data,
            seed=boot.seed,
            # A host forwards for its containers: the check would drop every one of their packets,
            # but for those of prefixes, which it knows.
            source_dest_check=self._prefixes,
            opts=opts,
        )
        return Host(
            resource=machine,
            id=machine.id,
            address=str(slot.address),
            revision=machine.revision,
        )

    def route(self, slot: Slot, network: Network, host: Host, opts: ResourceOptions) -> Entry:
        if self._prefixes:
            return self._deliver(slot, network, host, opts)
        route = resources.Route(
            slot.name,
            lab=self._lab,
            tables=list(network.tables.values()),
            destination=str(slot.containers),
            machine=host.id,
            opts=_replace_first(opts),
        )
        return Entry(resources=(route,), revision=route.revision)

    def _deliver(self, slot: Slot, network: Network, host: Host, opts: ResourceOptions) -> Entry:
        # They stay when the machine is replaced, but change after it: its containers move with it.
        after = ResourceOptions(depends_on=[host.resource])
        held = resources.Prefixes(
            slot.name,
            lab=self._lab,
            vswitch=network.subnets[slot.zone],
            address=str(slot.address),
            prefixes=[str(prefix) for prefix in prefixes(slot.containers)],
            opts=ResourceOptions.merge(_replace_first(opts), after),
        )
        return Entry(resources=(held,), revision=held.revision)

    def running(self) -> Mapping[str, str]:
        answer = pulumi.runtime.invoke("fairway:lab:running", {"lab": self._lab})
        machines: Mapping[str, str] = (answer.value or {}).get("machines") or {}
        return machines

    def view(self, network: Network) -> Mapping[str, str]:
        return {"lab": self._lab}

    def bill(self, plan: Plan) -> Mapping[str, Any]:
        return {}


def rules(plan: Plan, uplink: IPv4Network) -> list[dict[str, Any]]:
    """Hosts speak with hosts, containers with containers and hosts; the computer may look in.

    A group as a source stands for its members' own addresses, so the container range needs a rule
    of its own.
    """
    sources = (allow.source for allow in into_lab_hosts(plan, uplink))
    inside = [_rule("in", GROUP if source == MEMBERS else str(source)) for source in sources]
    return [*inside, _rule("out", "0.0.0.0/0")]


def _rule(direction: str, source: str) -> dict[str, Any]:
    return {"direction": direction, "protocol": "any", "source": source}


def _replace_first(opts: ResourceOptions) -> ResourceOptions:
    """Names and ranges are taken until the old one is gone."""
    return ResourceOptions.merge(opts, ResourceOptions(delete_before_replace=True))


def _refuse_what_cannot_work(environment: Environment) -> None:
    if sys.platform == "linux" and os.geteuid() == 0:
        return
    raise LabError(
        where=f"{environment.source}: fairway:cloud",
        what="the lab cannot run here",
        found=f"{sys.platform}, user id {os.geteuid()}",
        wanted="Linux and root: it makes network namespaces and boots machines",
        hint="run as root on Linux, or choose another cloud",
    )
