"""A place in the computer's own firewall, where that drops what it forwards.

Docker (and some firewalls) set the policy of FORWARD to DROP, and an accept in a table of ours
does not outrank a drop in theirs. Docker's DOCKER-USER chain is the place it keeps for others.
"""

from __future__ import annotations

import shutil
import subprocess

_SECONDS = 30
_DOCKER = "DOCKER-USER"
_FORWARD = "FORWARD"


def rules(link: str) -> tuple[tuple[str, ...], ...]:
    """Name the two rules of a link: everything out of the lab, and only answers into it."""
    return (
        ("-i", link, "-j", "ACCEPT"),
        ("-o", link, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
    )


def admit(link: str) -> None:
    """Let a lab's packets through a firewall that drops by default; idempotent."""
    chain = place(_forward_rules())
    if chain is None:
        return
    for rule in rules(link):
        if not _iptables("-C", chain, *rule):
            _iptables("-I", chain, *rule)


def dismiss(link: str) -> None:
    """Remove the rules of a link wherever they are."""
    there = _forward_rules()
    for chain in (_DOCKER, _FORWARD):
        if f" {link} " not in there:
            return
        for rule in rules(link):
            _iptables("-D", chain, *rule)


def place(listing: str) -> str | None:
    """Choose the chain for the rules from what `iptables -S` lists; None if none is needed."""
    lines = listing.splitlines()
    if f"-N {_DOCKER}" in lines:
        return _DOCKER
    return _FORWARD if f"-P {_FORWARD} DROP" in lines else None


def _forward_rules() -> str:
    if shutil.which("iptables") is None:
        return ""
    return subprocess.run(
        ["iptables", "-w", "-S"], capture_output=True, text=True, timeout=_SECONDS, check=False
    ).stdout


def _iptables(*words: str) -> bool:
    done = subprocess.run(
        ["iptables", "-w", *words], capture_output=True, timeout=_SECONDS, check=False
    )
    return not done.returncode
