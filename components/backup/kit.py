"""What a manager needs to make backups: a script, its settings, a public key and a timer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from components.backup.keys import backup_key
from components.config.backup_keys import EVERY
from components.host.later import HostFile, put, sums
from components.host.names import CONFIG_DIRECTORY
from components.remote.command import Command, Secret
from components.remote.endpoint import Session
from components.remote.keys import seeds

SCRIPT: Final = "/usr/local/sbin/fairway-backup"
SERVICE: Final = "fairway-backup.service"
TIMER: Final = "fairway-backup.timer"
LAB_FOLDER: Final = "/var/lib/fairway/backups"  # the same directory on all machines of a lab
_UNITS: Final = "/etc/systemd/system"
_FILES: Final = Path(__file__).parent / "files"

# In one command, for every look at a manager takes it.
_CHECK: Final = """\
printf '%s' "$1" | sha256sum --check --quiet --strict >/dev/null 2>&1 &&
systemctl is-active --quiet "$2"
"""
_START: Final = """\
systemctl daemon-reload
systemctl enable --quiet "$1"
systemctl restart "$1"
"""
_REMOVE: Final = """\
timer=$1
shift
[ -e "$1" ] || exit 0
systemctl disable --quiet --now "$timer"
rm -f "$@"
systemctl daemon-reload
"""


def kit(
    ring: Secret, environment: str, slot: str, wanted: Mapping[str, str]
) -> dict[str, HostFile]:
    """The files by path. `wanted` is `every`, `keep`, `to`, and on clouds `cloud` and `region`."""
    key = backup_key(seeds(ring)[0])
    facts = {
        "environment": environment,
        "slot": slot,
        "keep": int(wanted["keep"]),
        "key": key.fingerprint,
        **place(wanted),
    }
    timer = _text(TIMER).replace("@EVERY@", EVERY[wanted["every"]])
    return {
        SCRIPT: HostFile(_text("fairway-backup"), 0o755),
        f"{CONFIG_DIRECTORY}/backup.json": HostFile(json.dumps(facts, indent=1) + "\n"),
        f"{CONFIG_DIRECTORY}/backup.pem": HostFile(key.certificate),
        f"{_UNITS}/{SERVICE}": HostFile(_text(SERVICE)),
        f"{_UNITS}/{TIMER}": HostFile(timer),
    }


def place(wanted: Mapping[str, str]) -> dict[str, str]:
    """Where backups go, in the words of the script on hosts."""
    if not wanted["to"]:
        return {"folder": LAB_FOLDER}
    cloud, region = wanted["cloud"], wanted["region"]
    where = urlsplit(wanted["to"])
    prefix = where.path.strip("/")
    return {
        "cloud": cloud,
        "region": region,
        "url": f"https://{where.netloc}.{_endpoint(cloud, region)}",
        "prefix": f"{prefix}/" if prefix else "",
    }


def _endpoint(cloud: str, region: str) -> str:
    if cloud == "alicloud":
        # The address inside of the region, for which no public way is needed.
        return f"s3.oss-{region}-internal.aliyuncs.com"
    return f"s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


def installed(session: Session, files: Mapping[str, HostFile]) -> bool:
    """Whether the host has exactly these files and its timer runs."""
    return session.run(Command.script(_CHECK, sums(files), TIMER), ok=(0, 1, 3, 4)).status == 0


def install(session: Session, files: Mapping[str, HostFile]) -> None:
    """Put the files there and start the timer."""
    put(session, files)
    session.run(Command.script(_START, TIMER))


def remove(session: Session) -> None:
    """Make no backups any more; does nothing where none were made."""
    own = (f"{_UNITS}/{TIMER}", f"{_UNITS}/{SERVICE}", SCRIPT)
    more = (f"{CONFIG_DIRECTORY}/backup.json", f"{CONFIG_DIRECTORY}/backup.pem")
    session.run(Command.script(_REMOVE, TIMER, *own, *more))


def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")
