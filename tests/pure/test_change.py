"""What a preview means: hosts, entries, services, quorum and quota, the worst first."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from components.change import Foreseen, read
from components.change.foreseen import problems
from components.change.meaning import Meaning, Standing, meaning
from components.change.routes import entry_moves
from components.change.text import markdown, plain
from components.swarm.spread import Service
from scripts import stack as engine
from scripts.cli.preview import NEEDS_A_HUMAN, preview, status, up
from scripts.operations import preview as looking

SLOTS = frozenset({"a1", "b1", "c1", "a10", "b10"})
RANGES = {slot: f"10.226.{index}.0/24" for index, slot in enumerate(sorted(SLOTS))}
TABLES = ["table-a", "table-b"]
CLUSTER = "urn:pulumi:t6::fairway::fairway:index:Cluster$"


def step(op: str, kind: str, name: str, *reasons: str, **inputs: Any) -> dict[str, Any]:
    """A step as `pulumi preview --json` prints it."""
    told: dict[str, Any] = {"op": op, "urn": f"{CLUSTER}fairway:{kind}::{name}"}
    if op != "create":
        told["oldState"] = {"inputs": inputs.get("old", inputs)}
    if op != "delete":
        told["newState"] = {"inputs": inputs.get("new", inputs)}
    return {**told, "replaceReasons" if op == "replace" else "diffReasons": list(reasons)}


def host(op: str, slot: str, *reasons: str) -> list[dict[str, Any]]:
    """All of one host's steps."""
    route = "update" if op == "replace" else op
    entry = {"tables": TABLES, "destination": RANGES[slot]}
    return [
        step(op, "lab:Machine", slot, *reasons),
        step(route, "lab:Route", slot, *(["machine"] if route == "update" else []), **entry),
        step(op, "swarm:Node", slot),
    ]


def foreseen(*steps: dict[str, Any]) -> Foreseen:
    refreshed = step("refresh", "lab:Machine", "a1")
    report = step("update", "verify:Report", "t6", "triggers")
    return read({"steps": [refreshed, step("same", "lab:Vpc", "t6"), *steps, report]}, SLOTS)


def said(change: Foreseen, entries: int = 5, **standing: Any) -> Meaning:
    return meaning(change, Standing(**standing), ranges=RANGES, entries=entries)


def texts(found: Meaning) -> list[str]:
    return [line.text for line in found.lines]


def test_a_host_s_fate_is_its_machine_s_and_the_reason_is_the_property() -> None:
    change = foreseen(*host("replace", "a10", "image"), *host("create", "b10"))

    assert change.hosts["a10"].fate == "replaced"
    assert change.hosts["a10"].reasons == ("image",)
    assert change.hosts["a10"].machine.endswith("Machine::a10")
    assert change.hosts["b10"].fate == "made"
    assert change.others == ()


def test_what_a_host_was_seen_to_lack_is_told_with_the_change() -> None:
    rule = step("update", "swarm:Node", "c1", "state")
    rule["oldState"]["outputs"] = {"state": "packet rule missing: raw OUTPUT"}
    change = foreseen(rule, step("create", "swarm:Node", "a10"))
    other = foreseen({**rule, "oldState": {"inputs": {}, "outputs": {"state": "another"}}})

    assert "hosts changed: c1, for state (packet rule missing: raw OUTPUT)" in texts(said(change))
    assert "hosts changed: a10, for its missing Node" in texts(said(change))
    assert said(change).to_dict()["hosts"]["c1"]["reasons"] == ["state"]
    assert foreseen(rule).fingerprint == other.fingerprint  # words of the moment


def test_a_host_whose_containers_move_says_so_beside_the_machine_s_reason() -> None:
    machine, route, node = host("replace", "a10", "userData")
    node["replaceReasons"] = ["machine"]
    node["oldState"] = {"inputs": {"containers": RANGES["a10"]}}
    first = {**node, "op": "delete-replaced", "replaceReasons": [], "newState": None}
    node["newState"] = {"inputs": {"containers": "10.226.80.0/24"}}

    change = foreseen(first, machine, route, node)

    assert change.hosts["a10"].why == ("userData", "containers")


