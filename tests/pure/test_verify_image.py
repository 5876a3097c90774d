from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

from components.verify import image

BUSYBOX = b"\x7fELF not really"


def unpack(content: bytes) -> dict[str, bytes]:
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            handle = archive.extractfile(member)
            files[member.name] = handle.read() if handle else b""
    return files


def test_the_same_binary_always_makes_the_same_bytes() -> None:
    assert image.build(BUSYBOX, "x86_64") == image.build(BUSYBOX, "x86_64")


def test_another_binary_or_processor_makes_another_image() -> None:
    ids = {image.build(BUSYBOX, "x86_64").id, image.build(BUSYBOX + b"2", "x86_64").id}
    ids.add(image.build(BUSYBOX, "aarch64").id)
    assert len(ids) == 3


def test_the_tag_is_known_before_the_binary_is_fetched() -> None:
    digest = hashlib.sha256(BUSYBOX).hexdigest()
    assert image.build(BUSYBOX, "x86_64").tag == image.tag(digest)


def test_the_id_is_the_digest_of_the_config_and_the_layer_is_named_in_it() -> None:
    made = image.build(BUSYBOX, "aarch64")
    files = unpack(gzip.decompress(made.content))
    manifest = json.loads(files["manifest.json"])[0]
    config = files[manifest["Config"]]
    assert made.id == "sha256:" + hashlib.sha256(config).hexdigest()
    assert manifest["RepoTags"] == [made.tag]
    layer = files[manifest["Layers"][0]]
    parsed = json.loads(config)
    assert parsed["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    assert parsed["architecture"] == "arm64"


def test_the_layer_holds_the_binary_and_runs_it_as_the_shell_of_every_script() -> None:
    files = unpack(gzip.decompress(image.build(BUSYBOX, "x86_64").content))
    layer = unpack(files["layer.tar"])
    assert layer["bin/busybox"] == BUSYBOX
    scripts = [text for name, text in layer.items() if name in {"probe/ask", "www/cgi-bin/seen"}]
    assert [text.startswith(b"#!/bin/busybox sh\n") for text in scripts] == [True, True]


def test_everything_in_the_layer_belongs_to_root_at_the_epoch_and_is_executable() -> None:
    files = unpack(gzip.decompress(image.build(BUSYBOX, "x86_64").content))
    with tarfile.open(fileobj=io.BytesIO(files["layer.tar"])) as archive:
        facts = {(member.uid, member.gid, member.mtime, member.mode) for member in archive}
        names = archive.getnames()
    assert facts == {(0, 0, 0, 0o755)}
    assert names.index("www") < names.index("www/cgi-bin") < names.index("www/cgi-bin/seen")
