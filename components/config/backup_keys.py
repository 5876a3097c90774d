"""The keys of a stack file that say when backups of the Swarm are made, and where they go."""

from __future__ import annotations

from typing import Final, Literal

from components.config import values
from components.config.cursor import Cursor
from components.config.model import Backup, Cloud
from components.config.schema import Key, Section

# What systemd calls these moments; all managers mean the same ones, and whoever leads then acts.
EVERY: Final = {
    "15min": "*:00/15",
    "30min": "*:00/30",
    "1h": "hourly",
    "2h": "00/2:00",
    "3h": "00/3:00",
    "4h": "00/4:00",
    "6h": "00/6:00",
    "8h": "00/8:00",
    "12h": "00/12:00",
    "1d": "daily",
}
SCHEMES: Final[dict[Cloud, str]] = {"aws": "s3", "alicloud": "oss"}
IN_LAB: Final = ""  # the lab has a place of its own
_ROLE = r"[A-Za-z0-9-]{1,64}"
_PATH = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?"

BACKUP = Section(
    "fairway:backup",
    (
        Key(
            name="every",
            kind="one of: " + ", ".join(EVERY),
            default="6h",
            example="6h",
            meaning="How often the manager that leads makes one, by the clock in UTC.",
        ),
        Key(
            name="keep",
            kind="whole number, 1 to 1000",
            default=12,
            example="12",
            meaning="How many of one Swarm are kept; an older one goes when a new one is there.",
        ),
        Key(
            name="to",
            kind="s3://BUCKET/PREFIX on AWS, oss://BUCKET/PREFIX on Alibaba Cloud",
            default=None,
            otherwise="required on clouds; the lab keeps them in its own directory",
            example="s3://backups.example.org/prod",
            meaning="A bucket of the environment's region that exists. docs/aws.md and "
            "docs/alicloud.md show how managers get rights to that prefix alone.",
        ),
        Key(
            name="role",
            kind="name of a RAM role",
            default=None,
            otherwise="required on Alibaba Cloud, refused elsewhere",
            example="fairway-backup",
            meaning="The RAM role that managers carry, with rights to that prefix; it exists.",
        ),
    ),
)


def read_backup(top: Cursor, cloud: Cloud) -> Backup | Literal[False] | None:
    """When and where backups are made; False where none are wanted, None where nothing was said."""
    if not top.given("backup"):
        return Backup(every="6h", keep=12, to=IN_LAB) if cloud == "lab" else None
    if top.take("backup", _is_off, blank=False):
        return False
    at = top.sub("backup", BACKUP)
    return Backup(
        every=at.take("every", values.one_of(tuple(EVERY), "intervals"), "6h"),
        keep=at.take("keep", values.whole(1, 1000), 1),
        to=_read_place(at, cloud),
        role=_read_role(at, cloud),
    )


def _is_off(value: object) -> bool:
    return value is False


def _read_place(at: Cursor, cloud: Cloud) -> str:
    if cloud in SCHEMES:
        scheme = SCHEMES[cloud]
        wanted = f"{scheme}://BUCKET/PREFIX"
        if at.given("to"):
            return at.take("to", values.fitting(f"{scheme}://{_PATH}", wanted, "write it so"), "")
        at.fault("to", "is missing", found="nothing", wanted=wanted, hint="name a bucket")
    elif at.given("to"):
        at.fault(
            "to",
            "is only for clouds",
            found="a place in the lab",
            wanted="none: the lab keeps backups beside its machines",
            hint="take it away; `./fairway backup STACK --out FILE` copies one elsewhere",
        )
    return IN_LAB


def _read_role(at: Cursor, cloud: Cloud) -> str:
    if cloud == "alicloud":
        if at.given("role"):
            wanted = values.fitting(_ROLE, "the name of a RAM role", "write its name, not its ARN")
            return at.take("role", wanted, "")
        at.fault(
            "role",
            "is missing",
            found="nothing",
            wanted="the name of a RAM role",
            hint="make one as docs/alicloud.md shows",
        )
    elif at.given("role"):
        at.fault(
            "role",
            "is only for Alibaba Cloud",
            found=f"fairway:cloud is {cloud}",
            wanted="none",
            hint="take it away",
        )
    return ""