def test_a_machine_s_steps_by_any_of_the_engine_s_words_are_one_replacement() -> None:
    words = ("create-replacement", "replace", "delete-replaced")
    change = foreseen(*(step(word, "lab:Machine", "a10", "image") for word in words))

    assert [each.op for each in change.steps if each.kind == "Machine"] == ["replace"]


def test_what_only_follows_is_no_change_of_its_own() -> None:
    report = step("update", "verify:Report", "t6", "triggers")

    assert read({"steps": [report]}, SLOTS).hosts == {}
    assert read({"steps": [report]}, SLOTS).others == ()


def test_an_entry_moves_in_every_table_and_a_new_table_gets_one() -> None:
    old = {"tables": TABLES, "destination": "10.226.1.0/24"}
    new = {"tables": [*TABLES, "table-c"], "destination": "10.226.1.0/24"}
    replaced = foreseen(*host("replace", "a10", "image"))
    grown = foreseen(step("update", "lab:Route", "a1", "tables", old=old, new=new))

    assert {(m.table, m.move) for m in entry_moves(replaced)} == {
        ("table-a", "moved"),
        ("table-b", "moved"),
    }
    assert [(m.table, m.move) for m in entry_moves(grown)] == [("table-c", "added")]


def test_a_cloud_s_entries_are_named_by_table_and_slot() -> None:
    entry = {"destinationCidrBlock": "10.226.1.0/24", "nexthopId": "i-1"}
    change = foreseen(
        step("replace", "vpc/vPCRouteEntry:VPCRouteEntry", "b::a10", "nexthopId", **entry)
    )

    (move,) = entry_moves(change)
    assert (move.table, move.slot, move.move) == ("b", "a10", "away and back")


def test_an_entry_of_another_range_is_one_that_goes_and_one_that_comes() -> None:
    old = {"tables": TABLES, "destination": "10.226.10.0/24"}
    new = {"tables": TABLES, "destination": "10.226.80.0/24"}
    change = foreseen(step("replace", "lab/route:Route", "a10", "destination", old=old, new=new))

    moves = [(m.table, m.destination, m.move) for m in entry_moves(change)]
    assert moves == [
        *((table, "10.226.10.0/24", "removed") for table in TABLES),
        *((table, "10.226.80.0/24", "added") for table in TABLES),
    ]


def test_a_service_that_runs_nowhere_else_needs_a_human() -> None:
    change = foreseen(*host("replace", "a10", "image"))
    database = Service(name="db", mode="replicated", wanted=1, running={"a10": 1})
    web = Service(name="web", mode="replicated", wanted=2, running={"a10": 1, "b10": 1})

    found = said(change, services=(database, web))

    (line,) = [each for each in found.lines if each.level == "human"]
    assert line.text == "service db is away while a10 goes: its only task runs there"
    assert found.lines[0] == line
    assert status(found) == NEEDS_A_HUMAN


def test_volumes_of_a_machine_that_goes_are_told_as_lost() -> None:
    found = said(foreseen(*host("delete", "a10")), volumes={"a10": ("pgdata",), "b10": ("other",)})

    assert "data lost with the machine of a10: volumes pgdata" in texts(found)
    assert not any("other" in text for text in texts(found))


MANAGERS = frozenset({"a1", "b1", "c1"})
QUORUM = [
    ({"managers": MANAGERS}, "away", "no other may fail meanwhile"),
    ({"managers": MANAGERS, "working": frozenset({"a1", "b1"})}, "human", "none may be away"),
    ({"managers": frozenset({"a1"})}, "human", "a1 is the only manager"),
]


@pytest.mark.parametrize(("standing", "level", "words"), QUORUM)
def test_the_quorum_is_counted_while_a_manager_is_away(
    standing: dict[str, Any], level: str, words: str
) -> None:
    found = said(foreseen(*host("replace", "a1", "image")), **standing)

    (line,) = [each for each in found.lines if each.text.startswith("quorum")]
    assert line.level == level
    assert words in line.text


