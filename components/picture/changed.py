"""The page of a change: what it means, the topology before and after it, and each host's why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from components.change.meaning import LEVELS, Level, Meaning
from components.change.routes import Move
from components.picture.document import document, script, styles, table
from components.picture.elements import counted, el, text
from components.picture.marks import MARKS, WORDS, Mark
from components.picture.sides import MARKED, Change, drawn, icon, picture
from components.plan.carried import carried
from components.plan.model import Plan, Slot

_LEVELS: Final[Mapping[Level, str]] = {
    "human": "!! needs a human",
    "away": "~ while it happens",
    "change": "changes",
}
_SHOWN: Final = 6  # sentences of one level
_OPEN: Final = 12  # hosts of one fate that are listed without a click


def change_page(change: Change) -> str:
    """One HTML page without any outside resource, the same for the same change."""
    body = [
        _header(change),
        el("main", picture(change), _hosts(change), _entries(change)),
        el("footer", text(_closing(change))),
    ]
    title = f"{change.stack}: before and after · Fairway"
    return document(title, body, style=styles("change.css"), script=script())


def _header(change: Change) -> str:
    before, after = change.topology.before, change.topology.after
    hosts = _step(len(before.plan.slots), len(after.plan.slots))
    zones = _step(len(before.plan.network.zones), len(after.plan.network.zones))
    facts = [
        (hosts, f"hosts{_fates(change)}"),
        (zones, "zones"),
        *_carried(change),
        (_step(len(before.plan.managers), len(after.plan.managers)), "managers"),
    ]
    return el(
        "header",
        el("p", "Fairway", class_="eyebrow"),
        el("h1", text(change.stack)),
        el("p", text(_lead(change.meaning)), class_="lead"),
        _lines(change.meaning),
        el(
            "ul",
            *(el("li", el("b", text(value)), text(name)) for value, name in facts),
            class_="figures",
        ),
    )


def _carried(change: Change) -> Iterator[tuple[str, str]]:
    """Entries, and prefixes, each where there are some on one side or the other."""
    before, after = change.topology.before.plan, change.topology.after.plan
    if after.network.by_prefixes:
        number, what = carried(after).split(" ", 1)
        yield number, what
    if not after.network.by_prefixes or before.routes:
        entries = _step(len(before.routes), len(after.routes))
        quota = f" of {change.quota}" if change.quota else ""
        yield entries + quota, "entries in every route table"


def _fates(change: Change) -> str:
    number = Counter(change.hosts.values())
    told = [f"{number[mark]} {WORDS[mark]}" for mark in MARKS if number[mark]]
    return f": {', '.join(told)}" if told else ""


def _step(before: int, after: int) -> str:
    return str(after) if before == after else f"{before} → {after}"


def _lead(meaning: Meaning) -> str:
    if meaning.nothing:
        return "Nothing changes."
    told = "The network before the next up, and after it."
    return f"{told} Somebody has to look at it first." if meaning.needs_a_human else told


def _lines(meaning: Meaning) -> str:
    """The preview's own sentences, the worst first."""
    told = {level: [x.text for x in meaning.lines if x.level == level] for level in LEVELS}
    groups = [_level(level, _LEVELS[level], told[level]) for level in LEVELS if told[level]]
    if meaning.unseen:
        groups.append(_level("unseen", "? not seen", meaning.unseen))
    return el("ul", *groups, class_="lines") if groups else ""


def _level(class_: str, title: str, texts: Sequence[str]) -> str:
    """The sentences of one level; of very many the later ones are folded away."""
    rows = [el("li", text(each)) for each in texts]
    inner = el("ul", *rows[:_SHOWN])
    if rows[_SHOWN:]:
        more = el("summary", text(f"and {len(rows) - _SHOWN} more"))
        inner += el("details", more, el("ul", *rows[_SHOWN:]))
    return el("li", el("b", text(title)), el("div", inner), class_=class_)


def _hosts(change: Change) -> str:
    """Every host that something happens to, with its story; many of one fate are folded away."""
    if not change.stories:
        return ""
    known = {slot.name: slot for slot in drawn(*_plans(change)).slots}
    groups: dict[Mark | None, list[str]] = {mark: [] for mark in (*MARKS, None)}
    for name in sorted(change.stories.keys() & known.keys()):
        groups[change.hosts.get(name)].append(name)
    parts = [
        _group(mark, [known[name] for name in names], change.stories)
        for mark, names in groups.items()
        if names
    ]
    rest = len(known) - len(change.stories)
    told = f"{counted(rest, 'other host')} and their entries stay as they are." if rest else ""
    return el(
        "section",
        el("h2", "Hosts, and why"),
        el("p", told) if told else "",
        *parts,
        class_="stories",
    )


def _plans(change: Change) -> tuple[Plan, Plan]:
    return change.topology.after.plan, change.topology.before.plan


def _group(mark: Mark | None, slots: list[Slot], stories: Mapping[str, str]) -> str:
    rows = [
        [
            el("b", text(slot.name)),
            text(f"{slot.role}, zone {slot.zone}"),
            el("code", text(slot.address)),
            el("code", text(slot.containers)),
            el("div", text(stories[slot.name]), class_="told", data_story=slot.name),
        ]
        for slot in slots
    ]
    heads = ("Host", "Place", "Address", "Containers", "What happens, and why")
    told = f"{WORDS[mark] if mark else 'only entries change'}: {counted(len(slots), 'host')}"
    shape = icon(mark) + " " if mark else ""
    inner = table(heads, rows, [slot.name for slot in slots])
    unfolded = "open" if len(slots) <= _OPEN else None
    return el("details", el("summary", shape, text(told)), inner, open=unfolded)


def _entries(change: Change) -> str:
    """Every entry that changes: a row for each destination, a column for each zone's table."""
    moves = change.topology.entries
    if not moves:
        return ""
    after, before = _plans(change)
    ranges = {route.slot: route.destination for route in drawn(after, before).routes}
    zones = sorted(zone.name for zone in drawn(after, before).network.zones)
    slots = sorted({slot for _, slot in moves}, key=lambda slot: ranges[slot])
    rows = [
        [
            el("code", text(ranges[slot])),
            el("b", text(slot)),
            *(_cell(moves.get((zone, slot))) for zone in zones),
        ]
        for slot in slots
    ]
    heads = ("Packets to", "go to host", *(f"Table {zone}" for zone in zones))
    told = f"{counted(len(slots), 'destination')} in {counted(len(zones), 'table')}."
    inner = table(heads, rows, slots)
    unfolded = "open" if len(slots) <= _OPEN else None
    parts = el("details", el("summary", text(told)), inner, open=unfolded)
    return el("section", el("h2", "Route entries that change"), parts)


def _cell(move: Move | None) -> str:
    return icon(MARKED[move]) + " " + text(move) if move else "-"


def _closing(change: Change) -> str:
    told = f"Drawn by Fairway from the preview of {change.stack}"
    seen = change.meaning.fingerprint[:12]
    return f"{told}, fingerprint {seen}." if seen else f"{told}."
