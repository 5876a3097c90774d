"""Single values of a stack file that are wrong: each is told with its place and the next step."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.environments import config, environment, fault, faults

Config = dict[str, Any]

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGaRJvexveQWyePdqaFg06cJWYlIVpaT/F9OSZ1gIRp0"


def _put(value: object, *path: str | int) -> Any:
    def change(wanted: Config) -> None:
        node: Any = wanted
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    return change


def _drop(*path: str | int) -> Any:
    def change(wanted: Config) -> None:
        node: Any = wanted
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]

    return change


def test_a_sound_configuration_has_no_fault() -> None:
    assert faults(lambda _: None) == []


def test_what_is_left_out_gets_its_default() -> None:
    seen = environment()

    assert seen.cloud == "lab"
    assert seen.survivable
    assert seen.batch == 1
    assert seen.operators == ()
    assert seen.network.host_prefix == 24
    assert str(seen.network.docker0) == "172.30.0.0/24"
    assert seen.settings.image == "trixie"
    assert seen.settings.route_quota == 200
    assert [zone.zone for zone in seen.network.zones] == ["a", "b", "c"]


def test_one_zone_alone_is_not_asked_to_be_survivable() -> None:
    def one_zone(wanted: Config) -> None:
        wanted["network"]["zones"] = wanted["network"]["zones"][:1]
        for pool in wanted["pools"]:
            pool["hosts"] = {"a": 1}

    assert not environment(one_zone).survivable


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (("netwrk",), "network"),
        (("network", "gwbrige"), "gwbridge"),
        (("network", "zones", 1, "subnets"), "subnet"),
        (("pools", 0, "host"), "hosts"),
        (("lab", "routequota"), "route_quota"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(
    path: tuple[str | int, ...], known: str
) -> None:
    message = fault(_put("x", *path))

    assert f"{path[-1]}: is not a known key; did you mean {known}?" in message


def test_an_unknown_key_like_no_other_is_answered_with_all_that_are_known() -> None:
    message = fault(_put(1, "lab", "zzz"))

    assert message == (
        "fairway:lab.zzz: is not a known key; the keys here: image, route_quota, uplink"
    )


def test_items_of_a_list_are_addressed_by_their_name() -> None:
    assert fault(_put("10.97.16.0", "network", "zones", 1, "subnet")).startswith(
        "fairway:network.zones.b.subnet: is not a CIDR"
    )


def test_items_of_a_list_without_a_name_are_addressed_by_their_number() -> None:
    assert fault(_put("x", "network", "zones", 1)) == (
        'fairway:network.zones[1]: has the wrong type: found "x", wanted a mapping;'
        " indent its keys below it"
    )


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("network",), [], "found a list of 0, wanted a mapping"),
        (("pools",), {}, "found a mapping, wanted a list"),
        (("network", "vpc"), 10, "found 10, wanted text"),
        (("network", "vpc"), None, "found nothing, wanted text"),
        (("network", "host_prefix"), "24", 'found "24", wanted a whole number from 16 to 28'),
        (("network", "peers"), "10.0.0.0/8", 'found "10.0.0.0/8", wanted a list'),
        (("pools", 0, "first"), True, "found true, wanted a whole number"),
        (("pools", 0, "hosts"), 3, "found 3, wanted a mapping"),
        (("pools", 0, "hosts", "a"), "one", 'found "one", wanted a whole number'),
        (("pools", 0, "labels"), {"tier": 1}, "found 1, wanted text"),
        (("survivable",), "yes", 'found "yes", wanted true or false'),
        (("batch",), 1.5, "found 1.5, wanted a whole number from 1 to 100"),
        (("operators",), "key", 'found "key", wanted a list'),
        (("cloud",), ["lab"], "found a list of 1, wanted text"),
    ],
)
def test_a_wrong_type_tells_what_was_found_and_wanted(
    path: tuple[str | int, ...], value: object, told: str
) -> None:
    message = fault(_put(value, *path))

    assert "has the wrong type" in message
    assert told in message


@pytest.mark.parametrize(
    "path",
    [
        ("network",),
        ("network", "vpc"),
        ("network", "containers"),
        ("network", "zones"),
        ("network", "zones", 0, "name"),
        ("network", "zones", 0, "subnet"),
        ("network", "zones", 0, "containers"),
        ("pools",),
        ("pools", 1, "name"),
        ("pools", 1, "role"),
        ("pools", 1, "first"),
        ("pools", 1, "size"),
        ("pools", 1, "hosts"),
    ],
)
def test_a_missing_key_is_named_once_with_an_example(path: tuple[str | int, ...]) -> None:
    message = fault(_drop(*path))

    assert f"{path[-1]}: is missing: found nothing" in message
    assert "add it" in message


def test_host_bits_that_are_set_are_answered_with_the_network() -> None:
    message = fault(_put("10.97.16.5/20", "network", "zones", 1, "subnet"))

    assert message == (
        "fairway:network.zones.b.subnet: has host bits set: found 10.97.16.5/20,"
        " wanted 10.97.16.0/20; write 10.97.16.0/20, or the length that you meant"
    )


@pytest.mark.parametrize("given", ["10.97.0.0", "10.97.0/16", "10.97.0.0/33", "fd00::/64", "x/y"])
def test_what_is_no_cidr_is_told_with_an_example(given: str) -> None:
    message = fault(_put(given, "network", "vpc"))

    assert message.startswith(f'fairway:network.vpc: is not a CIDR: found "{given}"')
    assert "such as 10.77.0.0/16" in message


@pytest.mark.parametrize("key", ["vpc", "containers", "docker0", "gwbridge", "overlays"])
def test_no_range_touches_the_addresses_of_the_clouds_own_services(key: str) -> None:
    message = fault(_put("100.64.8.0/24", "network", key))

    assert message.startswith(f"fairway:network.{key}: touches 100.64.0.0/10")


@pytest.mark.parametrize("given", ["127.0.0.0/16", "169.254.0.0/24", "224.0.0.0/8", "0.0.0.0/0"])
def test_no_range_touches_special_addresses(given: str) -> None:
    assert "which is kept for" in fault(_put(given, "network", "containers"))


def test_a_peer_may_live_among_the_clouds_own_services() -> None:
    assert faults(_put(["100.64.8.0/24"], "network", "peers")) == []


def test_the_uplink_is_a_link_between_two_ends() -> None:
    assert fault(_put("10.76.97.0/29", "lab", "uplink")) == (
        "fairway:lab.uplink: is no link between two ends: found 10.76.97.0/29, wanted a /30;"
        " write 10.76.97.0/30"
    )


def test_an_unknown_cloud_is_answered_with_the_known_ones() -> None:
    assert fault(_put("aws2", "cloud")) == (
        'fairway:cloud: is not known: found "aws2", wanted one of lab, aws, alicloud; '
        "did you mean aws?"
    )


@pytest.mark.parametrize("path", [("lab", "image"), ("pools", 0, "image")])
def test_an_unknown_image_is_answered_with_the_nearest(path: tuple[str | int, ...]) -> None:
    message = fault(_put("trixy", *path))

    assert "image: is not known" in message
    assert "did you mean trixie?" in message


def test_an_unknown_role_is_answered_with_the_nearest() -> None:
    assert "did you mean manager?" in fault(_put("managers", "pools", 0, "role"))


def test_a_zone_that_the_cloud_does_not_offer_is_refused() -> None:
    def rename(wanted: Config) -> None:
        wanted["network"]["zones"][2]["name"] = "g"
        for pool in wanted["pools"]:
            pool["hosts"] = {"a": 1, "b": 1, "g": 1}

    assert fault(rename).startswith(
        'fairway:network.zones.g.name: is not known: found "g", wanted one of a, b, c, d, e, f'
    )


def test_a_zone_may_have_another_name_than_the_clouds() -> None:
    def rename(wanted: Config) -> None:
        wanted["network"]["zones"][2] |= {"name": "harbour", "zone": "c"}
        for pool in wanted["pools"]:
            pool["hosts"] = {"a": 1, "b": 1, "harbour": 1}

    assert environment(rename).network.zones[2].zone == "c"


@pytest.mark.parametrize("given", ["A", "a_b", "1a", "-a", "a-", "a1", "ä", "a b"])
def test_a_zone_name_that_cannot_start_a_host_name_is_refused(given: str) -> None:
    def rename(wanted: Config) -> None:
        wanted["network"]["zones"][0] |= {"name": given, "zone": "a"}

    assert "is no part of a host name" in fault(rename)


def test_a_zone_name_too_long_for_a_host_name_is_refused() -> None:
    def rename(wanted: Config) -> None:
        wanted["network"]["zones"][0] |= {"name": "z" * 41, "zone": "a"}

    assert "is too long for a host name: found 41 characters, wanted at most 40" in fault(rename)


def test_a_machine_name_too_long_for_a_host_name_is_refused() -> None:
    def rename(wanted: Config) -> None:
        wanted["network"]["zones"][0] |= {"name": "z" * 40, "zone": "a"}
        for pool in wanted["pools"]:
            pool["hosts"] = {"z" * 40: 1, "b": 1, "c": 1}

    messages = faults(rename, stack="s" * 25)

    assert len(messages) == 2
    assert "is too long for a host name: found 67 characters, wanted at most 63" in messages[0]


@pytest.mark.parametrize("given", ["Prod", "my_lab", "9lives", "x" * 33])
def test_a_stack_name_that_cannot_start_a_machine_name_is_refused(given: str) -> None:
    message = fault(lambda _: None, stack=given)

    assert message.startswith("the stack's name: is ")
    assert message.endswith("pulumi stack init NAME")


@pytest.mark.parametrize("key", ["zone", "pool"])
def test_labels_that_fairway_sets_cannot_be_set_by_hand(key: str) -> None:
    assert "is set by Fairway itself" in fault(_put({key: "x"}, "pools", 0, "labels"))


@pytest.mark.parametrize("key", ["a=b", "-a", "a b", "com.docker.x", "k" * 64])
def test_a_label_that_a_swarm_node_cannot_carry_is_refused(key: str) -> None:
    assert "no label that a Swarm node can carry" in fault(_put({key: "x"}, "pools", 0, "labels"))


@pytest.mark.parametrize("value", ["a b", "a=b", "é", "v" * 256])
def test_a_label_value_that_no_constraint_can_name_is_refused(value: str) -> None:
    assert "placement constraint" in fault(_put({"tier": value}, "pools", 0, "labels"))


@pytest.mark.parametrize("line", [ED25519, f"{ED25519} me@example.org"])
def test_an_operators_key_line_is_taken_as_it_is(line: str) -> None:
    assert environment(_put([line], "operators")).operators == (line,)


@pytest.mark.parametrize(
    "line",
    [
        ED25519[:-8],  # cut
        ED25519.replace("ssh-ed25519", "ssh-rsa"),  # another type than the key inside
        ED25519.replace("ssh-ed25519", "ssh-dss"),
        f'command="true" {ED25519}',
        f"{ED25519}\n{ED25519}",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
    ],
)
def test_an_operators_key_line_that_is_none_is_refused(line: str) -> None:
    message = fault(_put([line], "operators"))

    assert message.startswith("fairway:operators[0]: is no public key")


def test_a_private_key_pasted_by_mistake_is_never_repeated() -> None:
    message = fault(_put(["-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz"], "operators"))

    assert "found a private key" in message
    assert "b3BlbnNz" not in message
    assert "BEGIN" not in message


def test_all_faults_are_told_at_once() -> None:
    def spoil(wanted: Config) -> None:
        wanted["surviveable"] = True
        wanted["network"]["vpc"] = "10.97.0.0"
        wanted["pools"][0]["hosts"] = {"a": 1, "b": 1}
        wanted["lab"]["image"] = "woody"

    told = "\n".join(faults(spoil))

    assert "did you mean survivable?" in told
    assert "fairway:network.vpc: is not a CIDR" in told
    assert "even number of managers" in told
    assert "fairway:lab.image: is not known" in told


def test_reading_does_not_change_what_it_reads() -> None:
    wanted = config()
    environment(lambda given: given.update(wanted))

    assert wanted == config()
