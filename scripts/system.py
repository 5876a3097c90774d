"""Packages of the computer's own distribution: found by what they bring, installed by apt."""

from __future__ import annotations

import importlib.util
import os
import shutil
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
ADMIN_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # `su` without `-` leaves them out of PATH


def install_packages(*, lab: bool) -> None:
    """Install what is missing; where that is impossible, say what to install by hand."""
    if lab and not Path("/proc/self/ns/net").exists():
        raise SetupError(
            where="the lab",
            what="it boots machines with Linux namespaces",
            found=os.uname().sysname,
            wanted="Linux",
            hint="use a Linux computer or virtual machine, or a stack on a cloud (STACK=...)",
        )
    missing = missing_packages(lab=lab)
    if lab and os.geteuid() != 0:
        raise SetupError(
            where="the lab",
            what="it makes network namespaces, mounts and packet rules",
            found=f"user id {os.geteuid()}",
            wanted="root",
            hint="run make as root (sudo make up)",
        )
    if not missing:
        already("packages")
        return
    _refuse_where_apt_cannot(missing)
    with Step("packages") as step:
        _install(step, missing)
        step.done = f"installed {' '.join(missing)}"


def missing_packages(*, lab: bool) -> list[str]:
    """The packages to install, in a stable order."""
    wanted = {**ALWAYS, **(FOR_LAB if lab else {})}
    return [package for token, package in wanted.items() if not _present(token)]


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
