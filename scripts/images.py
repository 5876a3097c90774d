"""Tell which machine images are needed, a line each: `trixie ready` or `sid missing`.

`.venv/bin/python -m scripts.images STACK`, or `--every` for all that the lab can boot.
"""

from __future__ import annotations

import sys

import yaml

from lab.image import IMAGES
from lab.recipe import RECIPES
from scripts.workspace import stack_file


def main(arguments: list[str]) -> int:
    releases = list(RECIPES) if arguments == ["--every"] else images_of(arguments[0])
    for release in releases:
        recipe = RECIPES.get(release)
        ready = recipe and (IMAGES / f"{release}.{recipe.digest()}").is_dir()
        print(release, "ready" if ready else "missing")
    return 0


def images_of(stack: str) -> list[str]:
    """The images named by a stack's file, the lab's first; `trixie` where it names none."""
    config = yaml.safe_load(stack_file(stack).read_text())["config"]
    default = (config.get("fairway:lab") or {}).get("image") or "trixie"
    named = [pool.get("image") for pool in config.get("fairway:pools") or []]
    return list(dict.fromkeys([default, *(name for name in named if name)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
