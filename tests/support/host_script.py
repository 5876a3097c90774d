"""A Python script that hosts get, as a module."""

from __future__ import annotations

from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

COMPONENTS = Path(__file__).parents[2] / "components"


@cache
def load(path: str) -> Any:
    """Load the script at this path below `components` once; nothing of it runs by that."""
    name = path.rpartition("/")[2].replace("-", "_")
    loader = SourceFileLoader(name, str(COMPONENTS / path))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
