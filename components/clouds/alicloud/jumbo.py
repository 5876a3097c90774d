"""Which instance types carry frames of 8,500 bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MTU: Final = 8500
PLAIN_MTU: Final = 1500

# ECS, "Jumbo Frames": these families of the eighth generation, and the ninth and later ones.
# RunInstances.EnableJumboFrame: "only specific instance types of the eighth generation or later";
# it sets the size on the interfaces in the instance too. A family that is not here counts as
# plain: 1500 works everywhere, a wrong 8500 loses packets.
_FAMILIES: Final = frozenset(
    f"{size}{kind}"
    for kind in ("8i", "8a", "8ae", "8y", "8ine", "9i", "9a", "9ae")
    for size in ("g", "c", "r")
) - {"r8ine"}


def supports(instance_type: str) -> bool:
    """Tell whether a type such as "ecs.g8i.large" is of a family with jumbo frames."""
    _, _, rest = instance_type.partition("ecs.")
    return rest.partition(".")[0] in _FAMILIES


def mtu_of(instance_types: Iterable[str]) -> int:
    """The largest packet between hosts of these types.

    One plain type makes all plain: hosts that forward for containers and disagree on the size
    depend on path MTU discovery, which UDP and many firewalls break.
    """
    return MTU if all(supports(each) for each in instance_types) else PLAIN_MTU
