"""aws:ec2/subnetCidrReservation: a part of a subnet that EC2 gives to nobody of itself."""

from __future__ import annotations

from provider.wire import Values
from tests.support.standin.aws_api import Row
from tests.support.standin.aws_asked import cidr_faults
from tests.support.standin.aws_kind import AwsKind, Rules, given
from tests.support.standin.table import Table

_SMALLEST = 32  # of a reservation; a subnet's own widths do not bind it


class SubnetCidrReservation(AwsKind):
    """The lab's vSwitches give nothing of themselves, so there it is not built."""

    token = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"
    more = "ownerId"
    recorded_only = True
    args = Table(
        required="cidr_block reservation_type subnet_id",
        replace="cidr_block description region reservation_type subnet_id",
        computed="region",
        one_of={"reservation_type": "explicit prefix"},
    ).args()

    def rules(self, inputs: Values) -> Rules:
        return cidr_faults(inputs, "cidrBlock", _SMALLEST)

    def make(self, name: str, inputs: Values) -> str:
        words = given(
            inputs,
            Cidr="cidrBlock",
            ReservationType="reservationType",
            SubnetId="subnetId",
            Description="description",
        )
        with self.cloud.lock:
            row = self.api.ask("ec2:CreateSubnetCidrReservation", **words)
        return str(row["SubnetCidrReservation"]["SubnetCidrReservationId"])

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        asked = "ec2:GetSubnetCidrReservations", "SubnetIpv4CidrReservations"
        rows = self.api.rows(*asked, SubnetId=outputs["subnetId"])
        return next((row for row in rows if row["SubnetCidrReservationId"] == id), None)

    def show(self, row: Row, outputs: Values) -> Values:
        return {
            "cidrBlock": row["Cidr"],
            "ownerId": row["OwnerId"],
            "region": self.api.region,
            "reservationType": row["ReservationType"],
            "subnetId": row["SubnetId"],
            # Moto keeps no description.
            **({"description": outputs["description"]} if "description" in outputs else {}),
        }

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - the engine's word
        self.api.ask("ec2:DeleteSubnetCidrReservation", SubnetCidrReservationId=id)
