"""The probe image: one static busybox and three short scripts, made in memory, no registry.

Every byte of the tar is decided here, so the image has the same id on every host and on
every run, and a host that has it is not sent it again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from components.verify.scripts import ANSWER, ASK, SERVE

REPOSITORY = "fairway-probe"
EPOCH = "1970-01-01T00:00:00Z"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "riscv64": "riscv64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A probe image ready for `docker load`. `content` is a gzipped tar."""

    tag: str
    id: str
    content: bytes


def tag(busybox_sha256: str) -> str:
    """Name the image that a busybox of this SHA-256 (hex) makes, without having its bytes."""
    recipe = hashlib.sha256(f"{SERVE}\0{ASK}\0{ANSWER}".encode()).hexdigest()
    return f"{REPOSITORY}:{recipe[:8]}-{busybox_sha256[:16]}"


def build(busybox: bytes, machine: str) -> Image:
    """Make the image from a static busybox for `machine` (as `uname -m` says)."""
    name = tag(hashlib.sha256(busybox).hexdigest())
    layer = _tar(
        {
            "bin/busybox": busybox,
            "probe/ask": ASK.encode(),
            "probe/serve": SERVE.encode(),
            "www/cgi-bin/seen": ANSWER.encode(),
        }
    )
    config = _config(ARCHITECTURES.get(machine, machine), hashlib.sha256(layer).hexdigest())
    digest = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{digest}.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    whole = _tar({f"{digest}.json": config, "layer.tar": layer, "manifest.json": _json(manifest)})
    return Image(tag=name, id=f"sha256:{digest}", content=gzip.compress(whole, 6, mtime=0))


def _config(architecture: str, layer: str) -> bytes:
    return _json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": EPOCH,
            "config": {
                "Entrypoint": ["/bin/busybox", "sh", "/probe/serve"],
                "Env": ["PATH=/bin"],
                # Nothing is lost by a hard stop, and the shell as pid 1 would ignore SIGTERM.
                "StopSignal": "SIGKILL",
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
            "history": [{"created": EPOCH, "created_by": "fairway verify"}],
        }
    )


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _tar(files: Mapping[str, bytes]) -> bytes:
    """Pack executable files and their folders in a fixed order with fixed owners and times."""
    folders = {name[:i] for name in files for i, letter in enumerate(name) if letter == "/"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in sorted(folders):
            archive.addfile(_member(folder, tarfile.DIRTYPE, 0))
        for name, content in sorted(files.items()):
            archive.addfile(_member(name, tarfile.REGTYPE, len(content)), io.BytesIO(content))
    return buffer.getvalue()


def _member(name: str, kind: bytes, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.mode = kind, size, 0o755
    return member
