"""The measuring program: compiled once, put on hosts and into containers, run over SSH."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import SetupError

SOURCE = Path(__file__).with_name("wire.c")
ON_HOST = "/run/fairway-wire"
PORT = 5201
FLAGS = ("-O2", "-static", "-pthread", "-Wall", "-Wextra", "-Werror")


def compiled() -> bytes:
    """The static binary of wire.c.

    Raises:
        SetupError: There is no C compiler, or it does not like the source.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SetupError(
            where="make bench",
            what="it compiles its measuring program",
            found="no C compiler",
            hint="install one (Debian: apt-get install gcc libc6-dev), then try again",
        )
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "wire"
        words = [compiler, *FLAGS, "-o", str(target), str(SOURCE)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SetupError(
                where=str(SOURCE), what="it does not compile", found=done.stderr, hint="mend it"
            )
        return target.read_bytes()


@dataclass(frozen=True, slots=True)
class Image:
    """A container image for `docker load`; services start it by id, for no registry has it."""

    id: str
    content: bytes


def image(binary: bytes) -> Image:
    """An image that holds nothing but the binary, as /wire."""
    return packed({"wire": binary}, "/wire")


def packed(files: dict[str, bytes], *entrypoint: str) -> Image:
    """An image of these executable files that runs the words of `entrypoint`."""
    layer = _tar(files)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint)},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
        }
    )
    name = f"{_digest(config)}.json"
    manifest = _json([{"Config": name, "RepoTags": None, "Layers": ["layer.tar"]}])
    whole = _tar({name: config, "layer.tar": layer, "manifest.json": manifest})
    return Image(f"sha256:{_digest(config)}", whole)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()
