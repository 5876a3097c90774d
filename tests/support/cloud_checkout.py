"""A user's checkout of a stack on a cloud, whose resources a stand-in makes in a lab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.alicloud_project import alicloud_lab, alicloud_project
from tests.support.aws_project import aws_lab, aws_project
from tests.support.checkout import Checkout
from tests.support.cloud_project import CloudProject


@contextmanager
def cloud_checkout(
    cloud: str, folder: Path, stack: str, config: Mapping[str, Any], *, lab: str
) -> Iterator[Checkout]:
    """A checkout in which `./fairway` works; nothing of its lab and its account stays."""
    ranges = {
        "containers": config["network"]["containers"],
        "uplink": config[cloud]["ssh_from"][0],
    }
    with _account(cloud, folder / "account", lab, ranges) as account:
        yield Checkout(folder / "checkout", stack, config, project=account)


@contextmanager
def _account(
    cloud: str, folder: Path, lab: str, ranges: Mapping[str, str]
) -> Iterator[CloudProject]:
    """An account; its project's own program is none, and only its settings are used."""
    if cloud == "aws":
        with aws_project(folder, lab=aws_lab(lab, **ranges)) as aws:
            yield aws
    else:
        with alicloud_project(folder, lab=alicloud_lab(lab, **ranges)) as alicloud:
            yield alicloud
