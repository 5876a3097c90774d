"""A short text that changes whenever the answer of verify could change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from components.verify.model import NetworkFacts, Target
from components.verify.scripts import ANSWER, ASK, SERVE


def fingerprint(
    hosts: Sequence[Target], network: NetworkFacts, parts: Mapping[str, str] | None = None
) -> str:
    """Hash what verify depends on: hosts, ranges, its own questions, and `parts` of the caller.

    `parts` are for what verify cannot know: hashes of packet rules, routes, groups. The order
    of hosts and parts does not matter. Gives 64 hexadecimal digits.
    """
    known = {
        "hosts": sorted(
            [host.name, host.zone, str(host.address), str(host.containers)] for host in hosts
        ),
        "network": [network.environment, *map(str, (network.vpc, *network.ranges))],
        "outside": str(network.outside or ""),
        "between hosts": network.between_hosts,
        "questions": [SERVE, ASK, ANSWER],
        "parts": dict(parts or {}),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
