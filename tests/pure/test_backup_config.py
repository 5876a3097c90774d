"""What a stack file may say of backups and autolock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.environment import Backup
from components.errors import ConfigError
from tests.support.environments import (
    alicloud_environment,
    aws_environment,
    environment,
    fault,
)

Config = dict[str, Any]


def said(value: object) -> Callable[[Config], None]:
    return lambda wanted: wanted.update(backup=value)


def test_the_lab_makes_backups_unless_told_not_to() -> None:
    assert environment().backup == Backup(every="6h", keep=12, to="")
    assert environment(said({"every": "1d"})).backup == Backup(every="1d", keep=12, to="")
    assert environment(said(False)).backup is False


def test_managers_are_locked_only_where_that_is_asked_for() -> None:
    assert not environment().autolock
    assert environment(lambda wanted: wanted.update(autolock=True)).autolock


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"every": "7h"}, "fairway:backup.every: is not known"),
        ({"keep": 0}, "fairway:backup.keep: is out of range"),
        ({"to": "s3://kept"}, "fairway:backup.to: is only for clouds"),
        ({"role": "backup"}, "fairway:backup.role: is only for Alibaba Cloud"),
        (True, "fairway:backup: has the wrong type"),
    ],
)
def test_what_the_lab_cannot_do_is_a_fault(value: object, words: str) -> None:
    assert words in str(fault(said(value)))


def test_on_a_cloud_nothing_is_backed_up_until_a_bucket_is_named() -> None:
    assert aws_environment().backup is None
    assert aws_environment(said(False)).backup is False
    kept = aws_environment(said({"to": "s3://kept.example/prod"})).backup
    assert kept == Backup(every="6h", keep=12, to="s3://kept.example/prod")
    kept = alicloud_environment(said({"to": "oss://kept/prod", "role": "backup"})).backup
    assert kept == Backup(every="6h", keep=12, to="oss://kept/prod", role="backup")


@pytest.mark.parametrize(
    ("cloud", "value", "words"),
    [
        (aws_environment, {}, "fairway:backup.to: is missing"),
        (aws_environment, {"to": "oss://kept"}, "fairway:backup.to: has the wrong form"),
        (aws_environment, {"to": "s3://Not_A_Bucket"}, "fairway:backup.to: has the wrong form"),
        (aws_environment, {"to": "s3://kept", "role": "x"}, "only for Alibaba Cloud"),
        (alicloud_environment, {"to": "oss://kept"}, "fairway:backup.role: is missing"),
        (
            alicloud_environment,
            {"to": "oss://kept", "role": "acs:ram::1:role/x"},
            "fairway:backup.role: has the wrong form",
        ),
    ],
)
def test_on_a_cloud_a_place_is_asked_for_that_it_has(
    cloud: Callable[[Callable[[Config], None]], object], value: object, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        cloud(said(value))
