"""The size, the habits and the words of this project's code."""

from __future__ import annotations

import ast
import re

from tests.support.source import CODE, PROSE, ROOT, TEXT, files, modules, name_of, tree

LONGEST_MODULE = 300  # lines; 250 is the aim
LONGEST_FUNCTION = 50  # lines, with its docstring
TIERS = {"pure", "program", "browser", "engine", "lab", "operate"}

# Written in parts, or this file would be the first to break its own rule.
ENDED_BY_NAME = re.compile(r"\b(p" + r"kill|kill" + r"all)\b")
LAX_HOST_KEYS = re.compile(
    "AutoAdd" + "Policy|Warning" + r"Policy|StrictHostKeyChecking[= ](no|off|acc)"
)
HOSTS = [
    *("deb.deb" + "ian.org", "pypi" + ".org", "pythonhost" + "ed.org", "proxy.go" + "lang"),
    *("registry" + ".npmjs", "registry-1.dock" + "er.io", "hub.dock" + "er.com", "crates" + ".io/"),
]
EXCUSES = {"skip", "skipif", "xfail", "importorskip", "skipTest"}


def test_a_module_can_be_read_in_one_sitting() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in modules(*CODE)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_a_function_fits_on_one_screen() -> None:
    long = {
        f"{name_of(path)}:{node.lineno} {node.name}": length
        for path in modules(*CODE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_every_test_is_collected() -> None:
    for path in modules("tests"):
        if re.search(r"^\s*(async )?def test_", path.read_text(), re.MULTILINE):
            tier, *rest = path.relative_to(ROOT / "tests").parts
            assert tier in TIERS, name_of(path)
            assert rest, name_of(path)
            assert path.name.startswith("test_"), name_of(path)


def test_no_two_test_modules_share_a_name() -> None:
    names = [path.name for path in modules("tests") if path.name.startswith("test_")]
    assert len(names) == len(set(names))


def test_no_test_excuses_itself() -> None:
    found = {
        f"{name_of(path)}:{node.lineno} {node.attr}"
        for path in modules("tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in EXCUSES
    }
    assert found == set()


def test_processes_are_ended_by_id_and_never_by_name() -> None:
    assert not _holding(ENDED_BY_NAME, *TEXT)


def test_no_way_in_accepts_an_unknown_host_key() -> None:
    assert not _holding(LAX_HOST_KEYS, *TEXT)


def test_no_package_registry_is_named() -> None:
    assert not _holding(re.compile("|".join(map(re.escape, HOSTS))), *TEXT, *PROSE)


def test_nothing_is_left_for_later() -> None:
    assert not _holding(re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + "X)\\b"), *TEXT)


def _holding(pattern: re.Pattern[str], *tops: str) -> dict[str, str]:
    return {
        name_of(path): found[0]
        for path in files(*tops)
        if (found := pattern.search(path.read_text(errors="replace")))
    }
