"""The salt of a stack's secrets, which the engine keeps in the stack's file and git does not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from scripts.workspace import ROOT


def of_text(written: str, engine_s: str) -> str:
    """A stack file as its author wrote it, with the salt that the engine put into its own text.

    The engine adds the salt once and formats the whole file while at it.
    """
    salt = re.search(r"^encryptionsalt: .*$", engine_s, re.MULTILINE)
    own = re.sub(r"^encryptionsalt: .*\n?", "", written, flags=re.MULTILINE)
    return f"{own.rstrip()}\n{salt[0]}\n" if salt else written


def needed(file: Path) -> bool:
    """Whether neither a salt nor a secrets provider is named in the file."""
    return re.search(r"^(encryptionsalt|secretsprovider):", file.read_text(), re.MULTILINE) is None


def of_state(file: Path, exported: str) -> None:
    """Give the file the salt that the exported state has, if any.

    Without one, as in a fresh checkout, the engine draws another and writes the whole file anew,
    with `false` as a text, which the next run refuses.
    """
    start = exported.find("{")
    deployment = json.loads(exported[start:]).get("deployment") if start >= 0 else None
    provider = (deployment or {}).get("secrets_providers") or {}
    salt = (provider.get("state") or {}).get("salt")
    if salt:
        keep(file, of_text(file.read_text(), f"encryptionsalt: {salt}"))


def keep(file: Path, text: str) -> None:
    """Write the file, and let git see that, salt aside, it is what it was.

    Git trusts a changed size too much.
    """
    file.write_text(text)
    git = ["git", "-C", str(ROOT)]
    if (ROOT / ".git").exists() and shutil.which("git"):
        same = subprocess.run([*git, "diff", "--quiet", "--", file], check=False).returncode == 0
        if same:
            subprocess.run([*git, "add", "--", file], check=False)
