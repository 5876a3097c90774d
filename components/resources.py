"""The project's own resources as a program writes them; their work is done by the plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions


class Owned(pulumi.CustomResource):
    """A resource of the plugin. `revision` changes whenever the plugin really worked on it."""

    revision: Output[str]

    def __init__(
        self, kind: str, name: str, inputs: Mapping[str, Any], opts: ResourceOptions | None
    ) -> None:
        super().__init__(f"fairway:{kind}", name, {**inputs, "revision": None}, opts)


class Identity(Owned):
    """The seeds that all SSH keys of a cluster come from; `seed` is their keyring, a secret.

    `generation` is the one in use; the keys of those in `accept` are accepted beside it.
    """

    seed: Output[str]

    def __init__(
        self,
        name: str,
        *,
        cluster: Input[str],
        generation: Input[int] = 1,
        accept: Sequence[Input[int]] = (),
        opts: ResourceOptions | None = None,
    ) -> None:
        keys = {"generation": generation, "accept": list(accept)}
        inputs = {"cluster": cluster, **keys, "seed": None, "seeds": None}
        super().__init__("host:Identity", name, inputs, opts)


class FirstBoot(Owned):
    """A cloud's instance has set itself up and lets us in; a new instance is waited for anew.

    `way` is how it is reached, see components/remote/way.py.
    """

    machine: Output[str]

    def __init__(  # noqa: PLR0913 - what finding a host takes
        self,
        name: str,
        *,
        cluster: Input[str],
        machine: Input[str],
        address: Input[str],
        way: Mapping[str, Input[str]],
        seed: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        place = {"cluster": cluster, "name": name, "machine": machine, "address": address}
        super().__init__("host:FirstBoot", name, {**place, "way": way, "seed": seed}, opts)


class Vpc(Owned):
    """The lab's private network; `uplink` is the /30 to the computer, `quota` per route table.

    `containers` is the range that entries lead to, None where there are none.
    """

    def __init__(  # noqa: PLR0913 - what the lab's API takes
        self,
        name: str,
        *,
        lab: Input[str],
        cidr: Input[str],
        containers: Input[str] | None,
        uplink: Input[str] | None,
        quota: Input[int],
        opts: ResourceOptions | None = None,
    ) -> None:
        ranges = {"cidr": cidr, "containers": containers, "uplink": uplink}
        super().__init__("lab:Vpc", name, {"lab": lab, **ranges, "quota": quota}, opts)


class RouteTable(Owned):
    """A route table of the lab's VPC, known by its name."""

    name: Output[str]

    def __init__(
        self,
        name: str,
        *,
        lab: Input[str],
        vpc: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("lab:RouteTable", name, {"lab": lab, "name": name, "vpc": vpc}, opts)


class VSwitch(Owned):
    """A subnet of the lab in one zone, served by one route table."""

    name: Output[str]

    def __init__(
        self,
        name: str,
        *,
        lab: Input[str],
        zone: Input[str],
        cidr: Input[str],
        table: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        inputs = {"lab": lab, "name": name, "zone": zone, "cidr": cidr, "table": table}
        super().__init__("lab:VSwitch", name, inputs, opts)


class SecurityGroup(Owned):
    """Rules for machines; each a map of direction, protocol, source and perhaps ports."""

    name: Output[str]

    def __init__(
        self,
        name: str,
        *,
        lab: Input[str],
        vpc: Input[str],
        rules: Sequence[Mapping[str, Any]],
        opts: ResourceOptions | None = None,
    ) -> None:
        inputs = {"lab": lab, "name": name, "vpc": vpc, "rules": rules}
        super().__init__("lab:SecurityGroup", name, inputs, opts)


class Machine(Owned):
    """A machine of the lab. Its address is fixed, so a new one cannot come before the old goes."""

    address: Output[str]

    def __init__(  # noqa: PLR0913 - what the lab's API takes
        self,
        name: str,
        *,
        lab: Input[str],
        vswitch: Input[str],
        address: Input[str],
        image: Input[str],
        groups: Sequence[Input[str]],
        user_data: Input[str],
        seed: Input[str],
        source_dest_check: Input[bool] = True,
        opts: ResourceOptions | None = None,
    ) -> None:
        place = {"lab": lab, "name": name, "vswitch": vswitch, "address": address, "image": image}
        boot = {"userData": user_data, "seed": seed}
        inputs = {**place, **boot, "groups": groups, "sourceDestCheck": source_dest_check}
        # As an option and not only the plugin's answer: `--replace` asks the option alone.
        last = ResourceOptions(delete_before_replace=True)
        super().__init__("lab:Machine", name, inputs, ResourceOptions.merge(opts, last))


class Route(Owned):
    """A destination is behind a machine: the same entry in every one of the tables."""

    def __init__(
        self,
        name: str,
        *,
        lab: Input[str],
        tables: Sequence[Input[str]],
        destination: Input[str],
        machine: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        inputs = {"lab": lab, "tables": tables, "destination": destination, "machine": machine}
        super().__init__("lab:Route", name, inputs, opts)


class Prefixes(Owned):
    """/28s of a vSwitch that are delivered to the interface with that address, by no entry."""

    def __init__(
        self,
        name: str,
        *,
        lab: Input[str],
        vswitch: Input[str],
        address: Input[str],
        prefixes: Sequence[Input[str]],
        opts: ResourceOptions | None = None,
    ) -> None:
        inputs = {"lab": lab, "vswitch": vswitch, "address": address, "prefixes": prefixes}
        super().__init__("lab:Prefixes", name, inputs, opts)


class Quorum(Owned):
    """The set of managers, guarded: a change that would lose the quorum is refused in preview.

    `managers` maps slots to addresses, `fingerprints` slots to what their machines are made of.
    """

    def __init__(  # noqa: PLR0913 - what the guard compares
        self,
        name: str,
        *,
        cluster: Input[str],
        managers: Mapping[str, Input[str]],
        fingerprints: Mapping[str, Input[str]],
        overlays: Input[str],
        way: Mapping[str, Input[str]],
        seed: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        sets = {"managers": managers, "fingerprints": fingerprints}
        inputs = {"cluster": cluster, **sets, "overlays": overlays, "way": way, "seed": seed}
        super().__init__("swarm:Quorum", name, inputs, opts)


class Node(Owned):
    """A machine as a node of the Swarm: role, labels, and the routed network on it.

    `managers` are maps of name and address, in the order of slots: the first begins the Swarm.
    `backup` (components/backup/kit.py) and `autolock` are for managers; None is none.
    """

    node: Output[str]
    swarm: Output[str]

    def __init__(  # noqa: PLR0913 - what a node is
        self,
        name: str,
        *,
        cluster: Input[str],
        machine: Input[str],
        address: Input[str],
        role: Input[str],
        labels: Mapping[str, Input[str]],
        containers: Input[str],
        managers: Sequence[Mapping[str, Input[str]]],
        overlays: Input[str],
        gwbridge: Input[str],
        mtu: Input[int],
        way: Mapping[str, Input[str]],
        seed: Input[str],
        backup: Mapping[str, str] | None = None,
        autolock: bool | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        place = {"name": name, "machine": machine, "address": address, "containers": containers}
        duty = {"role": role, "labels": labels, "managers": managers}
        managing = {"backup": backup, "autolock": autolock}
        ranges = {"overlays": overlays, "gwbridge": gwbridge, "mtu": mtu, "way": way}
        known = {"node": None, "swarm": None}
        inputs = {"cluster": cluster, **place, **duty, **managing, **ranges, "seed": seed, **known}
        super().__init__("swarm:Node", name, inputs, opts)


class Report(Owned):
    """Proof that containers reach each other as planned; made again when a trigger changes."""

    summary: Output[str]

    def __init__(  # noqa: PLR0913 - what verify needs
        self,
        name: str,
        *,
        cluster: Input[str],
        hosts: Sequence[Mapping[str, Input[str]]],
        network: Mapping[str, Input[str]],
        view: Mapping[str, Input[str]],
        way: Mapping[str, Input[str]],
        triggers: Mapping[str, Input[str]],
        seed: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        where = {"view": view, "way": way}
        inputs = {"cluster": cluster, "hosts": hosts, "network": network, **where}
        proof = {"triggers": triggers, "seed": seed, "summary": None}
        super().__init__("verify:Report", name, {**inputs, **proof}, opts)
