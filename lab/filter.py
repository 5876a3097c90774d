"""Loads the rules into a kernel, reads its counters, and notices a hand that changed them.

What the kernel lists right after a load is digested and noted. A listing with another digest has
been changed since, be it flushed, edited or gone with a reboot, and is loaded again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import Any

from components.errors import LabError
from lab import groups, names, namespaces
from lab.model import Drops
from lab.state import State, Store

_NOTE = "rules.json"
_SECONDS = 30
_VOLATILE = {"handle", "packets", "bytes", "metainfo"}


def sync(store: Store, state: State) -> tuple[str, ...]:
    """Load the rules if they changed or were changed; returns a sentence for each repair."""
    text = groups.render(state)
    wanted = digest(text)
    noted = store.noted(_NOTE)
    listing = live(store.lab)
    if noted == {"text": wanted, "listing": listing}:
        return ()
    within_router(store.lab, "-f", "-", input=text)
    store.note(_NOTE, {"text": wanted, "listing": live(store.lab)})
    changed = isinstance(noted, dict) and noted.get("listing") != listing
    return ("the security rules had been changed by hand",) if changed else ()


def is_changed(store: Store) -> bool:
    """Tell whether the kernel's rules differ from those last loaded."""
    noted = store.noted(_NOTE)
    return not isinstance(noted, dict) or noted.get("listing") != live(store.lab)


def live(lab: str) -> str:
    """Digest what the kernel holds now; "" if the router or its table is gone."""
    listing = _listing(lab)
    return digest(json.dumps(_stable(listing), sort_keys=True)) if listing else ""


def counters(lab: str, state: State) -> dict[str, Drops]:
    """Read what was dropped for each machine since the rules were last loaded."""
    found = {
        item["counter"]["name"]: int(item["counter"]["packets"])
        for item in _listing(lab)
        if "counter" in item
    }
    return {name: _drops(found, groups.word(name)) for name in sorted(state.machines)}


def within_router(lab: str, *words: str, input: str = "") -> str:  # noqa: A002 -- as subprocess
    """Run nft in the router's namespace."""
    return namespaces.within(names.router(lab), lambda: nft(*words, input=input))


def nft(*words: str, input: str = "") -> str:  # noqa: A002 -- as subprocess names it
    """Run nft in the calling thread's namespace.

    Raises:
        LabError: nft refused; the message has its words.
    """
    done = subprocess.run(
        ["nft", *words], input=input, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise LabError(
            where=f"nft {' '.join(words)}",
            what="nftables refused",
            found=done.stderr.strip().splitlines()[0] if done.stderr.strip() else "no reason given",
            hint="check that this computer's kernel has nf_tables with nat and conntrack",
        )
    return done.stdout


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _listing(lab: str) -> list[dict[str, Any]]:
    if not namespaces.exists(names.router(lab)):
        return []
    everything = json.loads(within_router(lab, "-j", "list", "ruleset"))["nftables"]
    return [item for item in everything if "metainfo" not in item]


def _stable(value: Any) -> Any:
    """Leave out what changes by itself, and give sets an order."""
    if isinstance(value, dict):
        kept = {k: _stable(v) for k, v in value.items() if k not in _VOLATILE}
        if "elem" in kept:
            kept["elem"] = sorted(kept["elem"], key=json.dumps)
        return kept
    return [_stable(item) for item in value] if isinstance(value, list) else value


def _drops(found: dict[str, int], name: str) -> Drops:
    values = {kind: found.get(f"{kind}_{name}", 0) for kind in Drops.__dataclass_fields__}
    return Drops(**values)
