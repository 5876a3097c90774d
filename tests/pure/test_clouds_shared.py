"""What both clouds share: which packets come in, what things are tagged with, what is told."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from components.clouds.findings import Findings
from components.clouds.rules import BASTION, MEMBERS, SSH, Allow, into_bastion, into_hosts
from components.clouds.tags import tags
from components.config.model import Bastion, CloudSettings
from components.environment import Environment, read_environment
from components.errors import CloudError, CloudFaults
from components.plan import make_plan
from tests.pure.test_environment_clouds import sound
from tests.support.environments import by_prefixes


def environment(cloud: str = "aws", **own: object) -> Environment:
    wanted = sound(cloud)
    wanted[cloud] |= own
    return read_environment(wanted, stack="prod", source="x")


def settings(**changed: object) -> CloudSettings:
    found = environment().settings
    assert isinstance(found, CloudSettings)
    return replace(found, **changed)  # type: ignore[arg-type]


def into(**changed: object) -> tuple[Allow, ...]:
    return into_hosts(make_plan(environment()), settings(**changed))


def opens(allowed: tuple[Allow, ...], source: object, protocol: str, port: int) -> bool:
    return any(
        allow.source == source
        and allow.protocol in {"any", protocol}
        and (allow.ports is None or allow.ports[0] <= port <= allow.ports[1])
        for allow in allowed
    )


@pytest.mark.parametrize("between", ["services", "swarm"])
def test_members_speak_swarm_with_each_other_and_never_ssh(between: str) -> None:
    allowed = into(between_hosts=between)

    for protocol, port in (("tcp", 2377), ("tcp", 7946), ("udp", 7946), ("udp", 4789)):
        assert opens(allowed, MEMBERS, protocol, port)
    assert not opens(allowed, MEMBERS, "tcp", SSH)


def test_published_ports_of_other_hosts_are_open_unless_only_swarm_is_asked_for() -> None:
    assert opens(into(), MEMBERS, "tcp", 8080)
    assert opens(into(), MEMBERS, "udp", 53)
    assert not opens(into(between_hosts="swarm"), MEMBERS, "tcp", 8080)


@pytest.mark.parametrize("between", ["services", "swarm"])
def test_containers_are_let_in_by_their_range_because_no_group_holds_them(between: str) -> None:
    assert opens(into(between_hosts=between), IPv4Network("10.227.0.0/16"), "tcp", 5432)


def test_containers_of_prefixes_are_let_in_by_the_range_of_each_zone() -> None:
    wanted = sound("aws")
    by_prefixes(wanted)
    inside = read_environment(wanted, stack="prod", source="x")
    allowed = into_hosts(make_plan(inside), settings())

    told = {allow.key: allow.source for allow in allowed if allow.key.startswith("containers")}
    assert told == {f"containers-{zone.name}": zone.containers for zone in inside.network.zones}
    assert len(told) == len(inside.network.zones) > 1
    assert "containers" in {allow.key for allow in into()}


def test_ssh_comes_from_the_bastion_where_there_is_one_and_else_from_named_ranges() -> None:
    office = IPv4Network("203.0.113.0/24")

    assert opens(into(), BASTION, "tcp", SSH)
    assert not opens(into(), office, "tcp", SSH)
    assert opens(into(bastion=None), office, "tcp", SSH)
    assert opens(into_bastion(settings()), office, "tcp", SSH)


def test_without_bastion_and_ranges_no_port_is_open_to_people() -> None:
    allowed = into(bastion=None, ssh_from=())

    assert {allow.source for allow in allowed} == {MEMBERS, IPv4Network("10.227.0.0/16")}


def test_nothing_is_open_to_the_world_and_every_rule_says_why() -> None:
    allowed = (*into(), *into_bastion(settings()))

    assert not [a for a in allowed if isinstance(a.source, IPv4Network) and not a.source.prefixlen]
    assert all(allow.why for allow in allowed)
    assert len({allow.key for allow in into()}) == len(into())


def test_everything_is_tagged_with_environment_owner_and_slot_and_users_cannot_hide_them() -> None:
    made = tags(environment(tags={"cost": "1", "Name": "theirs"}), "a1", slot="a1")

    assert made == {
        "cost": "1",
        "Name": "prod-a1",
        "fairway:environment": "prod",
        "fairway:owner": "team",
        "fairway:slot": "a1",
    }


def test_a_preflight_tells_all_faults_at_once_and_does_not_take_silence_for_one() -> None:
    found = Findings()
    with found.looking_at("quota of routes"):
        raise CloudError(where="x", what="not allowed", hint="add the right")
    found.raise_any()
    found.fault("zone a", "does not offer m7i.large", hint="choose another type")
    found.fault("image", "is gone", hint="pin another")

    with pytest.raises(CloudFaults, match="zone a: does not offer") as told:
        found.raise_any()
    assert len(told.value.faults) == 2
    assert str(found.unchecked[0]) == (
        "quota of routes: could not be checked: found not allowed; add the right"
    )


def test_a_bastion_may_boot_another_image_than_the_hosts() -> None:
    bastion = {"zone": "a", "type": "t4g.nano", "image": "ami-00000000"}

    found = environment(bastion=bastion).settings

    assert isinstance(found, CloudSettings)
    assert found.bastion == Bastion(zone="a", type="t4g.nano", image="ami-00000000")
