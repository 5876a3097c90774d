"""Install what is missing, one line a step: `python3 -m scripts.setup [STACK] [--tests]`.

Needs nothing but Python itself, for it runs before anything is installed.
"""

from __future__ import annotations

import sys

OLDEST_PYTHON = (3, 11)


def main(arguments: list[str]) -> int:
    """Run the steps that the stack (default `lab`) needs; 1 and a four-part message on failure."""
    from scripts.steps import prepare  # noqa: PLC0415  (an old Python must get past this file)

    return prepare(arguments)


if __name__ == "__main__":
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            f"{sys.executable}: Python is too old: found {sys.version.split()[0]}, wanted 3.11 or "
            "later; install it (Debian 12, Ubuntu 24.04 and later have it) and run "
            "`make PYTHON=/path/to/python3.11 ...`"
        )
    sys.exit(main(sys.argv[1:]))
