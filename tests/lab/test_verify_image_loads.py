"""The probe image on three generations of Docker: the same id, and two zones are proven by it."""

from __future__ import annotations

import pytest

from components.remote.command import Command
from components.verify.image import build
from tests.support.verify_town import town


@pytest.mark.parametrize(
    ("release", "version"), [("bookworm", "20.10"), ("trixie", "26."), ("sid", "28.")]
)
def test_every_docker_gives_the_image_its_planned_id_and_routes_between_zones(
    release: str, version: str
) -> None:
    image = build(b"\x7fELF", "x86_64")
    with town("t5i", "a1", "b1", image=release) as one:
        assert one.run("a1", "docker version -f '{{.Server.Version}}'").startswith(version)
        session = one.sessions.to(one.endpoint("a1"))
        session.run(Command.of("docker", "load"), input=image.content)
        found = one.run("a1", f"docker image inspect -f '{{{{.Id}}}}' {image.tag}")
        report = one.verify()
    assert found == image.id
    assert report.ok, report.text()
