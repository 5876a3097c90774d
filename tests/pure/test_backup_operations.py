"""What is done with backups on the operator's computer: files, doubts, and who is asked."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.backup.names import Backup
from components.errors import ConfigError, SwarmError
from components.swarm import survivor
from components.swarm.quorum import Quorum
from scripts.cli import recover as recover_command
from scripts.cli import restore as restore_command
from scripts.operations import backups, recovery
from scripts.operations.backups import Held
from tests.support.patience import up_at_first_pause


def made(day: int, swarm: str = "s1") -> Backup:
    moment = datetime(2026, 3, day, 4, 5, 6, tzinfo=UTC)
    return Backup(environment="prod", made=moment, slot="a1", swarm=swarm, key="00ff", size=6)


def test_a_copy_is_its_owners_alone_and_reads_back_under_any_name(tmp_path: Path) -> None:
    held = Held(made(1), b"\x30\nsealed"[:6])
    target = tmp_path / "deep" / "copy"
    held.write(target)
    held.write(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert Held.read(target) == held
    assert [path.name for path in target.parent.iterdir()] == ["copy"]


def test_a_file_from_the_bucket_reads_under_its_own_name(tmp_path: Path) -> None:
    target = tmp_path / made(1).name
    target.write_bytes(b"sealed")
    assert Held.read(target) == Held(made(1), b"sealed")


def test_another_file_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("one\ntwo\n")
    with pytest.raises(ConfigError, match="this is no backup"):
        Held.read(tmp_path / "notes")


def test_the_newest_is_taken_only_where_one_swarm_made_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [made(3), made(2), made(1)]
    monkeypatch.setattr(backups, "listing", lambda stack: tuple(found))
    monkeypatch.setattr(backups, "take", lambda stack, name: (stack, name))
    taken: Any = restore_command.chosen("prod", "", None)
    assert taken == ("prod", "")
    found.insert(0, made(4, "empty"))
    with pytest.raises(ConfigError, match=rf"several Swarms.*{made(3).name}"):
        restore_command.chosen("prod", "", None)
    named: Any = restore_command.chosen("prod", found[1].name, None)
    assert named == ("prod", made(3).name)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Quorum]:
    """What three managers say, look by look; the last look repeats."""
    looks: list[Quorum] = []

    @contextmanager
    def opened(stack: str) -> Iterator[Any]:
        plan = SimpleNamespace(environment=stack)
        yield SimpleNamespace(
            managers=("a1", "b1", "c1"), sessions=None, plan=plan, session=lambda name: name
        )

    def look(*_: object) -> Quorum:
        return looks.pop(0) if len(looks) > 1 else looks[0]

    monkeypatch.setattr(recovery, "opened", opened)
    monkeypatch.setattr(recovery, "look_at_quorum", look)
    up_at_first_pause(monkeypatch)
    monkeypatch.setattr(survivor, "commit_of", {"b1": 58, "c1": 61}.__getitem__)
    return looks


LOST = Quorum(leaderless=frozenset({"c1"}), silent=frozenset({"a1", "b1"}))
NOT_YET = Quorum(standing=frozenset({"c1"}), silent=frozenset({"a1", "b1"}))
STANDS = Quorum(standing=frozenset({"b1", "c1"}), silent=frozenset({"a1"}))


def test_a_leader_that_has_not_noticed_its_loss_is_given_time_to(seen: list[Quorum]) -> None:
    seen += [NOT_YET, LOST]
    found = recovery.look("prod")
    assert (found.survivor, found.others) == ("c1", ())


@pytest.mark.parametrize("look", [STANDS, NOT_YET])
def test_nothing_is_recovered_while_a_manager_can_act(seen: list[Quorum], look: Quorum) -> None:
    seen.append(look)
    with pytest.raises(SwarmError, match="nothing is to be recovered"):
        recovery.look("prod")


def test_of_several_that_survived_the_one_that_knows_the_most_goes_on(seen: list[Quorum]) -> None:
    seen.append(Quorum(leaderless=frozenset({"b1", "c1"}), silent=frozenset({"a1", "a2", "a3"})))
    found = recovery.look("prod")
    assert (found.survivor, found.others) == ("c1", ("b1",))
    assert "b1 survived too: c1 knows the most (last change agreed on: c1 61, b1 58)" in (
        recover_command.meaning(found)
    )


def test_where_no_manager_is_left_nobody_survived(seen: list[Quorum]) -> None:
    seen.append(Quorum(silent=frozenset({"a1", "b1", "c1"})))
    assert recovery.look("prod").survivor == ""
