"""This computer playing one that is no Linux: what exists on Linux only is not there.

`python -m tests.support.other_computer MODULE ...` imports the modules one after the other, and
for `provider.offered:TOKEN` the class of that resource type.
"""

from __future__ import annotations

import importlib
import importlib.abc
import os
import select
import sys
import sysconfig
from types import ModuleType
from typing import Final

# The lab with all that stands on it, and the packages that speak to Linux's kernel.
MISSING: Final = frozenset(
    {
        "lab",
        "pyroute2",
        "components.clouds.lab",
        "components.verify.lab_view",
        "provider.lab",
        "provider.machine",
        "provider.route",
        "provider.rules",
        "scripts.images",
    }
)
LINUX_ONLY: Final = {
    os: ("pidfd_open", "setns", "unshare", "memfd_create", "eventfd", "sched_getaffinity"),
    select: ("epoll",),
}


class Missing(importlib.abc.MetaPathFinder):
    """Refuses what is missing, and says that it was asked for it."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname in MISSING or fullname.partition(".")[0] in MISSING:
            raise ImportError(f"{fullname} exists on Linux only")


def become() -> None:
    """Take from this process what only Linux has."""
    sysconfig.get_config_vars()  # read while this is still the computer it was built for
    # Only a Mac has this one, and urllib wants it there.
    proxies = ModuleType("_scproxy")
    vars(proxies).update(_get_proxy_settings=dict, _get_proxies=dict)
    sys.modules["_scproxy"] = proxies
    sys.platform = "darwin"
    for module, names in LINUX_ONLY.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    sys.meta_path.insert(0, Missing())


def load(wanted: str) -> None:
    module, _, token = wanted.partition(":")
    loaded = importlib.import_module(module)
    if token:
        loaded.resource_types()[token]


if __name__ == "__main__":
    become()
    for each in sys.argv[1:]:
        load(each)
    print("loaded", len(sys.argv) - 1)
