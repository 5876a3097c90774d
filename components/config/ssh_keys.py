"""The keys of a stack file that say which SSH keys are in use."""

from __future__ import annotations

from components.config.schema import Key, Section

KEYS = Section(
    "fairway:keys",
    (
        Key(
            name="generation",
            kind="whole number, 1 to 10000",
            default=1,
            example="1",
            meaning="The keys that hosts get and Fairway logs in with. Another number makes new "
            "hosts.",
        ),
        Key(
            name="accept",
            kind="list of whole numbers",
            default=(),
            example="[2]",
            meaning="Other generations that are accepted, while hosts of two generations stand.",
        ),
    ),
)
