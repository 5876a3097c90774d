"""The part of the look at a host that tells a file of its first boot from one that came later."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.host import drift_look

SCRIPT = Path(drift_look.__file__).with_name("drift_look.sh").read_text()
MARKS = "/var/lib/cloud/instance/sem"
MICROSECOND = 1000


@pytest.mark.parametrize(("later", "shown"), [(MICROSECOND, []), (-MICROSECOND, ["by-hand"])])
def test_the_end_of_the_first_boot_is_a_moment_and_not_a_second(
    tmp_path: Path, later: int, shown: list[str]
) -> None:
    watched, marks = tmp_path / "watched", tmp_path / "marks"
    for folder in (watched, marks):
        folder.mkdir()
    file, mark = watched / "by-hand", marks / "config_final"
    for each in (mark, file):
        each.write_text("x")
    moment = file.stat().st_ctime_ns + later
    os.utime(mark, ns=(moment, moment))

    assert touched(watched, marks) == shown


def touched(watched: Path, marks: Path) -> list[str]:
    """The names of the files that the script shows as younger than the marks."""
    text = SCRIPT.partition('echo "== units"')[0].replace(MARKS, str(marks))
    words = ["sh", "-c", text, "sh", "rules", "units", "sysctls", str(watched)]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    lines = told.partition("== touched\n")[2].splitlines()
    return [Path(line.split("|")[2]).name for line in lines]
