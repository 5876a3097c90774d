"""The project's own files, as the guards read them."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("components", "provider", "lab", "scripts", "bench", "__main__.py")
TEXT = (*CODE, "tests", "stacks", "docs", ".ci", "Makefile", "Pulumi.yaml", "activate", "fairway")
PROSE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "pyproject.toml")


def modules(*tops: str) -> list[Path]:
    """Every Python module under these top-level names, in order."""
    return [path for path in files(*tops) if path.suffix == ".py"]


def files(*tops: str) -> list[Path]:
    """Every text file under these top-level names, without what Python leaves behind."""
    roots = [ROOT / top for top in tops]
    found = [path for root in roots for path in (sorted(root.rglob("*")) or [root])]
    return [path for path in found if path.is_file() and _is_ours(path)]


def _is_ours(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix not in {".pyc", ".png", ".gz"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), name_of(path))


def imported(path: Path) -> set[str]:
    """Full names of what a module imports, at its top or later."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""}
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return found


def imports_any(path: Path, *packages: str) -> set[str]:
    """Those imports of a module that lie in one of the packages."""
    return {
        name
        for name in imported(path)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }
