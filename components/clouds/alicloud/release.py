"""Deletion protection: on until Pulumi itself takes the instance away.

ECS refuses to release a protected instance (InvalidOperation.DeletionProtection), and
pulumi-alicloud does not lift the protection first: a replacement would stop half-way, with the node
already out of the Swarm. A hook of the program lifts it in the moment before.
"""

from __future__ import annotations

from typing import Final, Protocol

from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding

from components.clouds.alicloud.api import ApiError

HOOK: Final = "fairway-lift-protection"


class Asks(Protocol):
    """The one thing that is asked of the API here."""

    def call(self, product: str, action: str, **params: object) -> object: ...


class Release:
    """Lifts the protection of instances that are about to go.

    `hooks` are for an instance's options, None while nothing is protected: a hook makes `pulumi
    destroy` ask for the program.
    """

    def __init__(self, api: Asks, *, protect: bool) -> None:
        self._api = api
        # Registered in any case: instances of the last `up` may still name it.
        hook = ResourceHook(HOOK, self.lift)
        self.hooks = ResourceHookBinding(before_delete=[hook]) if protect else None

    def lift(self, args: ResourceHookArgs) -> None:
        """Before an instance is deleted: let it be deleted."""
        if not (args.old_inputs or {}).get("deletionProtection"):
            return
        try:
            self._api.call(
                "ecs",
                "ModifyInstanceAttribute",
                InstanceId=args.id,
                DeletionProtection="false",
            )
        except ApiError as error:
            if not error.code.startswith("InvalidInstanceId"):  # else it is gone already
                raise
