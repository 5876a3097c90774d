"""The key that disks are encrypted with, where the file names one."""

from __future__ import annotations

from functools import partial
from typing import Final

from components.clouds.aws.api import Api, Row
from components.clouds.aws.border import ApiError
from components.clouds.aws.preflight.case import Case
from components.clouds.aws.preflight.seen import Look, Seen
from components.clouds.findings import Findings

_NO_KEY: Final = ("NotFoundException", "InvalidArnException")


def ask(case: Case, seen: Seen, api: Api) -> Look[Row | None] | None:
    """Send the question, if there is a key."""
    name = case.settings.kms_key
    return seen.start(partial(_key, api, name)) if name else None


def check(case: Case, asked: Look[Row | None] | None, findings: Findings) -> None:
    """A key that is not there, not enabled, or of the wrong kind."""
    if asked is None:
        return
    with findings.looking_at(case.at("aws.kms_key")):
        row, name = asked(), case.settings.kms_key
        state = _unfit(row) if row else "no key of the region"
        if state:
            findings.fault(
                case.at("aws.kms_key"),
                "disks cannot be encrypted with this key",
                found=f"{name}, {state}",
                wanted="an enabled symmetric key that encrypts",
                hint="enable it, or name another one",
            )


def _unfit(row: Row) -> str:
    if row.get("KeyState", "Enabled") != "Enabled":
        return str(row["KeyState"])
    kind = row.get("KeySpec", "SYMMETRIC_DEFAULT")
    if (row.get("KeyUsage"), kind) != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        return f"{kind} for {row.get('KeyUsage')}"
    return ""


def _key(api: Api, name: str) -> Row | None:
    try:
        row: Row = api.ask("kms:DescribeKey", KeyId=name)["KeyMetadata"]
    except ApiError as error:
        if error.code in _NO_KEY:
            return None
        raise
    return row
