"""The newest image, and how it gets into a stack's file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from components.clouds.aws.api import Api
from components.clouds.aws.images import newest
from components.errors import CloudError
from scripts.cli import __main__ as cli
from scripts.cli import image
from tests.support.moto_account import ARM_IMAGE, IMAGE, REGION, Account, account
from tests.support.standin.account import X86_IMAGE
from tests.support.standin.alicloud_scene import faked

NEWEST = "ami-0aaaaaaaaaaaaaaaa"
OLD = "ami-0000000000000000b"

STACK = f"""\
# A stack with an opinion on layout.
config:
  fairway:cloud:   aws   # not the lab

  fairway:aws:
    region: {REGION}
    image:  {OLD}  # pinned; see docs
    type:   m7i.large
    tags: {{ a: "1",   b: '2' }}
  fairway:pools:
    - {{ name: workers, image: {OLD}, role: worker }}
encryptionsalt: v1:abc=
"""


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        for number, ami in ((1, OLD), (9, NEWEST), (2, "ami-0cccccccccccccccc")):
            made.image(ami, name=f"debian-12-amd64-2026030{number}-1", creation_date=day(number))
        yield made


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes a stack's file and makes the command use it."""

    def write(text: str) -> Path:
        path = tmp_path / "Pulumi.prod.yaml"
        path.write_bytes(text.encode())
        monkeypatch.setattr(image, "stack_file", lambda _: path)
        return path

    return write


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["image", "prod", *words])


# -- which is the newest


@pytest.mark.usefixtures("aws")
def test_the_newest_is_the_one_made_last() -> None:
    assert newest(Api(REGION), "m7i.large") == NEWEST


@pytest.mark.usefixtures("aws")
def test_each_processor_has_its_own() -> None:
    assert newest(Api(REGION), "m7g.large") == ARM_IMAGE


@pytest.mark.parametrize(
    "other",
    [
        {"owner_id": "999999999999", "name": "debian-12-amd64-20270101-1"},
        {"name": "debian-12-backports-amd64-20270101-1"},
        {"name": "debian-13-amd64-20270101-1"},
        {"name": "debian-12-amd64-20270101-1", "state": "disabled"},
    ],
)
def test_images_of_others_and_of_other_releases_do_not_count(
    aws: Account, other: dict[str, str]
) -> None:
    aws.image("ami-0dddddddddddddddd", creation_date=day(20), **other)
    assert newest(Api(REGION), "m7i.large") == NEWEST


def test_a_region_without_debian_s_images_is_told(aws: Account) -> None:
    aws.backend.amis.clear()
    with pytest.raises(CloudError, match="Debian publishes no image here: found none named debian"):
        newest(Api(REGION), "m7i.large")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("kind", ["m99.large", "mac1.metal"])
def test_a_type_that_debian_cannot_boot_is_told(kind: str) -> None:
    with pytest.raises(CloudError, match=rf"no image for this instance type: found {kind}"):
        newest(Api(REGION), kind)


# -- how it is written


@pytest.mark.usefixtures("aws")
def test_the_new_id_takes_the_old_one_s_place_and_no_other_byte_changes(
    stack: Callable[[str], Path],
) -> None:
    path = stack(STACK)
    done = run()
    assert done.exit_code == 0
    assert path.read_bytes().decode() == STACK.replace(f"image:  {OLD}", f"image:  {NEWEST}")
    assert f"old     {OLD}" in done.stdout
    assert f"new     {NEWEST}, written" in done.stdout


@pytest.mark.usefixtures("aws")
def test_a_pool_s_own_image_is_left_alone_and_told(stack: Callable[[str], Path]) -> None:
    stack(STACK.replace("m7i.large", "m7i.large\n    bastion: { zone: a, image: ami-1 }"))
    told = run().stdout
    assert f"left alone: fairway:pools.workers.image {OLD}" in told
    assert "left alone: fairway:aws.bastion.image ami-1" in told


@pytest.mark.usefixtures("aws")
def test_a_dry_run_writes_nothing_and_its_status_tells_whether_one_is_newer(
    stack: Callable[[str], Path],
) -> None:
    path = stack(STACK)
    done = run("--dry-run")
    assert (done.exit_code, path.read_text()) == (image.NEWER, STACK)
    assert f"new     {NEWEST}, not written" in done.stdout
    stack(STACK.replace(OLD, NEWEST))
    done = run("--dry-run")
    assert done.exit_code == 0
    assert f"newest  {NEWEST}" in done.stdout


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"    image:  {OLD}  # pinned", f"    image:  {NEWEST}  # pinned"),
        (f'    image: "{OLD}"', f'    image: "{NEWEST}"'),
        (f"    image: '{OLD}'", f"    image: '{NEWEST}'"),
        ("    image: newest one, please", f"    image: {NEWEST}"),
        ("    image:", f"    image: {NEWEST}"),
        ("    image:   # which?", f"    image: {NEWEST}   # which?"),
        ("    image: 7", f"    image: {NEWEST}"),
        (f"    image:\n      {OLD}", f"    image:\n      {NEWEST}"),
    ],
)
def test_however_the_value_is_written_it_is_found(
    stack: Callable[[str], Path], old: str, new: str
) -> None:
    head = "config:\n  fairway:cloud: aws\n  fairway:aws:\n"
    text = f"{head}{old}\n    region: {REGION}\n    type: t3.nano\n"
    path = stack(text)
    assert run().exit_code == 0
    assert path.read_text() == text.replace(old, new)


