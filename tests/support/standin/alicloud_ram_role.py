"""alicloud:ecs/ramRoleAttachment: the role whose passing keys an instance may ask for."""

from __future__ import annotations

from typing import Final

from provider.wire import Values
from tests.support.standin.account import Item
from tests.support.standin.alicloud_items import needs
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

FIELD: Final = "RamRoleName"


class RamRoleAttachment(AlicloudKind):
    """A role at work; it is no item of its own, and goes with its instance."""

    token = "alicloud:ecs/ramRoleAttachment:RamRoleAttachment"
    held_as = "instance"
    recorded_only = True
    life = Life(
        create="ecs:AttachInstanceRamRole ram:PassRole",
        read="ecs:DescribeInstanceRamRole",
        delete="ecs:DetachInstanceRamRole ecs:DescribeInstanceRamRole",
    )
    args = Table(
        required="instance_id ram_role_name", replace="instance_id ram_role_name policy"
    ).args()

    def make(self, inputs: Values) -> str:
        instance, role = inputs["instanceId"], inputs["ramRoleName"]
        with self.cloud.account.open() as kinds:
            held = needs(kinds, "instance", instance, "InvalidInstanceId.NotFound")
            if held.get(FIELD):
                # Its page says that a second one is an error, and gives that no code.
                raise Refused("RamRole.AlreadyAttached", f"{instance} has {held[FIELD]}.")
            held[FIELD] = role
        return f"{instance}:{role}"

    def item(self, id: str) -> Item:  # noqa: A002 - the engine's word
        return {}

    def show(self, item: Item, outputs: Values) -> Values:
        return {}

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - as above
        self._record(outputs, "read")
        return {} if self._attached(id) else None

    def delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._record(outputs, "delete")
        if self._attached(id):
            self.take(id, outputs)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            del kinds["instance"][id.partition(":")[0]][FIELD]

    def _attached(self, id: str) -> bool:  # noqa: A002 - as above
        instance, _, role = id.partition(":")
        held = self.cloud.account.look()["instance"].get(instance)
        return held is not None and held.get(FIELD) == role
