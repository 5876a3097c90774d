"""Alibaba Cloud behind the verbs of components/clouds/base.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import Input, Output, Resource, ResourceOptions

from components.clouds import bill, started
from components.clouds.alicloud import preflight, running
from components.clouds.alicloud.api import Api
from components.clouds.alicloud.bastion import way_in
from components.clouds.alicloud.groups import make_groups
from components.clouds.alicloud.jumbo import mtu_of
from components.clouds.alicloud.machines import Machines
from components.clouds.alicloud.network import Land, existing_land, make_land
from components.clouds.alicloud.release import Release
from components.clouds.alicloud.routes import entries
from components.clouds.alicloud.site import Site, open_site
from components.clouds.alicloud.ways_out import make_ways_out
from components.clouds.base import Boot, Entrance, Entry, Host, Network
from components.clouds.examine import examine
from components.clouds.shape import view_of
from components.environment import AlicloudSettings, Environment
from components.plan import make_plan
from components.plan.model import Plan, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground(Network):
    """A network here: what machines and routes are made with, beyond what all clouds have."""

    land: Land
    machines: Machines
    ready: tuple[Resource, ...]  # what a machine waits for: its first boot goes out for packages
    instances: dict[str, Output[str]]  # by slot, as they are made


class AlicloudCloud:
    """Builds an environment in one region of Alibaba Cloud."""

    def __init__(self, environment: Environment) -> None:
        assert isinstance(environment.settings, AlicloudSettings)  # noqa: S101 - the table of clouds says so
        self._environment = environment
        self._settings = environment.settings
        self._api = Api(environment.settings.region)
        plan = make_plan(environment)
        examine(lambda: preflight.check(environment, plan, self._api))
        self._mtu = mtu_of(slot.type for slot in plan.slots)

    @property
    def mtu(self) -> int:
        return self._mtu

    def network(self, plan: Plan, entrance: Entrance, opts: ResourceOptions) -> Ground:
        site = open_site(self._environment, self._settings, opts)
        land = self._land(site, plan, opts)
        groups = make_groups(site, plan, land.vpc, opts)
        machines = Machines(site, Release(self._api, protect=self._settings.protect))
        ways_out = make_ways_out(site, land, plan.network.zones, opts)
        rules = Output.all(*(rule.id for rule in groups.rules)).apply(" ".join)
        return Ground(
            subnets=land.switches,
            tables=land.tables,
            groups=(groups.hosts,),
            revisions={**_revisions(land), "group": groups.hosts, "rules": rules},
            way=way_in(site, machines, land, groups, user_data=entrance.bastion, opts=opts),
            land=land,
            machines=machines,
            # The chain's last entry stands for all before it, and for vSwitches and their tables.
            ready=(*ways_out, *land.chain.last, *groups.rules),
            instances={},
        )

    def _land(self, site: Site, plan: Plan, opts: ResourceOptions) -> Land:
        if self._settings.existing is not None:
            return existing_land(site, self._settings.existing)
        return make_land(site, plan.network, opts)

    def machine(self, slot: Slot, network: Network, boot: Boot, opts: ResourceOptions) -> Host:
        ground = _ground(network)
        instance = ground.machines.host(
            slot,
            boot,
            vswitch=ground.subnets[slot.zone],
            groups=ground.groups,
            mtu=self._mtu,
            opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=list(ground.ready))),
        )
        ground.instances[slot.name] = instance.id
        name = self._environment.name
        return started.host(slot, ground, boot, cluster=name, instance=instance.id, opts=opts)

    def route(self, slot: Slot, network: Network, host: Host, opts: ResourceOptions) -> Entry:
        ground = _ground(network)
        # The instance, not the host: an entry is as good before the first boot has ended as after.
        instance = ground.instances[slot.name]
        return entries(slot, ground.land.chain, ground.land.routed, instance, opts)

    def running(self) -> Mapping[str, str]:
        return running.running(self._environment.name, self._api)

    def view(self, network: Network) -> Mapping[str, Input[str]]:
        name, ground = self._environment.name, _ground(network)
        tables = {**ground.tables, **ground.land.routed}
        return view_of("alicloud", self._settings.region, name, tables)

    def bill(self, plan: Plan) -> Mapping[str, Any]:
        return bill.bill(plan, self._settings)


def _ground(network: Network) -> Ground:
    assert isinstance(network, Ground)  # noqa: S101 - it comes from this driver
    return network


def _revisions(land: Land) -> dict[str, Output[str]]:
    tables = {f"table {name}": table for name, table in land.routed.items()}
    return {"vpc": Output.from_input(land.vpc), **tables, **land.switches}
