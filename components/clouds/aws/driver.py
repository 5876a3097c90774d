"""AWS behind the verbs of components/clouds/base.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi_aws as aws
from pulumi import Input, Output, Resource, ResourceOptions

from components.clouds import bill, started
from components.clouds.aws import preflight, running
from components.clouds.aws.api import Api
from components.clouds.aws.bastion import way_in
from components.clouds.aws.delivery import delivered, set_aside
from components.clouds.aws.groups import make_groups
from components.clouds.aws.machines import MTU, Machines
from components.clouds.aws.network import Land, existing_land, make_land
from components.clouds.aws.role import make_profile
from components.clouds.aws.routes import entries
from components.clouds.aws.site import Site, open_site
from components.clouds.aws.ways_out import make_ways_out
from components.clouds.base import Boot, Entrance, Entry, Host, Network
from components.clouds.examine import examine
from components.clouds.shape import view_of
from components.environment import AwsSettings, Environment
from components.errors import ConfigError
from components.plan import make_plan
from components.plan.model import Plan, Slot

# Families from before 2014; the others all carry 9001 bytes (EC2's user guide, "network MTU").
_WITHOUT_JUMBO: Final = frozenset({"c1", "cc2", "cr1", "g2", "hi1", "hs1", "m1", "m2", "t1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground(Network):
    """A network here: what machines and routes are made with, beyond what all clouds have."""

    site: Site
    land: Land
    machines: Machines
    ready: tuple[Resource, ...]  # what a machine waits for: its first boot goes out for packages
    interfaces: dict[str, Output[str]]  # by slot, as instances are made


class AwsCloud:
    """Builds an environment in one region of AWS."""

    def __init__(self, environment: Environment) -> None:
        assert isinstance(environment.settings, AwsSettings)  # noqa: S101 - the table of clouds says so
        self._environment = environment
        self._settings = environment.settings
        self._api = Api(environment.settings.region)
        plan = make_plan(environment)
        _refuse_small_frames(environment, plan)
        examine(lambda: preflight.check(environment, plan, self._api))

    @property
    def mtu(self) -> int:
        return MTU

    def network(self, plan: Plan, entrance: Entrance, opts: ResourceOptions) -> Ground:
        site = open_site(self._environment, self._settings, opts)
        land = self._land(site, plan, opts)
        groups = make_groups(site, plan, land.vpc, opts)
        machines = Machines(
            site,
            key=_operator_key(site, entrance.operator, opts),
            profile=make_profile(site, opts),
            opts=opts,
        )
        ways_out = make_ways_out(site, land, plan.network.zones, opts)
        aside = (
            set_aside(site, plan.network.zones, land.subnets, opts)
            if plan.network.by_prefixes
            else []
        )
        return Ground(
            subnets=land.subnets,
            tables=land.tables,
            groups=(groups.hosts,),
            revisions={**_revisions(land), "group": groups.hosts, "rules": groups.revision},
            way=way_in(site, machines, land, groups, user_data=entrance.bastion, opts=opts),
            site=site,
            land=land,
            machines=machines,
            ready=(*ways_out, *land.parts, *aside, *groups.rules),
            interfaces={},
        )

    def _land(self, site: Site, plan: Plan, opts: ResourceOptions) -> Land:
        if self._settings.existing is not None:
            return existing_land(self._settings.existing)
        return make_land(site, plan.network, opts)

    def machine(self, slot: Slot, network: Network, boot: Boot, opts: ResourceOptions) -> Host:
        ground = _ground(network)
        instance = ground.machines.host(
            slot,
            boot,
            subnet=ground.subnets[slot.zone],
            groups=ground.groups,
            source_dest_check=self._environment.network.by_prefixes,
            opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=list(ground.ready))),
        )
        ground.interfaces[slot.name] = instance.primary_network_interface_id
        name = self._environment.name
        return started.host(slot, ground, boot, cluster=name, instance=instance.id, opts=opts)

    def route(self, slot: Slot, network: Network, host: Host, opts: ResourceOptions) -> Entry:
        ground = _ground(network)
        interface = ground.interfaces[slot.name]
        if self._environment.network.by_prefixes:
            return delivered(ground.site, slot, interface, opts)
        return entries(ground.site, slot, ground.land.routed, interface, opts)

    def running(self) -> Mapping[str, str]:
        return running.running(self._environment.name, self._api)

    def view(self, network: Network) -> Mapping[str, Input[str]]:
        name, ground = self._environment.name, _ground(network)
        tables = {**ground.tables, **ground.land.routed}
        return view_of("aws", self._settings.region, name, tables)

    def bill(self, plan: Plan) -> Mapping[str, Any]:
        return bill.bill(plan, self._settings)


def _ground(network: Network) -> Ground:
    assert isinstance(network, Ground)  # noqa: S101 - it comes from this driver
    return network


def _revisions(land: Land) -> dict[str, Output[str]]:
    tables = {f"table {name}": table for name, table in land.routed.items()}
    return {"vpc": Output.from_input(land.vpc), **tables, **land.subnets}


def _operator_key(site: Site, public: Output[str], opts: ResourceOptions) -> Output[str]:
    """The name of the key pair with which an instance lets us in.

    Each generation has a pair of its own, which stands beside the last until all hosts are new:
    a pair that is replaced takes all its instances away first, at once.
    """
    generation = site.environment.keys.generation
    name = "operator" if generation == 1 else f"operator-{generation}"
    pair = aws.ec2.KeyPair(
        name,
        key_name=site.name(name),
        public_key=public,
        tags=site.tags("operator"),
        opts=site.options(opts, delete_before_replace=True),
    )
    return pair.key_name


def _refuse_small_frames(environment: Environment, plan: Plan) -> None:
    """All hosts send 9001 bytes, so none may be of a type that takes 1500 alone."""
    small = sorted({s.type for s in plan.slots if s.type.partition(".")[0] in _WITHOUT_JUMBO})
    if small:
        raise ConfigError(
            where=f"{environment.source}: fairway:aws.type, fairway:pools",
            what="these instance types have no jumbo frames, which all hosts use",
            found=", ".join(small),
            wanted="a current type, such as m7i.large",
            hint="choose other types",
        )
