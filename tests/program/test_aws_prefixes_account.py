"""Prefixes in an AWS account: what the plugin does there, and what a preflight looks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from components.clouds.aws.api import Api
from components.clouds.aws.preflight.quotas import ON_DEMAND, ROUTES, UNITS
from components.errors import CloudError
from provider.interface import PrefixesType
from provider.resource import Call, Made
from provider.wire import Values
from tests.support.aws_preflights import faults, found, unchecked
from tests.support.environments import by_eight_prefixes
from tests.support.moto_account import (
    QUOTAS,
    REGION,
    Account,
    Built,
    Change,
    Wanted,
    account,
    environment,
)

CALL = Call(urn="urn::a1", report=lambda _: None)
FREE = ["10.97.40.0/28", "10.97.40.16/28"]  # of zone a's containers, and no planned host's


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


@pytest.fixture
def built(aws: Account) -> Built:
    return Built(aws, environment(by_eight_prefixes))


def inputs(built: Built, slot: str = "a1", wanted: list[str] | None = None) -> Values:
    interface = built.account.interface_of(built.hosts[slot])
    return {"region": REGION, "interface": interface, "prefixes": wanted or FREE}


def has(built: Built, slot: str = "a1") -> list[str]:
    """The prefixes of a host's interface."""
    name = built.account.interface_of(built.hosts[slot])
    rows = built.account.ec2.describe_network_interfaces(NetworkInterfaceIds=[name])
    (row,) = rows["NetworkInterfaces"]
    return sorted(each["Ipv4Prefix"] for each in row["Ipv4Prefixes"])


# -- the plugin


def test_prefixes_are_given_and_taken_with_the_resource(built: Built) -> None:
    kind, wanted = PrefixesType(), inputs(built)
    made = kind.create(CALL, wanted)
    assert has(built) == FREE

    kind.delete(CALL, made, wanted)
    assert has(built) == []
    kind.delete(CALL, made, wanted)  # once more, as after an interrupted run


def test_what_an_interrupted_run_has_given_already_is_no_obstacle(built: Built) -> None:
    PrefixesType().create(CALL, inputs(built, wanted=FREE[:1]))
    PrefixesType().create(CALL, inputs(built))
    assert has(built) == FREE


def test_they_move_to_another_interface_in_place(built: Built) -> None:
    kind, before, after = PrefixesType(), inputs(built), inputs(built, "a10")
    made = kind.create(CALL, before)

    outputs = kind.update(CALL, made, after)

    assert kind.changes(before, made.outputs, after) == {"interface": "update"}
    assert (has(built), has(built, "a10")) == ([], FREE)
    assert outputs["interface"] == after["interface"]


def test_another_share_of_the_subnet_takes_the_place_of_the_first(built: Built) -> None:
    kind, others = PrefixesType(), ["10.97.40.16/28", "10.97.40.32/28"]
    made = kind.create(CALL, inputs(built))
    kind.update(CALL, made, inputs(built, wanted=others))
    assert has(built) == others


def test_a_refresh_sees_what_an_interface_has_and_the_next_run_puts_it_right(
    built: Built,
) -> None:
    kind, wanted = PrefixesType(), inputs(built)
    made = kind.create(CALL, wanted)
    built.account.ec2.unassign_private_ip_addresses(
        NetworkInterfaceId=wanted["interface"], Ipv4Prefixes=FREE[:1]
    )
    give(built.account, wanted["interface"], "10.97.40.32/28")

    read = kind.read(CALL, made, wanted)

    assert read is not None
    assert read[0]["prefixes"] == [FREE[1], "10.97.40.32/28"]
    assert kind.changes(read[0], read[1], wanted) == {"prefixes": "update"}
    kind.update(CALL, Made(made.id, read[1]), wanted)
    assert has(built) == FREE


def test_an_interface_that_is_gone_has_none_and_nothing_is_taken_from_it(built: Built) -> None:
    kind, wanted = PrefixesType(), inputs(built)
    made = kind.create(CALL, wanted)
    built.account.ec2.terminate_instances(InstanceIds=[built.hosts["a1"]])
    built.account.ec2.delete_network_interface(NetworkInterfaceId=wanted["interface"])

    assert kind.read(CALL, made, wanted) is None
    kind.delete(CALL, made, wanted)
    kind.update(CALL, made, inputs(built, "a10"))
    assert has(built, "a10") == FREE


def test_a_refusal_names_the_interface_and_ec2s_own_code(built: Built) -> None:
    PrefixesType().create(CALL, inputs(built, "a10"))
    with pytest.raises(CloudError) as caught:
        PrefixesType().create(CALL, inputs(built))
    name = inputs(built)["interface"]
    assert f"interface {name}: it was not given the prefixes {FREE[0]} to {FREE[1]}" in str(
        caught.value
    )
    assert "InvalidIPAddress.InUse" in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [([], "does not fit"), (["10.97.40.0/99"], "does not fit"), ("10.97.40.0/28", "does not fit")],
)
def test_what_is_no_list_of_networks_is_refused_in_preview(wanted: Any, fault: str) -> None:
    asked = {"region": REGION, "interface": "eni-1", "prefixes": wanted}
    _, (error,) = PrefixesType().check("Prefixes a1", {}, asked)
    assert fault in str(error)


def test_only_what_is_listed_as_a_change_can_change_something() -> None:
    with pytest.raises(KeyError):
        Api(REGION).change("ec2:TerminateInstances")