@pytest.mark.usefixtures("aws")
def test_a_missing_key_is_added_to_its_section(stack: Callable[[str], Path]) -> None:
    text = STACK.replace(f"    image:  {OLD}  # pinned; see docs\n", "")
    path = stack(text)
    assert run().exit_code == 0
    assert path.read_text() == text.replace("    region:", f"    image: {NEWEST}\n    region:")


@pytest.mark.usefixtures("aws")
def test_a_missing_key_is_added_between_braces_too(stack: Callable[[str], Path]) -> None:
    text = f"config: {{'fairway:cloud': aws, 'fairway:aws': {{region: {REGION}, type: t3.nano}}}}\n"
    path = stack(text)
    assert run().exit_code == 0
    assert path.read_text() == text.replace("{region", f"{{ image: {NEWEST},region")


@pytest.mark.usefixtures("aws")
def test_line_ends_of_another_system_stay(stack: Callable[[str], Path]) -> None:
    text = STACK.replace("\n", "\r\n")
    path = stack(text)
    run()
    assert path.read_bytes().decode() == text.replace(f"image:  {OLD}", f"image:  {NEWEST}")
    text = text.replace(f"    image:  {OLD}  # pinned; see docs\r\n", "")
    path = stack(text)
    run()
    added = text.replace("    region:", f"    image: {NEWEST}\r\n    region:")
    assert path.read_bytes().decode() == added


@pytest.mark.usefixtures("aws")
def test_a_value_that_others_refer_to_is_not_touched(stack: Callable[[str], Path]) -> None:
    text = STACK.replace(f"image:  {OLD}", f"image: &it {OLD}").replace("a: ", "c: *it, a: ")
    path = stack(text)
    done = run()
    assert done.exit_code == 1
    assert "cannot be written without touching the rest of the file" in done.stderr
    assert path.read_text() == text


# -- what it cannot do


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("cloud:   aws", "cloud: lab"), "fairway:cloud: only a cloud has images to look up"),
        (("type:   m7i.large", ""), "fairway:aws.type: is needed to look for an image: found noth"),
        ((REGION, "[1, 2]"), "fairway:aws.region: is needed to look for an image: found [1, 2]"),
        (("config:", "konfig:"), "cannot be read: found no section `config`"),
        (("config:", "config: {"), "cannot be read: found while"),
    ],
)
def test_a_file_without_what_is_needed_says_so(
    stack: Callable[[str], Path], change: tuple[str, str], words: str
) -> None:
    stack(STACK.replace(*change))
    done = run()
    assert done.exit_code == 1
    assert words in done.stderr


def test_an_unknown_stack_is_answered_with_those_that_are() -> None:
    done = CliRunner().invoke(cli.main, ["image", "nowhere"])
    assert done.exit_code == 1
    assert "no such stack: found nowhere, wanted " in done.stderr


def test_the_other_cloud_s_images_are_found_by_the_same_command(
    stack: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = STACK.replace("aws", "alicloud").replace("m7i.large", "ecs.g8i.large")
    path = stack(text)
    with faked(tmp_path, monkeypatch):
        assert run().exit_code == 0
    assert path.read_text() == text.replace(f"image:  {OLD}", f"image:  {X86_IMAGE}")


def test_only_the_stack_s_own_cloud_is_loaded(
    stack: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(STACK.replace("aws", "alicloud"))
    asked = []

    def lacking(name: str) -> None:
        asked.append(name)
        raise ImportError(name="alibabacloud_tea_openapi")

    monkeypatch.setattr(image, "import_module", lacking)
    done = run()
    assert asked == ["components.clouds.alicloud.api"]
    assert "the cloud's SDK is not installed" in done.stderr
    assert "run: make setup STACK=prod" in done.stderr


@pytest.mark.usefixtures("aws")
def test_an_api_that_refuses_leaves_the_file_alone(stack: Callable[[str], Path]) -> None:
    text = STACK.replace("m7i.large", "m99.large")
    path = stack(text)
    done = run()
    assert done.exit_code == 1
    assert "m99.large" in done.stderr
    assert path.read_text() == text
    assert IMAGE not in done.stdout
