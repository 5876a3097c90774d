"""aws:ec2/keyPair."""

from __future__ import annotations

from provider.wire import Values
from tests.support.standin.aws_api import Row
from tests.support.standin.aws_kind import AwsKind, arn
from tests.support.standin.table import Table


class KeyPair(AwsKind):
    """A public key that instances are started with; its id is its name."""

    token = "aws:ec2/keyPair:KeyPair"
    tagged = "key-pair"
    named = "keyName"
    more = "arn fingerprint keyPairId keyType"
    recorded_only = True
    args = Table(
        required="public_key",
        replace="key_name key_name_prefix public_key region",
        update="tags",
        computed="key_name key_name_prefix region",
        shapes={"map": "tags"},
        conflicts={"key_name": "key_name_prefix"},
    ).args()

    def make(self, name: str, inputs: Values) -> str:
        words = {"KeyName": inputs["keyName"], "PublicKeyMaterial": inputs["publicKey"].encode()}
        self.api.ask("ec2:ImportKeyPair", **words, **self.tag_words(inputs))
        return str(inputs["keyName"])

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        return self.api.one("ec2:DescribeKeyPairs", "KeyPairs", KeyNames=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        return {
            "arn": arn("ec2", self.api.region, f"key-pair/{row['KeyName']}"),
            "fingerprint": row["KeyFingerprint"],
            "keyName": row["KeyName"],
            "keyPairId": row["KeyPairId"],
            "keyType": row.get("KeyType", ""),
            "region": self.api.region,
        }

    def retag(self, id: str, old: dict[str, str], new: dict[str, str]) -> None:  # type: ignore[override] # noqa: A002 - the engine's word
        row = self.look(id, {})
        if row is not None:
            super().retag(row["KeyPairId"], old, new)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self.api.ask("ec2:DeleteKeyPair", KeyName=id)
