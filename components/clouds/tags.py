"""What everything carries in a cloud: whose it is, and where it belongs."""

from __future__ import annotations

from typing import Final

from components.environment import CloudSettings, Environment

ENVIRONMENT: Final = "fairway:environment"
OWNER: Final = "fairway:owner"
SLOT: Final = "fairway:slot"
ROLE: Final = "fairway:role"


def tags(environment: Environment, name: str, **own: str) -> dict[str, str]:
    """The tags of one thing called `name`; `own` are more of ours, by their last word.

    `tags(environment, "a1", slot="a1")` gives `Name: prod-a1`, `fairway:slot: a1` and the rest.
    """
    settings = environment.settings
    users = settings.tags if isinstance(settings, CloudSettings) else {}
    owner = settings.owner if isinstance(settings, CloudSettings) else ""
    return {
        **users,
        "Name": f"{environment.name}-{name}",
        ENVIRONMENT: environment.name,
        OWNER: owner,
        **{f"fairway:{key}": value for key, value in own.items()},
    }
