"""mmdebstrap, told where packages come from and heard as progress."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.errors import LabError

Report = Callable[[str], None]

KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
UNSTABLE = ("sid", "unstable")
TOLD_LINES = 15


@dataclass(frozen=True, slots=True)
class Source:
    """One suite at one address, as apt knows it."""

    uri: str
    suite: str


def read_sources(name: str, text: str) -> list[Source]:
    """Read the binary sources with the component `main` from one apt file of either format."""
    return list(_deb822(text) if name.endswith(".sources") else _one_line(text))


def _one_line(text: str) -> Iterable[Source]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.strip())
        if match and "main" in match[3].split():
            yield Source(match[1], match[2])


def _deb822(text: str) -> Iterable[Source]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        unfolded = re.sub(r"\n[ \t]+", " ", stanza)
        fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", unfolded, re.MULTILINE))
        words = {key.lower(): value.split() for key, value in fields.items()}
        usable = "deb" in words.get("types", []) and "main" in words.get("components", [])
        if usable and words.get("enabled", ["yes"]) != ["no"]:
            yield from (Source(u, s) for u in words.get("uris", []) for s in words["suites"])


def sources_for(release: str, codename: str, known: Iterable[Source]) -> list[str]:
    """Give sources.list lines for a release, from where a Debian of `codename` gets its own.

    The result is empty where `known` does not serve that codename: then mmdebstrap decides.
    """
    suffixes = ("",) if release in UNSTABLE else ("", "-updates", "-security")
    lines = {
        f"deb {source.uri} {release}{suffix} main": None
        for source in known
        for suffix in suffixes
        if source.suite == codename + suffix
    }
    served = any(line.endswith(f" {release} main") for line in lines)
    return list(lines) if served else []


def sources_of_this_computer(release: str, etc: Path = Path("/etc")) -> list[str]:
    """Give the sources.list lines that this computer's own apt settings suggest for a release."""
    facts = dict(re.findall(r'^(\w+)="?([^"\n]*)', _text(etc / "os-release"), re.MULTILINE))
    if facts.get("ID") != "debian":
        return []
    files = [etc / "apt/sources.list", *sorted((etc / "apt/sources.list.d").glob("*"))]
    known = [source for file in files for source in read_sources(file.name, _text(file))]
    return sources_for(release, facts.get("VERSION_CODENAME", "sid"), known)


def proxies(told: str) -> dict[str, str]:
    """Read what `apt-config shell` told of apt's proxies into environment variables."""
    pairs = (word.partition("=") for word in shlex.split(told))
    return {name: value for name, _, value in pairs if value not in ("", "DIRECT")}


def proxies_of_this_computer() -> dict[str, str]:
    """Give the proxies of this computer's apt, which mmdebstrap's own apt does not know."""
    asked = ["http_proxy", "Acquire::http::Proxy", "https_proxy", "Acquire::https::Proxy"]
    try:
        done = subprocess.run(
            ["apt-config", "shell", *asked], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # another distribution may have mmdebstrap without its own apt
        return {}
    return proxies(done.stdout)


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def arguments(
    release: str, packages: Sequence[str], aptopts: Sequence[str], root: Path, *, given: bool
) -> list[str]:
    """Give mmdebstrap's words; with `given` it reads sources.list lines from its input."""
    keyring = next((str(path) for path in KEYRINGS if path.exists()), None)
    unread = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
    return [
        "mmdebstrap",
        "--verbose",
        "--mode=root",
        "--variant=minbase",
        *([f"--keyring={keyring}"] if keyring else []),
        *(f"--aptopt={option}" for option in aptopts),
        *(f"--dpkgopt=path-exclude={path}" for path in unread),
        f"--include={','.join(packages)}",
        release,
        str(root),
        *(["-"] if given else []),
    ]


class Progress:
    """Turns mmdebstrap's talk into a percentage and a step; `line` gives news or nothing."""

    # A package costs about as much to fetch as to unpack as to set up, and there are about so many.
    expected = 3 * 195
    steps = (("Get:", "fetching"), ("Unpacking ", "unpacking"), ("Setting up ", "setting up"))

    def __init__(self) -> None:
        self._seen = 0
        self._told = ""

    def line(self, line: str) -> str | None:
        """Take one line of output; give `43 %, unpacking` when that differs from the last."""
        step = next((name for start, name in self.steps if line.startswith(start)), None)
        if step is None:
            return None
        self._seen += 1
        news = f"{min(99, 100 * self._seen // self.expected)} %, {step} packages"
        if news == self._told:
            return None
        self._told = news
        return news


def bootstrap(
    release: str, packages: Sequence[str], aptopts: Sequence[str], root: Path, report: Report
) -> None:
    """Fill `root` with the release's packages. Raises LabError with the last lines on failure."""
    lines = sources_of_this_computer(release)
    words = arguments(release, packages, aptopts, root, given=bool(lines))
    try:
        status, tail = _run(words, "".join(f"{line}\n" for line in lines), report)
    except FileNotFoundError:
        raise LabError(
            where=f"machine image {release}",
            what="mmdebstrap is not installed",
            hint="install it: apt-get install mmdebstrap debian-archive-keyring",
        ) from None
    if status:
        raise _failure(release, status, tail)


def _run(words: Sequence[str], given: str, report: Report) -> tuple[int, Sequence[str]]:
    """Run to the end; give the status and the last lines. Interrupted, it ends mmdebstrap too."""
    tail: deque[str] = deque(maxlen=TOLD_LINES)
    progress = Progress()
    with tempfile.TemporaryFile("w+") as stdin:
        stdin.write(given)
        stdin.seek(0)
        with subprocess.Popen(
            words,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            # By the environment and not as an option, which would stay in the image.
            env=os.environ | proxies_of_this_computer(),
        ) as process:
            try:
                for line in process.stdout or ():
                    tail.append(line.rstrip())
                    if news := progress.line(line):
                        report(news)
            except BaseException:
                process.terminate()
                raise
    return process.returncode, tail


def _failure(release: str, status: int, tail: Iterable[str]) -> LabError:
    said = "\n    ".join(line for line in tail if line)
    return LabError(
        where=f"machine image {release}",
        what=f"mmdebstrap ended with status {status}; its last lines were\n    {said}\n   ",
        hint="see whether apt-get update works here, and how full /var/cache is (df -h)",
    )
