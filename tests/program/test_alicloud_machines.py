"""Instances on Alibaba Cloud: what they are made of, what makes them anew, how they go."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import ResourceHookArgs

from components.clouds.alicloud import release
from components.clouds.alicloud.api import ApiError
from components.clouds.alicloud.release import HOOK, Release
from tests.support.alicloud_program import Resources, behind, built, named, of_kind, own

PLAIN = "ecs.c6.large"
TAGGED = {
    *("Network", "Switch", "RouteTable", "NatGateway", "EipAddress"),
    *("SecurityGroup", "Instance"),
}


@pytest.fixture(scope="module")
def founding() -> Resources:
    return built()


def pool(**keys: object) -> Any:
    """A change of the pool of workers."""
    return lambda config: config["pools"][1].update(keys)


def test_a_host_is_what_its_slot_says(founding: Resources) -> None:
    host = founding["Instance", "b10"].inputs

    assert host["privateIp"] == "10.94.16.20"
    assert host["vswitchId"] == "b-id"
    assert host["imageId"] == "debian_12_11_x64_20G_alibase_20250630.vhd"
    assert host["instanceType"] == "ecs.g8i.large"
    assert host["systemDiskSize"] == 40
    assert host["securityGroups"] == ["hosts-id"]
    assert "keyName" not in host  # the account takes no ed25519 key; the user data has it
    assert host["sourceDestCheck"] is False


ANEW = {
    *("imageId", "vswitchId", "privateIp", "userData", "instanceType"),
    *("systemDiskSize", "systemDiskCategory"),
}


def test_what_would_change_a_running_host_makes_a_new_one_in_its_place(
    founding: Resources,
) -> None:
    for name, instance in of_kind(founding, "Instance").items():
        assert set(instance.request.replaceOnChanges) == ANEW, name
        assert instance.replaced_first, name


def test_nothing_is_asked_that_the_api_shows_differently_for_ever(founding: Resources) -> None:
    for each in of_kind(founding, "Instance").values():
        assert "httpPutResponseHopLimit" not in each.inputs
        assert list(each.request.ignoreChanges) == []


def test_every_disk_is_encrypted_by_the_key_that_is_named() -> None:
    for key in ("", "key-1"):
        instances = of_kind(built(own(kms_key=key) if key else own()), "Instance").values()
        assert {each.inputs["systemDiskEncrypted"] for each in instances} == {True}
        assert {each.inputs.get("systemDiskKmsKeyId", "") for each in instances} == {key}


def test_metadata_needs_a_token_and_no_instance_has_a_role_or_a_public_address(
    founding: Resources,
) -> None:
    for each in of_kind(founding, "Instance").values():
        assert each.inputs["httpTokens"] == "required"
        assert each.inputs["httpEndpoint"] == "enabled"
        assert each.inputs["internetMaxBandwidthOut"] == 0
        assert "roleName" not in each.inputs
    assert not {each.kind for each in founding.values()} & {"Role", "RamRoleAttachment"}


def test_user_data_is_plain_text_for_the_provider_and_a_secret_in_what_comes_out(
    founding: Resources,
) -> None:
    texts = {name: each.inputs["userData"] for name, each in of_kind(founding, "Instance").items()}

    assert all(text.startswith("#cloud-config\n") for text in texts.values())
    assert "hostname: b10\n" in texts["b10"]
    assert "hostname: bastion\n" in texts["bastion"]
    assert len(set(texts.values())) == len(texts)
    for each in of_kind(founding, "Instance").values():
        assert "userData" in each.request.additionalSecretOutputs


def test_everything_that_can_carry_tags_says_whose_it_is(founding: Resources) -> None:
    for each in founding.values():
        if each.kind in TAGGED:
            tags = each.inputs["tags"]
            assert tags["fairway:environment"] == "prod", each.name
            assert tags["fairway:owner"] == "team"
            assert tags["cost-centre"] == "4711"
            assert tags["Name"].startswith("prod-")
    kinds = {each.kind for each in founding.values() if "tags" in each.inputs}
    assert kinds == TAGGED


def test_a_hosts_instance_and_disk_name_its_slot_and_a_bastions_do_not(
    founding: Resources,
) -> None:
    host, bastion = founding["Instance", "a1"].inputs, founding["Instance", "bastion"].inputs

    assert host["tags"]["fairway:slot"] == "a1"
    assert host["tags"]["fairway:role"] == "manager"
    assert host["volumeTags"] == host["tags"]
    assert "fairway:slot" not in bastion["tags"]


def test_spot_instances_are_bought_as_such_and_not_protected() -> None:
    resources = built(pool(spot=True))

    worker, manager = resources["Instance", "a10"].inputs, resources["Instance", "a1"].inputs
    assert (worker["spotStrategy"], worker["deletionProtection"]) == ("SpotAsPriceGo", False)
    assert (manager["spotStrategy"], manager["deletionProtection"]) == ("NoSpot", True)


def test_frames_are_large_where_every_host_can_have_them(founding: Resources) -> None:
    assert {node.inputs["mtu"] for node in of_kind(founding, "Node").values()} == {8500}
    assert founding["Instance", "a1"].inputs["enableJumboFrame"] is True
    assert "enableJumboFrame" not in founding["Instance", "bastion"].inputs


def test_one_plain_type_makes_all_frames_plain() -> None:
    resources = built(pool(type=PLAIN))

    assert {node.inputs["mtu"] for node in of_kind(resources, "Node").values()} == {1500}
    assert resources["Instance", "a1"].inputs["enableJumboFrame"] is False
    assert "enableJumboFrame" not in resources["Instance", "a10"].inputs


def test_all_of_a_host_is_found_by_the_end_of_its_name(founding: Resources) -> None:
    kinds = [each.kind for each in founding.values() if each.urn.endswith("::a10")]
    assert sorted(kinds) == ["FirstBoot", "Instance", "Node", *["VPCRouteEntry"] * 4]


# -- the bastion


def test_the_bastion_stands_in_public_behind_an_address_that_outlives_it(
    founding: Resources,
) -> None:
    bastion, bound = founding["Instance", "bastion"].inputs, founding["EipAssociation", "bastion"]

    assert bastion["vswitchId"] == "a.public-id"
    assert bastion["securityGroups"] == ["bastion-id"]
    assert bound.inputs["allocationId"] == "bastion-id"
    assert bound.inputs["instanceType"] == "EcsInstance"
    assert bound.replaced_first
    assert founding["Instance", "bastion"].urn not in founding["EipAddress", "bastion"].after


def test_whoever_goes_through_the_bastion_lives_no_longer_than_it(founding: Resources) -> None:
    for kind, name in (("Node", "c10"), ("FirstBoot", "c10"), ("Quorum", "prod")):
        way = founding[kind, name]
        assert way.inputs["way"] == {"bastion": "203.0.113.9"}
        seen = behind(founding, way)
        assert ("EipAssociation", "bastion") in seen
        assert named(seen, "SecurityGroupRule") == set(of_kind(founding, "SecurityGroupRule"))


# -- deletion protection


class Api:
    """Remembers what it was asked; `error` is what it then raises."""

    def __init__(self, error: ApiError | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, object]]] = []
        self._error = error

    def call(self, product: str, action: str, **params: object) -> object:
        self.asked.append((product, action, params))
        if self._error is not None:
            raise self._error
        return {}


def protected(*, on: bool = True) -> ResourceHookArgs:
    told = {"deletionProtection": on}
    return ResourceHookArgs(urn="u", id="i-1", name="a1", type="Instance", old_inputs=told)


def refusal(code: str) -> ApiError:
    return ApiError(where="x", what="refused", hint="look", kind="refused", code=code)


@pytest.fixture
def unregistered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks are registered with an engine, of which these tests have none."""
    monkeypatch.setattr(release, "ResourceHook", lambda name, function: function)


