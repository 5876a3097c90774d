"""Which image is the newest, and which machines run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.clouds.alicloud.api import Api
from components.clouds.alicloud.images import newest
from components.clouds.alicloud.running import running
from components.errors import CloudError
from tests.support.standin.account import ARM_IMAGE, REGION, X86_IMAGE, Kinds
from tests.support.standin.alicloud_api import AlicloudApi
from tests.support.standin.alicloud_scene import faked, stack, stand


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlicloudApi]:
    with faked(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.mark.parametrize(
    ("kind", "image"), [("ecs.g8i.large", X86_IMAGE), ("ecs.g8y.large", ARM_IMAGE)]
)
def test_the_newest_official_debian_is_found_for_the_processor(kind: str, image: str) -> None:
    assert newest(Api(REGION), kind) == image


def more(kinds: Kinds, name: str, **fields: object) -> None:
    kinds["image"][name] = {**kinds["image"][X86_IMAGE], "ImageId": name, **fields}


def test_images_of_others_without_cloud_init_or_not_ready_do_not_count(fake: AlicloudApi) -> None:
    late = {"CreationTime": "2026-01-01T00:00:00Z"}
    with fake.account.open() as kinds:
        more(kinds, "debian_12_90.vhd", ImageOwnerAlias="others", **late)
        more(kinds, "debian_12_91.vhd", IsSupportCloudinit=False, **late)
        more(kinds, "debian_12_92.vhd", Status="Creating", **late)
        more(kinds, "debian_13_93.vhd", **late)

    assert newest(Api(REGION), "ecs.g8i.large") == X86_IMAGE


def test_the_newest_image_is_found_on_the_last_page(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        for number in range(250):
            more(kinds, f"ubuntu_{number}.vhd")
        more(kinds, "debian_12_99.vhd", CreationTime="2026-01-01T00:00:00Z")

    assert newest(Api(REGION), "ecs.g8i.large") == "debian_12_99.vhd"
    assert fake.account.calls().count("ecs:DescribeImages") == 3


def test_where_there_is_none_that_is_said(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["image"] = {X86_IMAGE: kinds["image"][X86_IMAGE]}

    with pytest.raises(CloudError, match="no official Debian 12 image: found 0 official images"):
        newest(Api(REGION), "ecs.g8y.large")


def test_a_type_that_is_not_known_is_said() -> None:
    with pytest.raises(CloudError, match=r"type is not known there: found ecs\.g99x\.large"):
        newest(Api(REGION), "ecs.g99x.large")


def test_running_machines_are_found_by_slot_and_the_bastion_is_none(fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        kinds["instance"]["i-b10"]["Status"] = "Stopped"
        kinds["instance"]["i-c10"]["Tags"]["Tag"] = []

    assert running("prod", Api(REGION)) == {name: f"i-{name}" for name in ("a1", "b1", "c1", "a10")}
    assert running("staging", Api(REGION)) == {}
