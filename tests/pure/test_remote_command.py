"""Commands and secrets as values."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.remote.command import Command, Result, Secret
from components.remote.masking import mask, tail

words = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=4)


@given(words)
def test_whatever_the_words_the_shell_gives_the_same_words_to_the_program(given: list[str]) -> None:
    line = Command.of("printf", "%s\\0", "first", *given).wire()
    out = subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout
    assert out.decode().split("\0")[:-1] == ["first", *given]


@given(st.text("XYZ'$ ", min_size=4), st.lists(st.text("abc'", max_size=3), max_size=4))
def test_a_secret_word_is_never_in_what_a_reader_sees(hidden: str, given: list[str]) -> None:
    secret = f"X{hidden}"
    command = Command.of("x", Secret(secret), *given)
    assert "X" not in str(command) + repr(command)
    assert command.masked(f"bad {secret}!") == "bad [secret]!"


def test_a_secret_word_is_in_what_the_host_gets() -> None:
    command = Command.of("join", "--token", Secret("a b"), IPv4Address("10.0.0.1"), 2377)
    assert command.wire() == "join --token 'a b' 10.0.0.1 2377"
    assert str(command) == "join --token [secret] 10.0.0.1 2377"


def test_a_scripts_arguments_are_not_parsed() -> None:
    line = Command.script('echo "$2" "$1"', "$(id)", "a;b").wire()
    out = subprocess.run(["sh", "-c", line], capture_output=True, check=True, text=True).stdout
    assert out == "a;b $(id)\n"


def test_a_script_ends_at_its_first_failing_command() -> None:
    line = Command.script("false; echo reached").wire()
    run = subprocess.run(["sh", "-c", line], capture_output=True, check=False, text=True)
    assert (run.returncode, run.stdout) == (1, "")


@dataclass
class Holder:
    key: Secret


def test_a_secret_hides_in_every_rendering() -> None:
    secret = Secret("hush")
    seen = [str(secret), repr(secret), f"{secret}", f"{secret:>10}", repr(Holder(secret))]
    seen += [str(asdict(Holder(secret))), str(copy.deepcopy([secret]))]
    assert not any("hush" in text for text in seen)
    assert asdict(Holder(secret))["key"].reveal() == "hush"


def test_a_secret_is_neither_pickled_nor_written_as_json() -> None:
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret("hush"))
    with pytest.raises(TypeError):
        json.dumps(Secret("hush"))


def test_secrets_are_equal_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_result_keeps_its_outputs_out_of_its_representation() -> None:
    assert "SWMTKN" not in repr(Result(0, "SWMTKN-1-x", "SWMTKN-1-y", 0.1))


@pytest.mark.parametrize(
    "text",
    [
        "SWMTKN-1-49nj1cmql0jkz5s954yi3oex3nedyz0fb0xx14ie39trti4wxv-8vxv8rssmk743ojnwacrr2e7c",
        "SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\nbnNz\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIGkAgEBBDBcut off",
    ],
)
def test_shapes_of_secrets_are_masked(text: str) -> None:
    assert mask(f"before {text}") == "before [secret]"


def test_what_is_around_a_masked_secret_stays() -> None:
    assert mask("join --token SWMTKN-1-a-b 10.0.0.1:2377") == "join --token [secret] 10.0.0.1:2377"
    assert mask("nothing to hide") == "nothing to hide"


def test_a_tail_keeps_the_last_lines_that_say_something() -> None:
    text = "\n".join(f"line {n}\n" for n in range(100))
    assert tail(text, lines=2) == "line 98\nline 99"
    assert len(tail("x" * 10_000)) == 800
