"""alicloud:ecs/ecsKeyPair."""

from __future__ import annotations

from hashlib import md5
from typing import ClassVar, Final

from provider.wire import Values
from tests.support.standin.account import Item, ecs_tags, tags_of
from tests.support.standin.alicloud_items import new_id, now
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

# The kinds that ImportKeyPair's page lists; ed25519 is not among them.
_KEYS: Final = ("ssh-rsa", "ssh-dss", "ecdsa-")


class KeyPair(AlicloudKind):
    """A key that the cloud would put into machines; the lab's have it from their user data."""

    token = "alicloud:ecs/ecsKeyPair:EcsKeyPair"
    held_as = "key_pair"
    recorded_only = True
    life = Life(
        create="ecs:ImportKeyPair ecs:TagResources",
        read="ecs:DescribeKeyPairs ecs:ListTagResources",
        update="ecs:TagResources ecs:UntagResources",
        delete="ecs:DeleteKeyPairs ecs:DescribeKeyPairs",
    )
    args = Table(
        replace="key_pair_name key_name_prefix key_file",
        update="public_key resource_group_id tags",
        computed="key_pair_name resource_group_id",
        shapes={"map": "tags"},
        conflicts={"key_name_prefix": "key_pair_name"},
    ).args()
    lengths: ClassVar = {"keyPairName": (2, 128), "keyNamePrefix": (0, 100)}

    def outputs(self) -> tuple[str, ...]:
        return ("createTime", "fingerPrint")

    def make(self, inputs: Values) -> str:
        name = str(inputs.get("keyPairName") or new_id(inputs.get("keyNamePrefix", "key")))
        if not inputs.get("publicKey", "ssh-rsa").startswith(_KEYS):
            raise Refused("InvalidPublicKey", f"The key is of none of {', '.join(_KEYS)}.")
        with self.cloud.account.open() as kinds:
            if name in kinds["key_pair"]:
                raise Refused("KeyPair.AlreadyExist", f"The key pair {name} already exists.")
            print_ = md5(inputs.get("publicKey", "").encode(), usedforsecurity=False).hexdigest()
            kinds["key_pair"][name] = {
                "KeyPairName": name,
                "KeyPairFingerPrint": print_,
                "CreationTime": now(),
                "Tags": ecs_tags(inputs.get("tags", {})),
            }
        return name

    def show(self, item: Item, outputs: Values) -> Values:
        tags = {"tags": tags_of(item)} if "tags" in outputs or tags_of(item) else {}
        return {
            "keyPairName": item["KeyPairName"],
            "fingerPrint": item["KeyPairFingerPrint"],
            "createTime": item["CreationTime"],
            **tags,
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.account.open() as kinds:
            kinds["key_pair"][id]["Tags"] = ecs_tags(new.get("tags", {}))

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            del kinds["key_pair"][id]
