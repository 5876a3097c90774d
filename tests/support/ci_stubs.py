"""Stand-ins for what CI examples call: each call is noted, `gh` answers as it was told."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path


def gh(words: list[str]) -> str:
    if words[:2] == ["run", "download"]:
        shutil.copytree(os.environ["STUB_SHOWN"], words[words.index("--dir") + 1])
    line = " ".join(words)
    answers = (row.split("\t") for row in os.environ["STUB_ANSWERS"].splitlines())
    return next((said for call, said in answers if call in line), "")


def jq(words: list[str]) -> str:
    file, wanted = words[-1], words[-2].removeprefix(".")
    return str(json.loads(Path(file).read_text())[wanted])


def curl(words: list[str]) -> str:
    with Path(os.environ["STUB_CALLS"]).open("a") as log:
        log.write(f"curl's input: {sys.stdin.read().strip()}\n")
    return ""


def main() -> None:
    name, words = sys.argv[1], sys.argv[2:]
    with Path(os.environ["STUB_CALLS"]).open("a") as log:
        log.write(" ".join([name, *words]).replace("\n", " ") + "\n")
    said = {"gh": gh, "jq": jq, "curl": curl}.get(name, lambda _: "")(words)
    if said:
        print(said)


if __name__ == "__main__":
    main()
