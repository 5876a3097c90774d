"""A stack's configuration, read and checked once, at the edge.

`read_environment` takes the plain values of the `fairway:` keys. `from_pulumi` makes such values
of what the engine hands to a program; `read_stack_file` takes them from a stack file, so that a
plan or a picture needs no engine. All of them report every fault they can find at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import yaml

from components.config import cloud_reader, reader, values
from components.config.backup_keys import read_backup
from components.config.cursor import Cursor
from components.config.faults import Faults
from components.config.keys import NETWORK, TOP
from components.config.model import (
    CLOUDS,
    AlicloudSettings,
    AwsSettings,
    Backup,
    Cloud,
    CloudSettings,
    Environment,
    Keys,
    LabSettings,
    Network,
    Pool,
    Role,
    Settings,
    Zone,
)
from components.config.public_key import public_key
from components.errors import ConfigError
from components.plan.check import rule_faults

__all__ = [
    "AlicloudSettings",
    "AwsSettings",
    "Backup",
    "Cloud",
    "CloudSettings",
    "Environment",
    "Keys",
    "LabSettings",
    "Network",
    "Pool",
    "Role",
    "Settings",
    "Zone",
    "from_pulumi",
    "read_environment",
    "read_stack_file",
]

T = TypeVar("T")

_PREFIX = "fairway:"


def read_environment(config: Mapping[str, object], *, stack: str, source: str) -> Environment:
    """The environment that `config`, the `fairway:` keys without that prefix, asks for.

    Raises ConfigFaults with the faults of all single values, and with those between values as
    far as the values they compare could be read. `source` names the file in the messages.
    """
    faults = Faults(source)
    name = reader.read_stack_name(stack, faults)
    top = Cursor(config, "fairway", TOP, faults)
    cloud: Cloud = top.take("cloud", values.one_of(CLOUDS, "clouds"), "lab")
    network = _sound(faults, lambda: reader.read_network(top.sub("network", NETWORK), cloud))
    settings = _sound(faults, lambda: cloud_reader.read_settings(top, cloud))
    pools = _sound(faults, lambda: reader.read_pools(top, cloud))
    survivable = _read_survivable(top, network)
    batch = top.take("batch", values.whole(1, 100), 1)
    operators = top.listed("operators", public_key)
    keys = reader.read_keys(top)
    backup = read_backup(top, cloud)
    autolock = top.take("autolock", values.flag, blank=False)
    faults.extend(
        rule_faults(name, network=network, pools=pools, settings=settings, survivable=survivable)
    )
    if len(faults) or network is None or pools is None or settings is None:
        raise faults.error()
    return Environment(
        name=name,
        source=source,
        network=network,
        pools=pools,
        survivable=survivable,
        batch=batch,
        operators=operators,
        keys=keys,
        backup=backup,
        autolock=autolock,
        settings=settings,
    )


def from_pulumi(everything: Mapping[str, str]) -> dict[str, object]:
    """The `fairway:` values among all that the engine gives to a program, each a text or JSON.

    Call it with `pulumi.runtime.get_config_env()`: `pulumi.Config` cannot list its keys, and an
    unknown key must be found.
    """
    return {
        key.removeprefix(_PREFIX): _decoded(value)
        for key, value in everything.items()
        if key.startswith(_PREFIX)
    }


def read_stack_file(path: Path) -> Environment:
    """The environment in a `Pulumi.<stack>.yaml`; ConfigError when the file cannot be read."""
    source = f"{path.parent.name}/{path.name}" if path.parent.name else path.name
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            where=source,
            what="cannot be read",
            found=" ".join(str(error).split()),
            wanted="a stack file in YAML",
            hint="correct the file, or name another stack",
        ) from error
    config = document.get("config", {}) if isinstance(document, dict) else {}
    keys = config.items() if isinstance(config, dict) else ()
    stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    ours = {str(key).removeprefix(_PREFIX): value for key, value in keys if _is_ours(key)}
    return read_environment(ours, stack=stack, source=source)


def _is_ours(key: object) -> bool:
    return isinstance(key, str) and key.startswith(_PREFIX)


def _decoded(value: str) -> object:
    try:
        decoded: object = json.loads(value)
    except json.JSONDecodeError:
        return value
    return decoded


def _sound(faults: Faults, read: Callable[[], T]) -> T | None:
    """What `read` returns, or None when it found a fault."""
    before = len(faults)
    value = read()
    return value if len(faults) == before else None


def _read_survivable(top: Cursor, network: Network | None) -> bool:
    if top.given("survivable"):
        return top.take("survivable", values.flag, blank=False)
    return network is not None and len(network.zones) > 1
