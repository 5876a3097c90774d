"""How Alibaba Cloud's API is asked: signed, by pages, with credentials that are never shown."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException  # type: ignore[import-untyped]

from components.clouds.alicloud import api as client
from components.clouds.alicloud.api import ACTIONS, Api, ApiError
from components.clouds.alicloud.images import newest
from components.clouds.alicloud.refusals import Asked, error_of
from components.clouds.alicloud.running import running
from components.clouds.alicloud.view import AlicloudView
from components.errors import CloudError
from components.verify.model import Flow
from tests.support.source import ROOT
from tests.support.standin.account import REGION
from tests.support.standin.alicloud_api import KEY, SECRET, TOKEN, AlicloudApi
from tests.support.standin.alicloud_scene import check, existing, faked, stack, stand

PEER = IPv4Address("10.227.10.7")
ASKED = Asked(action="vpc:DescribeVpcs", region=REGION, host="https://vpc.example")


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlicloudApi]:
    monkeypatch.setattr(client, "_WAITS", (0.01,))
    with faked(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.mark.parametrize(
    ("kind", "action", "count", "calls"),
    [
        ("vpc", "vpc:DescribeVpcs", 120, 3),
        ("vpc", "vpc:DescribeVpcs", 100, 2),
        ("quota", "quotas:ListProductQuotas", 201, 3),
        ("instance", "ecs:DescribeInstances", 0, 1),
    ],
)
def test_a_list_is_read_to_its_last_page(
    kind: str, action: str, count: int, calls: int, fake: AlicloudApi
) -> None:
    with fake.account.open() as kinds:
        kinds[kind] = {str(n): {"Number": n, "ProductCode": "vpc"} for n in range(count)}
    product, _, name = action.partition(":")

    found = Api(REGION).all(product, name, ProductCode="vpc")

    assert [item["Number"] for item in found] == list(range(count))
    assert fake.account.calls() == [action] * calls


def test_a_session_of_a_role_is_signed_with_its_token(
    monkeypatch: pytest.MonkeyPatch, fake: AlicloudApi
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", TOKEN)

    Api(REGION).call("sts", "GetCallerIdentity")

    assert fake.tokens == [TOKEN]


def test_the_names_that_pulumi_reads_serve_too(
    monkeypatch: pytest.MonkeyPatch, fake: AlicloudApi
) -> None:
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID")
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", KEY)
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", SECRET)

    assert Api(REGION).call("sts", "GetCallerIdentity")["AccountId"]


ASKING = """
from components.clouds.alicloud.api import Api, ApiError
try:
    print(Api("eu-central-1").call("sts", "GetCallerIdentity")["IdentityType"])
except ApiError as error:
    print(error.kind, error)
"""


def asked_elsewhere(home: Path, fake: AlicloudApi, **more: str) -> subprocess.CompletedProcess[str]:
    """Ask in a process of its own: the SDK reads the environment when it is loaded."""
    bare = {"HOME": str(home), "PATH": os.environ["PATH"], "ALIBABA_CLOUD_ENDPOINT_URL": fake.url}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", ASKING],
        cwd=ROOT,
        env={**bare, **more},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )


def test_without_credentials_the_answer_comes_soon_and_is_clear(
    tmp_path: Path, fake: AlicloudApi
) -> None:
    # The last place that the SDK looks at is a metadata service; this one is silent.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        told = asked_elsewhere(tmp_path, fake, HTTP_PROXY=proxy)

    assert told.stdout.startswith("credentials credentials of Alibaba Cloud: there are none")
    assert "run `aliyun configure`" in told.stdout
    assert told.stderr == ""
    assert fake.account.calls() == []


def test_a_profile_of_the_clouds_own_command_serves(tmp_path: Path, fake: AlicloudApi) -> None:
    profile = {
        "name": "work",
        "mode": "AK",
        "access_key_id": KEY,
        "access_key_secret": SECRET,
        "region_id": REGION,
    }
    (tmp_path / ".aliyun").mkdir()
    config = {"current": "work", "profiles": [profile]}
    (tmp_path / ".aliyun/config.json").write_text(json.dumps(config))

    told = asked_elsewhere(tmp_path, fake)

    assert (told.stdout, told.stderr) == ("RAMUser\n", "")


def refused(code: str, message: str = "words", status: int = 400) -> ApiError:
    return error_of(ClientException(code=code, message=message, status_code=status), ASKED)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidAccessKeyId.NotFound", "key"),
        ("InvalidAccessKeyId.Inactive", "key"),
        ("InvalidSecurityToken.Expired", "key"),
        ("SignatureDoesNotMatch", "key"),
        ("IncompleteSignature", "key"),
        ("Forbidden.RAM", "denied"),
        ("Forbidden", "denied"),
        ("NoPermission", "denied"),
        ("InvalidRegionId.NotFound", "region"),
        ("Throttling.User", "throttled"),
        ("Throttling", "throttled"),
        ("ServiceUnavailable", "throttled"),
        ("InvalidVpcId.NotFound", "refused"),
    ],
)
def test_each_refusal_is_one_of_a_few_kinds(code: str, kind: str) -> None:
    error = refused(code)

    assert (error.kind, error.code) == (kind, code)
    assert all((error.where, error.what, error.found, error.hint))


def test_what_the_api_quotes_of_a_signed_request_is_never_shown() -> None:
    quoted = f"server canonicalRequest is [x-acs-security-token:{TOKEN}] of {KEY}"

    assert TOKEN not in str(refused("SignatureDoesNotMatch", quoted))
    assert KEY not in str(refused("InvalidParameter", quoted))


def test_an_ended_session_asks_for_a_new_one() -> None:
    assert "the session has ended" in str(refused("InvalidSecurityToken.Expired"))
    assert "log in again" in str(refused("InvalidSecurityToken.Expired"))


def test_an_answer_of_somebody_else_is_no_answer() -> None:
    error = error_of(ValueError("<html>captive portal"), ASKED)

    assert error.kind == "unreachable"
    assert "an answer that is none of the API's at https://vpc.example" in str(error)


def test_an_endpoint_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ENDPOINT_URL", "127.0.0.1:8080")

    with pytest.raises(CloudError, match="ALIBABA_CLOUD_ENDPOINT_URL: is no address of an API"):
        Api(REGION).call("sts", "GetCallerIdentity")


def test_an_error_of_the_api_holds_no_signed_request(fake: AlicloudApi) -> None:
    fake.deny.add("vpc:DescribeVpcs")

    with pytest.raises(ApiError) as raised:
        Api(REGION).all("vpc", "DescribeVpcs")

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_an_instance_can_be_let_go(fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        kinds["instance"]["i-a1"]["DeletionProtection"] = True

    let_go("i-a1")

    assert fake.account.look()["instance"]["i-a1"]["DeletionProtection"] is False
    with pytest.raises(ApiError) as raised:
        let_go("i-gone")
    assert raised.value.code == "InvalidInstanceId.NotFound"


def let_go(instance: str) -> None:
    Api(REGION).call(
        "ecs", "ModifyInstanceAttribute", InstanceId=instance, DeletionProtection="false"
    )


def test_the_list_of_actions_is_what_is_really_asked(fake: AlicloudApi) -> None:
    check()
    stand(fake.account, stack())
    check(existing)
    newest(Api(REGION), "ecs.g8i.large")
    running("prod", Api(REGION))
    let_go("i-a1")
    seen = AlicloudView(region=REGION, environment="prod", tables={})
    seen.refusal("a1", Flow(direction="in", peer=PEER, protocol="tcp", port=1))
    seen.source_dest_check("a1")

    assert set(fake.account.calls()) == ACTIONS
