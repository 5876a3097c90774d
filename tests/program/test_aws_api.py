"""What a preflight says without rights, credentials or a network, and how AWS's errors end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore import exceptions as theirs  # type: ignore[import-untyped]
from moto.core.authorization import enable_iam_authentication

from components.clouds.aws.api import ACTIONS, CHANGES, REHEARSED, Api
from components.clouds.aws.border import ApiError, border
from scripts.workspace import ROOT
from tests.support.aws_preflights import faults, found, unchecked
from tests.support.environments import by_eight_prefixes
from tests.support.moto_account import (
    REGION,
    SOURCE,
    Account,
    Built,
    Wanted,
    account,
    answering,
    environment,
    own,
)
from tests.support.ports import nobody_listens


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


# -- keys and rights


def test_a_key_for_disks_must_be_there_enabled_and_of_the_right_kind(aws: Account) -> None:
    kms = boto3.client("kms", region_name=REGION)
    good = kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    signs = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
    off = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=off)
    assert faults(own(kms_key=good)) == []
    for key, words in (
        (signs, f"found {signs}, ECC_NIST_P256 for SIGN_VERIFY"),
        (off, f"found {off}, Disabled"),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", "no key of the region"),
    ):
        (fault,) = faults(own(kms_key=key))
        assert fault.startswith("aws.kms_key: disks cannot be encrypted with this key")
        assert words in fault
    assert aws


@pytest.fixture
def allowed(aws: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Api]:
    """Makes a user who may do everything but what is named, and an API that asks as that user."""
    iam = boto3.client("iam")

    def user(*denied: str) -> Api:
        iam.create_user(UserName="operator")
        rules = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        if denied:
            rules.append({"Effect": "Deny", "Action": list(denied), "Resource": "*"})  # type: ignore[dict-item]
        policy = json.dumps({"Version": "2012-10-17", "Statement": rules})
        iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        return Api(REGION)

    assert aws
    return user


READS = sorted(set(ACTIONS) - {"sts:GetCallerIdentity", "ec2:DescribeSecurityGroups"})


def everything(wanted: Wanted) -> None:
    """An environment that makes a preflight ask all that it ever asks."""
    wanted["aws"]["kms_key"] = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize("action", [each for each in READS if each.startswith("ec2:")])
def test_what_may_not_be_looked_at_is_told_and_is_no_fault(
    aws: Account, allowed: Callable[..., Api], action: str
) -> None:
    Built(aws, environment()).gateways()
    api = allowed(action)
    with enable_iam_authentication():
        findings = found(environment(), api)
    assert findings.faults == []
    (said,) = unchecked(findings)
    assert f"could not be checked: found no right to {action}" in said
    assert "docs/policies/aws.json" in said


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("action", [each for each in READS if not each.startswith("ec2:")])
def test_other_services_that_may_not_be_asked_are_no_fault_either(action: str) -> None:
    denial = {"Error": {"Code": "AccessDeniedException", "Message": "because"}}
    unknown = {"Error": {"Code": "NoSuchResourceException", "Message": "because"}}
    answers = {"servicequotas:GetServiceQuota": unknown} if "Default" in action else {}
    findings = found(environment(everything), answering({**answers, action: denial}, 400))
    assert [each for each in findings.faults if "kms_key" not in each.where] == []
    (said,) = unchecked(findings)
    assert f"could not be checked: found no right to {action}" in said


FIRST = ["ec2:AllocateAddress", "ec2:CreateVpc", "ec2:ImportKeyPair", "ec2:RunInstances"]
LATER = ["ec2:AllocateAddress", "ec2:CreateRoute", "ec2:RunInstances"]


def refused(api: Api) -> list[str]:
    with enable_iam_authentication():
        findings = found(environment(), api)
    assert unchecked(findings) == []
    assert all("docs/policies/aws.json" in str(each) for each in findings.faults)
    return [str(each) for each in findings.faults]


@pytest.mark.parametrize("action", FIRST)
def test_a_missing_right_to_begin_is_a_fault(allowed: Callable[..., Api], action: str) -> None:
    (fault,) = refused(allowed(action))
    assert f"{action} will be refused: found no right to {action}" in fault


def test_a_missing_right_to_a_group_in_a_vpc_that_stands_is_a_fault(
    aws: Account, allowed: Callable[..., Api]
) -> None:
    aws.vpc("10.97.0.0/16", {"fairway:environment": "prod"})
    (fault,) = refused(allowed("ec2:CreateSecurityGroup"))
    assert "ec2:CreateSecurityGroup will be refused" in fault


@pytest.mark.parametrize("action", LATER)
def test_a_missing_right_to_another_host_is_a_fault(
    aws: Account, allowed: Callable[..., Api], action: str
) -> None:
    Built(aws, environment(lambda wanted: wanted["pools"][1].update(hosts={"a": 1})))
    (fault,) = refused(allowed(action))
    assert f"{action} will be refused" in fault


def test_who_may_only_read_may_preview_what_stands(
    aws: Account, allowed: Callable[..., Api]
) -> None:
    Built(aws, environment()).gateways()
    assert refused(allowed(*REHEARSED)) == []


# -- no credentials, no region, no network


def test_wrong_credentials_are_a_fault_and_the_rest_is_said_not_to_be_looked_at(
    allowed: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    with enable_iam_authentication():
        findings = found(environment())
    (fault,) = map(str, findings.faults)
    assert fault.startswith("AWS eu-central-1: the credentials are not accepted: found Invalid")
    (rest,) = unchecked(findings)
    assert rest.startswith("everything else in the account: could not be checked")


def test_no_credentials_are_a_fault(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    findings = found(environment())
    assert "found no credentials at all" in str(findings.faults[0])
    assert len(findings.unchecked) == 1
    assert aws


@pytest.mark.usefixtures("aws")
def test_expired_credentials_say_so_and_never_show_the_token() -> None:
    error = {"Code": "ExpiredToken", "Message": "The token FwoGZXIvYXdzEXAMPLE is expired"}
    api = answering({"sts:GetCallerIdentity": {"Error": error}}, 400)
    findings = found(environment(), api)
    (fault,) = map(str, findings.faults)
    assert "the credentials have expired: found ExpiredToken; log in again" in fault
    assert "FwoGZXIvYXdzEXAMPLE" not in fault


@pytest.mark.usefixtures("aws")
def test_a_region_that_is_not_enabled_is_told_apart_from_wrong_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = {"Code": "InvalidClientTokenId", "Message": "The security token is invalid"}
    api = answering({"sts:GetCallerIdentity": {"Error": error}}, 403)
    asked, real = [], Api.all

    def all_regions(self: Api, action: str, key: str, /, **words: Any) -> list[dict[str, Any]]:
        asked.append(self.region)
        if action == "ec2:DescribeRegions":
            return [{"RegionName": REGION, "OptInStatus": "not-opted-in"}]
        return real(self, action, key, **words)

    monkeypatch.setattr(Api, "all", all_regions)
    (fault,) = map(str, found(environment(), api).faults)
    assert fault.startswith(f"{SOURCE}: fairway:aws.region: this region cannot be used")
    assert asked == ["us-east-1"]


@pytest.mark.usefixtures("aws")
def test_a_region_that_answers_that_it_is_not_enabled_is_a_fault() -> None:
    rows = [{"RegionName": REGION, "OptInStatus": "not-opted-in"}]
    (fault,) = found(environment(), answering({"ec2:DescribeRegions": {"Regions": rows}})).faults
    assert "this region cannot be used by the account" in str(fault)


@pytest.fixture
def closed() -> Iterator[str]:
    """An address on this computer where nobody answers."""
    with nobody_listens() as port:
        yield f"http://127.0.0.1:{port}"


def test_without_a_network_everything_is_unchecked_and_no_error_escapes(
    monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    findings = found(environment())
    assert findings.faults == []
    (said,) = unchecked(findings)
    assert said.startswith("the account in AWS eu-central-1: could not be checked")
    assert "no answer from 127.0.0.1" in said


def test_a_network_that_goes_after_the_first_answer_leaves_all_else_unchecked(
    aws: Account, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    api = answering({"sts:GetCallerIdentity": {"Account": "1", "Arn": "a", "UserId": "u"}})
    for service in ("EC2", "SERVICE_QUOTAS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", closed)
    monkeypatch.setattr(
        "moto.core.botocore_stubber.BotocoreStubber.__call__", lambda *_, **__: None
    )
    findings = found(environment(), api)
    assert findings.faults == []
    (said,) = unchecked(findings)
    assert "network.zones" in said
    assert "quota L-F678F1CE" in said
    assert aws


# -- the list of actions


def test_the_list_of_actions_is_what_is_really_asked(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    real = Api._client

    def listening(self: Api, action: str) -> Any:
        client = real(self, action)
        prefix = client.meta.service_model.signing_name
        client.meta.events.register(
            "before-call.*.*",
            lambda model, **_: asked.add(f"{prefix}:{model.name}"),
            unique_id="asked",
        )
        return client

    monkeypatch.setattr(Api, "_client", listening)
    found(environment(everything))
    empty = aws.vpc("10.97.0.0/16", {"fairway:environment": "prod"})
    found(environment())
    aws.ec2.delete_vpc(VpcId=empty)
    Built(aws, environment(lambda wanted: wanted["pools"][1].update(hosts={"a": 1})))
    found(environment())
    Built(aws, environment(by_eight_prefixes, "other"))
    found(environment(lambda w: by_eight_prefixes(w)["pools"][1].update(size=5), "other"))
    assert asked <= {*ACTIONS, *REHEARSED}
    unasked = {"ec2:DescribeSecurityGroups", "servicequotas:GetAWSDefaultServiceQuota"}
    assert {*ACTIONS, *REHEARSED} - asked == unasked


def test_the_policy_that_users_are_given_covers_everything_that_is_asked() -> None:
    statements = json.loads((ROOT / "docs/policies/aws.json").read_text())["Statement"]
    given = [action for each in statements for action in each["Action"]]
    uncovered = {
        action
        for action in (*ACTIONS, *CHANGES, *REHEARSED)
        if not any(fnmatchcase(action, pattern) for pattern in given)
    }
    assert uncovered == set()


def test_an_action_that_is_not_listed_cannot_be_asked(aws: Account) -> None:
    with pytest.raises(KeyError):
        Api(REGION).ask("ec2:TerminateInstances", InstanceIds=["i-0"])
    with pytest.raises(KeyError):
        Api(REGION).rehearse("ec2:TerminateInstances", InstanceIds=["i-0"])
    assert aws


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("RequestLimitExceeded", "too many requests: found RequestLimitExceeded"),
        ("OptInRequired", "the region is not known or not enabled"),
        ("InternalError", "the API refused: found InternalError at ec2:DescribeVpcs: tired"),
    ],
)
def test_what_aws_answers_becomes_four_parts(code: str, words: str) -> None:
    answer = {"Error": {"Code": code, "Message": "tired"}}
    with pytest.raises(ApiError, match=words):
        answering({"ec2:DescribeVpcs": answer}, 400).all("ec2:DescribeVpcs", "Vpcs")


@pytest.mark.usefixtures("aws")
def test_a_denial_names_the_action_that_is_missing_and_not_the_blob_that_comes_with_it() -> None:
    message = (
        "You are not authorized to perform this operation. User: arn:aws:iam::1:user/u is not "
        "authorized to perform: ec2:CreateTags on resource: x because no identity-based policy "
        "allows it. Encoded authorization failure message: " + "4Bz" * 500
    )
    answer = {"Error": {"Code": "UnauthorizedOperation", "Message": message}}
    with pytest.raises(ApiError) as told:
        answering({"ec2:RunInstances": answer}, 403).rehearse(
            "ec2:RunInstances", MinCount=1, MaxCount=1
        )
    assert told.value.kind == "denied"
    assert told.value.found == "no right to ec2:CreateTags"
    assert "4Bz" not in str(told.value)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (theirs.UnauthorizedSSOTokenError(), "expired", "log in again"),
        (
            theirs.PartialCredentialsError(provider="env", cred_var="x"),
            "credentials",
            "Partial credentials",
        ),
        (theirs.ConnectTimeoutError(endpoint_url="u"), "unreachable", "no answer from far.example"),
        (theirs.ReadTimeoutError(endpoint_url="u"), "unreachable", "(ReadTimeoutError)"),
        (theirs.SSLError(endpoint_url="u", error="e"), "unreachable", "(SSLError)"),
        (theirs.ProxyConnectionError(proxy_url="http://u:hush@p"), "unreachable", "HTTPS_PROXY"),
        (theirs.UnknownRegionError(region_name="x", error_msg="y"), "region", "fairway:aws.region"),
        (theirs.ParamValidationError(report="r"), "refused", "Parameter validation failed"),
    ],
)
def test_what_goes_wrong_on_the_way_becomes_four_parts_too(
    error: Exception, kind: str, words: str
) -> None:
    with pytest.raises(ApiError) as told, border(REGION, "ec2:DescribeVpcs", "far.example"):
        raise error
    assert told.value.kind == kind
    assert words in str(told.value)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AWS_PROFILE", "nobody", "the credentials are not accepted: found The config profile"),
        ("AWS_ENDPOINT_URL", "not a url", "AWS eu-central-1: "),
    ],
)
def test_a_misled_sdk_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(name, value)
    with pytest.raises(ApiError, match=words):
        Api(REGION).ask("sts:GetCallerIdentity")