def test_protection_is_lifted_in_the_moment_before_pulumi_deletes(unregistered: None) -> None:
    api = Api()
    Release(api, protect=True).lift(protected())

    wanted = {"InstanceId": "i-1", "DeletionProtection": "false"}
    assert api.asked == [("ecs", "ModifyInstanceAttribute", wanted)]


def test_what_is_not_protected_is_not_touched(unregistered: None) -> None:
    api = Api()
    Release(api, protect=True).lift(protected(on=False))
    assert api.asked == []


def test_an_instance_that_is_gone_already_needs_no_lifting(unregistered: None) -> None:
    Release(Api(refusal("InvalidInstanceId.NotFound")), protect=True).lift(protected())

    with pytest.raises(ApiError, match="refused"):
        Release(Api(refusal("InvalidOperation")), protect=True).lift(protected())


def test_instances_are_protected_and_let_go_by_the_hook_alone(founding: Resources) -> None:
    for each in of_kind(founding, "Instance").values():
        assert each.inputs["deletionProtection"] is True
        assert list(each.request.hooks.before_delete) == [HOOK]


def test_without_protection_destroy_needs_no_program() -> None:
    for each in of_kind(built(own(protect=False)), "Instance").values():
        assert each.inputs["deletionProtection"] is False
        assert list(each.request.hooks.before_delete) == []


def test_managers_alone_carry_the_role_that_sends_backups(founding: Resources) -> None:
    assert of_kind(founding, "RamRoleAttachment") == {}
    wanted = {"to": "oss://kept/prod", "role": "fairway-backup"}
    given = of_kind(built(lambda config: config.update(backup=wanted)), "RamRoleAttachment")
    assert sorted(given) == ["a1", "b1", "c1"]
    assert given["a1"].inputs["ramRoleName"] == "fairway-backup"
    assert given["a1"].inputs["instanceId"] == "a1-id"
