"""`fairway image`: the newest image of a stack's cloud, written into the stack's file."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Final

from components.errors import ConfigError, SetupError
from scripts.cli import stack_text
from scripts.cli.stack_text import StackText
from scripts.workspace import stack_file

NEWER: Final = 4  # the exit status of a dry run that found a newer image
_CLOUDS: Final = {"aws": "components.clouds.aws", "alicloud": "components.clouds.alicloud"}


def update(stack: str, *, write: bool) -> tuple[int, str]:
    """Find the newest image and write it in place of the old one; the exit status and a text.

    The stack's file need not be sound: an image that is missing or wrong is what this mends.

    Raises:
        FairwayError: The file, the cloud or the lab's stack has no image to look up.
    """
    file = stack_text.read(stack_file(stack))
    cloud = _cloud(file)
    section = f"fairway:{cloud}"
    region, kind = (_needed(file, section, key) for key in ("region", "type"))
    old, new = file.value(section, "image"), _newest(cloud, region, kind, stack)
    told = [f"{file.name}: {section}.image, for {kind} in {region}"]
    told += [f"  {'newest':8}{new}"] if old == new else [f"  {'old':8}{old or 'none'}"]
    if old != new:
        told.append(f"  {'new':8}{new}{', written' if write else ', not written'}")
    told += [f"  left alone: {each}" for each in _others(file, section)]
    if old != new and write:
        stack_text.write(file, file.changed((section, "image"), new))
        told.append(f"hosts are replaced for it at the next `up`; see: make preview STACK={stack}")
    return NEWER if old != new and not write else 0, "\n".join(told)


def _cloud(file: StackText) -> str:
    cloud = file.value("fairway:cloud") or "lab"
    if cloud not in _CLOUDS:
        raise ConfigError(
            where=f"{file.name}: fairway:cloud",
            what="only a cloud has images to look up",
            found=str(cloud),
            wanted=" or ".join(_CLOUDS),
            hint="on the lab, write a Debian release by hand",
        )
    return str(cloud)


def _needed(file: StackText, section: str, key: str) -> str:
    given = file.value(section, key)
    if not isinstance(given, str) or not given:
        raise ConfigError(
            where=f"{file.name}: {section}.{key}",
            what="is needed to look for an image",
            found=repr(given) if given is not None else "nothing",
            wanted="a text",
            hint="see docs/configuration.md",
        )
    return given


def _newest(cloud: str, region: str, kind: str, stack: str) -> str:
    try:
        api, images = (import_module(f"{_CLOUDS[cloud]}.{name}") for name in ("api", "images"))
    except ImportError as error:
        raise SetupError(
            where=f"stack {stack}",
            what="the cloud's SDK is not installed",
            found=str(error),
            hint=f"run: make setup STACK={stack}",
        ) from error
    return str(images.newest(api.Api(region), kind))


def _others(file: StackText, section: str) -> Iterator[str]:
    """Images that are somebody's own choice, with their places."""
    bastion = file.value(section, "bastion")
    if isinstance(bastion, dict) and bastion.get("image"):
        yield f"{section}.bastion.image {bastion['image']}"
    pools = file.value("fairway:pools")
    for pool in pools if isinstance(pools, list) else ():
        if isinstance(pool, dict) and pool.get("image"):
            yield f"fairway:pools.{pool.get('name')}.image {pool['image']}"
