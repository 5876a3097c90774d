"""Which paths between container ranges are away, and for how long, while something happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import TracebackType
from typing import Self

from components.remote.command import Command
from components.remote.session import Sessions
from components.remote.way import endpoint
from tests.support.checkout import Checkout

EVERY = 0.2  # seconds between two questions
AWAY = 1.5  # seconds of questions without an answer that are more than a hiccup
_ANSWER = re.compile(r" icmp_seq=(\d+) ttl")
_ASKED = re.compile(r"^(\d+) packets transmitted", re.MULTILINE)
# One process for each target. From gateway to gateway of the containers' bridges: addresses that
# are there as long as the host is. Asking for one that is not would leave a failed neighbour
# entry to the container that gets it next.
_BEGIN = """
mkdir -p /run/paths && cd /run/paths && own=$1 && shift
for there in "$@"; do
  setsid ping -n -i 0.2 -I "$own" "$there" >"$there" 2>&1 </dev/null & echo $! >>pids
done
"""
_END = """
cd /run/paths && xargs kill -INT <pids
for each in $(cat pids); do while kill -0 "$each" 2>/dev/null; do sleep 0.1; done; done
rm pids
for told in *; do echo "== $told"; cat "$told"; done; rm -r /run/paths
"""


class Paths:
    """Asks along every path between the hosts that `checkout` has deployed.

    Only hosts whose machine is still the same afterwards can tell, so `away` is by who asked
    among those, and whom.
    """

    def __init__(self, checkout: Checkout) -> None:
        self._checkout, self._before = checkout, checkout.deployed()
        hosts = self._before.question["hosts"]
        self._ranges = {host["name"]: _gateway(host["containers"]) for host in hosts}
        self._addresses = {host["name"]: host["address"] for host in hosts}
        self.away: Mapping[tuple[str, str], float] = {}

    def __enter__(self) -> Self:
        self._on_all(tuple(self._ranges), self._begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        machines = self._checkout.deployed().machines
        kept = [name for name in self._ranges if machines.get(name) == self._before.machines[name]]
        self.away = {
            (name, other): seconds
            for name, told in self._on_all(kept, self._end).items()
            for other, seconds in self._silences(told).items()
        }

    @property
    def broken_pairs(self) -> set[tuple[str, str]]:
        """Who did not reach whom for a while."""
        return {pair for pair, seconds in self.away.items() if seconds > AWAY}

    @property
    def broken(self) -> set[str]:
        """The hosts that some host did not reach for a while."""
        return {there for _, there in self.broken_pairs}

    def _begin(self, name: str) -> Command:
        others = [address for other, address in self._ranges.items() if other != name]
        return Command.script(_BEGIN, self._ranges[name], *others)

    def _end(self, _: str) -> Command:
        return Command.script(_END)

    def _on_all(self, names: Sequence[str], what: Callable[[str], Command]) -> dict[str, str]:
        def run(name: str) -> str:
            deployed, stack = self._before, self._checkout.stack
            host = endpoint(deployed.seed, stack, name, self._addresses[name], deployed.way)
            return opened.to(host).run(what(name), timeout=600).stdout

        with Sessions.of(self._before.seed) as opened, ThreadPoolExecutor() as pool:
            return dict(zip(names, pool.map(run, names), strict=True))

    def _silences(self, told: str) -> dict[str, float]:
        """The longest silence of each target: by its unanswered questions.

        By the clock, whoever asks would be silent while a busy computer does not let it run.
        """
        names = {address: name for name, address in self._ranges.items()}
        found = {}
        for part in told.split("== ")[1:]:
            address, _, text = part.partition("\n")
            asked = _ASKED.search(text)
            assert asked, text
            marks = [0, *(int(each) for each in _ANSWER.findall(text)), int(asked[1]) + 1]
            lost = max(later - sooner - 1 for sooner, later in pairwise(sorted(marks)))
            found[names[address]] = EVERY * lost
        return found


def _gateway(containers: str) -> str:
    """The first address of a range: the bridge's own."""
    return containers.replace(".0/24", ".1")
