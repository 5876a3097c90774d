"""Packet rules that somebody else put where only ours, and Docker's own, belong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

# Docker's FORWARD and POSTROUTING hold rules of Docker and Swarm that nobody can foretell.
OWNED: Final = frozenset(
    {
        ("filter", "DOCKER-USER"),
        ("mangle", "FAIRWAY-MSS"),
        ("mangle", "FORWARD"),
        ("nat", "FAIRWAY-NAT"),
        ("raw", "FAIRWAY-RAW"),
        ("raw", "OUTPUT"),
        ("raw", "PREROUTING"),
    }
)


def foreign(
    ours: Iterable[tuple[str, str]], listed: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Of the listed rules, as (table, rule), those in our chains that are neither's."""
    known = {(table, _plain(rule)) for table, rule in ours}
    for table, rule in listed:
        words = _plain(rule)
        if (
            (table, words[1]) in OWNED
            and (table, words) not in known
            and not _dockers(table, words)
        ):
            yield table, rule


def _plain(rule: str) -> tuple[str, ...]:
    """The words of a rule without what iptables adds by itself: the modules of its matches."""
    words = rule.split()
    return tuple(
        word
        for number, word in enumerate(words)
        if word != "-m" and (number == 0 or words[number - 1] != "-m")
    )


def _dockers(table: str, words: tuple[str, ...]) -> bool:
    """Whether it is a rule that Docker itself writes into these chains.

    Up to 28.1 Docker ends DOCKER-USER with RETURN. From 28.0 on it drops, in raw, what comes for a
    container's own address or a port on 127.0.0.1 by any interface but the right one.
    """
    if table == "filter":
        return words == ("-A", "DOCKER-USER", "-j", "RETURN")
    away = any(pair == ("!", "-i") for pair in pairwise(words))
    return table == "raw" and words[1:3] == ("PREROUTING", "-d") and away and words[-1] == "DROP"
