"""`python -m lab`: look at a lab, make parts of it fail, and take it away. Works without Pulumi."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence

from components.errors import FairwayError, LabError
from lab import machine, show
from lab.lab import Lab

_OK = 0
_ERROR = 1
_UNSOUND = 3

_EPILOG = """\
exit status: 0 done, 1 an error that was told, 2 wrong words,
             3 (of status) something is not as recorded

examples:
  python -m lab status                 what stands, and what is wrong with it
  python -m lab fail zone b            cut the power of a whole zone
  python -m lab fail machine a1        cut the power of one machine
  python -m lab restore                bring everything back and repair the network
  python -m lab restore zone b         bring one zone back
  python -m lab shell a1               a root shell in a machine
  python -m lab shell a1 docker ps     one command in a machine
  python -m lab down                   remove a lab: machines, network, files
  python -m lab sweep --lab NAME       the same by label alone, when its records are lost
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    given = _parser().parse_args(words)
    command: Callable[[argparse.Namespace], int] = given.command
    try:
        status = command(given)
        sys.stdout.flush()
    except FairwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return _ERROR
    except BrokenPipeError:
        # Whoever read, as `head` does, has enough. Python would flush once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OK
    return status


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--lab", metavar="NAME", help="which lab; needed where several stand")
    common.add_argument("--json", action="store_true", help="for programs")
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="A cloud in this computer: look at it, make it fail, take it away.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)

    def verb(
        name: str, command: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=text, parents=[common])
        made.set_defaults(command=command)
        return made

    verb("status", _status, "Tell what stands and what is wrong with it.")
    fail = verb("fail", _fail, "Cut the power of a zone or a machine; it stays off.")
    fail.add_argument("what", choices=("zone", "machine"))
    fail.add_argument("name")
    restore = verb("restore", _restore, "Bring back what failed; without words, everything.")
    restore.add_argument("what", choices=("zone", "machine"), nargs="?")
    restore.add_argument("name", nargs="?")
    shell = verb("shell", _shell, "Open a root shell in a machine, or run a command there.")
    shell.add_argument("machine")
    shell.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    verb("down", _down, "Remove a lab with everything that belongs to it.")
    verb("sweep", _sweep, "Remove what carries a lab's label, without its records.")
    return parser


def _status(given: argparse.Namespace) -> int:
    names = [given.lab] if "lab" in given else list(Lab.names())
    seen = [show.overview(Lab.open(name, recover=False)) for name in names]
    if "json" in given:
        print(json.dumps([show.as_json(one) for one in seen], indent=2))
    else:
        print("\n\n".join(show.as_text(one) for one in seen) or "there is no lab on this computer")
    return _OK if all(one.is_sound for one in seen) else _UNSOUND


def _fail(given: argparse.Namespace) -> int:
    lab = _one(given)
    (lab.fail_zone if given.what == "zone" else lab.fail_machine)(given.name)
    return _done(given, f"{given.what} {given.name} is off")


def _restore(given: argparse.Namespace) -> int:
    lab = _one(given)
    if given.what is None:
        for fault in lab.restore_all(_say):
            _say(f"repaired: {fault}")
        return _done(given, f"lab {lab.name} is as recorded")
    if given.name is None:
        raise _missing_name(given.what)
    (lab.restore_zone if given.what == "zone" else lab.restore_machine)(given.name, _say)
    return _done(given, f"{given.what} {given.name} is back")


def _shell(given: argparse.Namespace) -> int:
    words = machine.shell_command(_one(given).name, given.machine, *given.words)
    sys.stdout.flush()
    os.execvp(words[0], words)  # noqa: S606 -- this process becomes the shell


def _down(given: argparse.Namespace) -> int:
    lab = _one(given)
    lab.down(_say)
    return _done(given, f"lab {lab.name} is gone")


def _sweep(given: argparse.Namespace) -> int:
    found = _one(given).sweep()
    if "json" in given:
        print(json.dumps(list(found), indent=2))
    else:
        print("\n".join(f"removed {thing}" for thing in found) or "nothing was left")
    return _OK


def _one(given: argparse.Namespace) -> Lab:
    """Open the lab that was named, or the only one there is, as it is."""
    if "lab" in given:
        return Lab.open(given.lab, recover=False)
    names = Lab.names()
    if len(names) == 1:
        return Lab.open(names[0], recover=False)
    raise LabError(
        where="python -m lab",
        what="it must be said which lab is meant",
        found=", ".join(names) or "no lab on this computer",
        hint="add --lab NAME",
    )


def _missing_name(what: str) -> LabError:
    return LabError(
        where="python -m lab restore",
        what=f"which {what} is not said",
        hint=f"python -m lab restore {what} NAME",
    )


def _say(news: str) -> None:
    sys.stderr.write(f"{news}\n")


def _done(given: argparse.Namespace, news: str) -> int:
    print(json.dumps({"done": news}) if "json" in given else news)
    return _OK


if __name__ == "__main__":
    sys.exit(main())
