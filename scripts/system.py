"""Packages of the computer's own distribution: found by what they bring, installed by apt."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from components.errors import SetupError
from scripts.progress import Step, already

# What is looked for (a command or a file), and the Debian package that brings it.
ALWAYS = {"ensurepip": "python3-venv", "/etc/ssl/certs/ca-certificates.crt": "ca-certificates"}
FOR_LAB = {
    "systemd-nspawn": "systemd-container",  # boots the machines
    "mmdebstrap": "mmdebstrap",  # builds their image
    "ip": "iproute2",
    "nft": "nftables",  # the router's security groups, the uplink's NAT
    "ssh": "openssh-client",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",  # Ubuntu lacks it
}
FOR_TESTS = {"iptables": "iptables"}  # hosts' packet rules, tried in namespaces of this computer
# Debian's; where the distribution has them as a snap alone, tests/browser says that it did not run.
FOR_BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}
LINUX = Path("/proc/self/ns/net").exists()
ADMIN_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # `su` without `-` leaves them out of PATH


def install_packages(*, lab: bool, tests: bool = False) -> None:
    """Install what is missing; where that is impossible, say what to install by hand."""
    if lab and not LINUX:
        raise SetupError(
            where="the lab",
            what="it boots machines with Linux namespaces",
            found=os.uname().sysname,
            wanted="Linux",
            hint="use a Linux computer or virtual machine, or a stack on a cloud (STACK=...)",
        )
    missing = missing_packages(lab=lab, tests=tests)
    if lab and os.geteuid() != 0:
        raise SetupError(
            where="the lab",
            what="it makes network namespaces, mounts and packet rules",
            found=f"user id {os.geteuid()}",
            wanted="root",
            hint="run make as root (sudo make up)",
        )
    if missing:
        _refuse_where_apt_cannot(missing)
        with Step("packages") as step:
            _install(step, missing)
            step.done = f"installed {' '.join(missing)}"
    else:
        already("packages")
    if tests:
        _install_browser()


def missing_packages(*, lab: bool, tests: bool = False) -> list[str]:
    """The packages to install, in a stable order."""
    if not LINUX:
        return []  # a Mac's Python brings all of it
    wanted = {**ALWAYS, **(FOR_LAB if lab else {}), **(FOR_TESTS if tests else {})}
    return [package for token, package in wanted.items() if not _present(token)]


def missing_browser() -> list[str]:
    """The packages of the browser that opens pictures in tests."""
    return [package for token, package in FOR_BROWSER.items() if not _present(token)]


def _install_browser() -> None:
    """Install it where that works; without it tests/browser says that it did not run."""
    missing = missing_browser()
    if not missing:
        already("browser")
        return
    try:
        _refuse_where_apt_cannot(missing)
        with Step("browser") as step:
            _install(step, missing)
            step.done = f"installed {' '.join(missing)}"
    except SetupError as error:
        print(f"tests/browser will not run: {error}", file=sys.stderr)


def _present(token: str) -> bool:
    if token == "ensurepip":  # noqa: S105  (a module's name: Debian splits it off)
        return importlib.util.find_spec("ensurepip") is not None and _has_wheels()
    if token.startswith("/"):
        return Path(token).exists()
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), ADMIN_FOLDERS])
    return shutil.which(token, path=path) is not None


def _has_wheels() -> bool:
    import ensurepip  # noqa: PLC0415  (not there on a fresh Debian)

    try:
        return bool(ensurepip.version())
    except Exception:  # noqa: BLE001  (Debian's stub raises what it likes)
        return False


def _refuse_where_apt_cannot(missing: list[str]) -> None:
    if shutil.which("apt-get") is None:
        raise SetupError(
            where="this computer",
            what="packages are missing and there is no apt-get here",
            found=f"no {', '.join(missing)} (Debian's names)",
            hint="install what your distribution calls them, then try again",
        )
    if os.geteuid() != 0:
        raise SetupError(
            where="this computer",
            what="packages are missing and only root can install them",
            found=f"no {', '.join(missing)}",
            hint=f"run: sudo apt-get install {' '.join(missing)}",
        )


def _install(step: Step, packages: list[str]) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]  # seconds; unattended upgrades hold it
    step.run([*apt, "update"], env=quiet)
    step.run([*apt, "install", "-y", "--no-install-recommends", *packages], env=quiet)