def test_a_lost_quorum_needs_a_human_whatever_changes() -> None:
    made = foreseen(*host("create", "a1"), *host("create", "b1"))
    seen: dict[str, Any] = {"managers": MANAGERS, "leaderless": frozenset({"c1"})}

    found = said(made, **seen, working=frozenset())

    assert status(found) == NEEDS_A_HUMAN
    assert texts(found)[0] == (
        "quorum: lost, no leader for c1: no change is possible before `./fairway recover STACK`"
    )
    assert not said(made, **seen, working=frozenset({"a1", "b1"})).needs_a_human


def test_a_worker_that_goes_says_nothing_of_the_quorum() -> None:
    found = said(foreseen(*host("replace", "a10", "image")), managers=MANAGERS)

    assert not any("quorum" in text for text in texts(found))


def test_a_table_that_is_too_small_needs_a_human_and_one_that_is_nearly_full_is_told() -> None:
    grown = foreseen(*host("create", "b10"))

    full = said(grown, entries=20, quota=19)
    assert full.needs_a_human
    assert "quota: 20 of 19 entries in each route table; hosts too many: 1" in texts(full)[0]
    nearly = said(grown, entries=19, quota=20)
    assert not nearly.needs_a_human
    told = "quota: 19 of 20 entries in each route table; hosts left: 1; docs/limits.md"
    assert any(text.startswith(told) for text in texts(nearly))
    assert nearly.to_dict()["tables"] == {"entries": 19, "quota": 20}


def test_how_far_the_tables_carry_is_told_where_the_number_of_hosts_changes() -> None:
    told = "quota: 5 of 20 entries in each route table; hosts left: 15"

    for op in ("create", "delete"):
        assert told in texts(said(foreseen(*host(op, "b10")), quota=20))
    replaced = said(foreseen(*host("replace", "b10", "image")), quota=20)
    assert not any("quota" in text for text in texts(replaced))


def test_many_hosts_that_are_away_are_told_by_zone() -> None:
    slots = [f"{zone}{number}" for zone in "ab" for number in range(10, 20)]
    steps = [each for slot in slots for each in _replaced(slot)]
    change = read({"steps": steps}, frozenset(slots))

    found = [text for text in texts(said(change, replaces_in=40.2)) if text.startswith("paths")]

    assert found == [
        f"paths away: all to and from 10 hosts of zone {zone} ({zone}10, {zone}11, {zone}12,"
        f" {zone}13, {zone}14, {zone}15 and 4 more), each for about 40 s (measured on this cluster)"
        for zone in "ab"
    ]


def _replaced(slot: str) -> list[dict[str, Any]]:
    return [step("replace", "lab:Machine", slot, "image"), step("replace", "swarm:Node", slot)]


def test_things_of_the_network_that_fare_alike_are_one_line() -> None:
    found = said(foreseen(*(step("create", "lab:VSwitch", zone) for zone in "de")))

    assert texts(found) == ["create VSwitch d, e"]


def test_what_is_no_host_s_and_goes_needs_a_human() -> None:
    found = said(foreseen(step("delete", "lab:VSwitch", "c")))

    assert found.needs_a_human
    assert texts(found) == ["delete VSwitch c"]


def test_the_time_away_is_that_of_this_cluster_s_own_replacements() -> None:
    change = foreseen(*host("replace", "a10", "image"))

    measured, unknown = said(change, replaces_in=21.4), said(change)

    assert (
        "paths away: all to and from a10 (10.226.1.0/24), for about 21 s (measured on this cluster)"
        in (texts(measured))
    )
    assert any("a machine takes to boot" in text for text in texts(unknown))


def test_a_small_change_is_told_in_ten_lines_and_none_is_one() -> None:
    small = said(foreseen(*host("replace", "a10", "image")), managers=MANAGERS)

    assert len(plain(small).splitlines()) <= 10
    assert plain(said(read({"steps": []}, SLOTS))) == "nothing changes"