# -- EC2's rules, as the account of the tests has them


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("10.97.40.0/27", "InvalidParameterValue"),
        ("10.97.64.0/28", "InvalidParameterValue"),  # of another zone's subnet
        ("10.97.0.0/28", "InvalidParameterValue"),  # the router's address
        ("10.97.63.240/28", "InvalidParameterValue"),  # the broadcast address
        ("10.97.0.16/28", "InvalidIPAddress.InUse"),  # a10's own address
    ],
)
def test_the_account_refuses_what_ec2_would(built: Built, wanted: str, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        give(built.account, inputs(built)["interface"], wanted)


def test_the_account_gives_no_more_than_the_type_has_places_for(built: Built) -> None:
    interface = inputs(built)["interface"]
    give(built.account, interface, FREE[0])  # the ninth, beside its own address
    with pytest.raises(ClientError, match="PrivateIpAddressLimitExceeded"):
        give(built.account, interface, FREE[1])


def give(aws: Account, interface: str, *wanted: str) -> None:
    aws.ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, Ipv4Prefixes=list(wanted))


# -- the preflight


def typed(kind: str, host_prefix: int = 25) -> Change:
    def change(wanted: Wanted) -> None:
        by_eight_prefixes(wanted)
        wanted["aws"]["type"] = kind
        wanted["network"]["host_prefix"] = host_prefix
        wanted["pools"][1]["size"] = 10  # a /19 has room for them, however wide

    return change


@pytest.mark.usefixtures("aws")
def test_a_healthy_account_has_nothing_in_the_way() -> None:
    assert faults(by_eight_prefixes) == []


@pytest.mark.usefixtures("built")
def test_what_stands_is_not_in_its_own_way() -> None:
    assert faults(by_eight_prefixes) == []


@pytest.mark.usefixtures("aws")
def test_a_type_without_prefixes_is_a_fault() -> None:
    (fault,) = faults(typed("m4.large"))
    assert fault.startswith("aws.type: the interfaces of this type have no prefixes")
    assert "found m4.large, hypervisor xen" in fault


@pytest.mark.usefixtures("aws")
def test_a_type_with_too_few_places_is_a_fault_with_both_numbers() -> None:
    (fault,) = faults(typed("m7i.large", 24))
    assert "found m7i.large, 10 addresses: its own and 9 prefixes" in fault
    assert "wanted 16 prefixes, a /24 in /28s" in fault


def test_a_24_is_sound_where_the_type_has_30_addresses() -> None:
    with account({**QUOTAS, ON_DEMAND.code: 100}):
        assert faults(typed("m7i.4xlarge", 24)) == []


def test_with_tables_any_type_may_have_any_host_prefix(aws: Account) -> None:
    assert faults(lambda wanted: wanted["aws"].update(type="m4.large")) == []
    assert aws


def test_addresses_and_prefixes_of_others_among_our_containers_are_told(built: Built) -> None:
    aws = built.account
    theirs = aws.instance(built.subnets["a"], "10.97.41.5", {"Name": "theirs"})
    name = aws.interface_of(theirs)
    give(aws, name, "10.97.42.0/28")

    (fault,) = faults(by_eight_prefixes)

    assert fault.startswith("network.zones.a.containers: somebody else has addresses there")
    assert f"found 10.97.41.5, 10.97.42.0/28 by {name}" in fault
    assert "wanted no address of others inside 10.97.32.0/19" in fault


def test_addresses_of_others_beside_our_containers_are_fine(built: Built) -> None:
    built.account.instance(built.subnets["a"], "10.97.0.200", {"Name": "theirs"})
    assert faults(by_eight_prefixes) == []


def test_the_units_of_the_vpc_must_hold_every_address_and_prefix() -> None:
    with account({**QUOTAS, UNITS.code: 53}):
        (fault,) = faults(by_eight_prefixes)  # six hosts: an address and eight prefixes each
    assert "too few network address units of a VPC are left" in fault
    assert "found 0 of 53 used, wanted 54 more" in fault
    with account({**QUOTAS, UNITS.code: 54}):
        assert faults(by_eight_prefixes) == []


def test_what_stands_has_its_units() -> None:
    with account({**QUOTAS, UNITS.code: 54}) as aws:
        Built(aws, environment(by_eight_prefixes))
        assert faults(by_eight_prefixes) == []


def test_the_quota_of_entries_is_no_matter() -> None:
    with account({**QUOTAS, ROUTES.code: 1}):
        assert faults(by_eight_prefixes) == []
    with account({**QUOTAS, ROUTES.code: 1}):
        assert any(ROUTES.code in each for each in faults())


def test_a_missing_right_to_keep_a_part_of_a_subnet_is_a_fault(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    Built(aws, environment(lambda w: (by_eight_prefixes(w), w["pools"][1].update(hosts={"a": 1}))))
    asked = []
    real = Api.rehearse

    def rehearse(self: Api, action: str, /, **words: Any) -> None:
        asked.append((action, words))
        real(self, action, **words)

    monkeypatch.setattr(Api, "rehearse", rehearse)
    findings = found(environment(by_eight_prefixes))

    assert unchecked(findings) == []
    words = dict(asked)["ec2:CreateSubnetCidrReservation"]
    assert words["Cidr"] == "10.97.32.0/19"
    assert "ec2:CreateRoute" not in dict(asked)