def test_markdown_has_a_title_for_each_level_and_no_markup_of_others() -> None:
    odd = Service(name="a*b", mode="replicated", wanted=1, running={"a10": 1})
    text = markdown(said(foreseen(*host("replace", "a10", "image")), services=(odd,)), "lab")

    assert "**Needs a human**" in text
    assert "a\\*b" in text


def test_two_previews_that_do_the_same_have_one_fingerprint_and_others_another() -> None:
    first = foreseen(*host("replace", "a10", "image"), *host("create", "b10"))
    turned = foreseen(*host("create", "b10"), *host("replace", "a10", "image"))
    other = foreseen(*host("replace", "a10", "user_data"), *host("create", "b10"))

    assert first.fingerprint == turned.fingerprint
    assert first.fingerprint != other.fingerprint


def test_the_errors_of_a_failed_preview_are_told_once_each() -> None:
    told = (
        '{"diagnostics": [{"severity": "error", "message": "no way\\n"},'
        ' {"severity": "error", "message": "no way\\n"}, {"severity": "info", "message": "x"}]}'
    )

    assert problems(told) == "no way"
    assert problems("nothing of the kind") == ""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The commands over a preview that can be changed; `ups` counts what was done."""
    told: dict[str, Any] = {"change": foreseen(*host("replace", "a10", "image")), "ups": 0}

    def done(_: str) -> int:
        told["ups"] += 1
        return 0

    monkeypatch.setattr(looking, "seen", lambda _: SimpleNamespace(meaning=said(told["change"])))
    monkeypatch.setattr(engine, "up", done)
    return told


def test_preview_ends_with_a_status_that_a_program_can_read(world: dict[str, Any]) -> None:
    assert CliRunner().invoke(preview, ["lab"]).exit_code == 2
    world["change"] = read({"steps": []}, SLOTS)
    assert CliRunner().invoke(preview, ["lab"]).exit_code == 0
    world["change"] = foreseen(step("delete", "lab:VSwitch", "c"))
    assert CliRunner().invoke(preview, ["lab"]).exit_code == 3


def test_only_the_approved_change_is_made(world: dict[str, Any], tmp_path: Path) -> None:
    approved = tmp_path / "approved.json"
    approved.write_text(json.dumps(said(world["change"]).to_dict()))
    fingerprint = world["change"].fingerprint[:12]

    for words in ([str(approved)], [fingerprint]):
        assert CliRunner().invoke(up, ["lab", "--approved", *words]).exit_code == 0
    assert world["ups"] == 2

    world["change"] = foreseen(*host("replace", "b10", "image"))
    refused = CliRunner().invoke(up, ["lab", "--approved", str(approved)])
    assert refused.exit_code == 1
    assert "something else than what was approved" in refused.output
    assert world["ups"] == 2


def test_a_preview_can_be_kept_while_it_is_shown_to_people(
    world: dict[str, Any], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"

    shown = CliRunner().invoke(preview, ["lab", "--markdown", "--save", str(kept)])

    assert shown.output.startswith("### Stack `lab`")
    assert json.loads(kept.read_text()) == said(world["change"]).to_dict()
    assert CliRunner().invoke(up, ["lab", "--approved", str(kept)]).exit_code == 0


def test_a_file_that_is_no_preview_is_refused(world: dict[str, Any], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")

    empty = tmp_path / "empty.json"
    empty.write_text('{"fingerprint": ""}')

    for words in (str(wrong), str(empty), str(tmp_path / "none"), "abc"):
        refused = CliRunner().invoke(up, ["lab", "--approved", words])
        assert refused.exit_code == 1
        assert "no approved preview" in refused.output
    assert world["ups"] == 0


def test_what_changed_between_the_question_and_the_yes_is_refused(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = iter([world["change"], foreseen(*host("delete", "a10"))])
    monkeypatch.setattr(looking, "preview", lambda _: said(next(shown)))

    refused = CliRunner().invoke(up, ["lab"], input="y\n")

    assert refused.exit_code == 1
    assert world["ups"] == 0


def test_a_no_does_nothing(world: dict[str, Any]) -> None:
    assert CliRunner().invoke(up, ["lab"], input="n\n").exit_code == 1
    assert world["ups"] == 0
