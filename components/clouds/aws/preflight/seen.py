"""The account as it is now: every question is sent at once, each answer is read when needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from components.clouds.aws.api import THREADS, Api, Row, filters, tag_of
from components.clouds.aws.border import ApiError
from components.clouds.aws.preflight.case import Case, Machine
from components.clouds.rules import BASTION
from components.clouds.tags import ENVIRONMENT, ROLE, SLOT

T = TypeVar("T")
_ALIVE: Final = ("pending", "running", "stopping", "stopped", "shutting-down")
_PEERED: Final = ("active", "pending-acceptance", "provisioning")
_NO_IMAGE: Final = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed")


class Look(Generic[T]):
    """A question that is on its way. Calling it gives the answer or raises its CloudError."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def __call__(self) -> T:
        return self._future.result()


class Seen:
    """What the API says about a case; use it as a context, for it has threads."""

    def __init__(self, case: Case, api: Api) -> None:
        self._case, self._api = case, api
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="preflight")
        self.regions = self._ask(
            "DescribeRegions", "Regions", RegionNames=[api.region], AllRegions=True
        )
        self.zones = self._ask(
            "DescribeAvailabilityZones", "AvailabilityZones", AllAvailabilityZones=True
        )
        types = filters({"instance-type": {machine.type for machine in case.machines}})
        self.types = self._ask("DescribeInstanceTypes", "InstanceTypes", Filters=types)
        self.offerings = self._ask(
            "DescribeInstanceTypeOfferings",
            "InstanceTypeOfferings",
            LocationType="availability-zone",
            Filters=types,
        )
        self.images: Mapping[str, Look[Row | None]] = {
            image: self.start(partial(self._image, image))
            for image in sorted({machine.image for machine in case.machines})
        }
        self.vpcs = self._ask("DescribeVpcs", "Vpcs")
        self.peerings = self._ask(
            "DescribeVpcPeeringConnections",
            "VpcPeeringConnections",
            Filters=filters({"status-code": _PEERED}),
        )
        self.tables = self._ask("DescribeRouteTables", "RouteTables", Filters=self._our_tables())
        self.subnets = self._ask("DescribeSubnets", "Subnets")
        self.interfaces = self._ask("DescribeNetworkInterfaces", "NetworkInterfaces")
        self.instances = self.start(self._instances)
        self.addresses = self._ask("DescribeAddresses", "Addresses")
        self.gateways = self._ask(
            "DescribeNatGateways",
            "NatGateways",
            Filter=filters({"state": ("pending", "available")}),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def start(self, question: Callable[[], T]) -> Look[T]:
        """Send one more question."""
        return Look(self._pool.submit(question))

    def is_ours(self, row: Row) -> bool:
        """Whether something carries this environment's tag."""
        return tag_of(row, ENVIRONMENT) == self._case.environment.name

    @cached_property
    def vpc(self) -> Row | None:
        """The VPC that is built in: ours once it is there, or the existing one that was named."""
        existing = self._case.settings.existing
        if existing is not None:
            return next((vpc for vpc in self.vpcs() if vpc["VpcId"] == existing.vpc), None)
        return next(filter(self.is_ours, self.vpcs()), None)

    @cached_property
    def our_instances(self) -> list[Row]:
        return [row for row in self.instances() if self.is_ours(row)]

    @cached_property
    def our_interfaces(self) -> frozenset[str]:
        """Interfaces with our tag, and those of our instances, which need not carry it."""
        machines = {row["InstanceId"] for row in self.our_instances}
        return frozenset(
            row["NetworkInterfaceId"]
            for row in self.interfaces()
            if row.get("Attachment", {}).get("InstanceId") in machines or self.is_ours(row)
        )

    @cached_property
    def missing(self) -> tuple[Machine, ...]:
        """The machines of which none is there, running or not: the next `up` starts them."""
        standing = {tag_of(row, SLOT) for row in self.our_instances}
        if any(tag_of(row, ROLE) == BASTION for row in self.our_instances):
            standing.add(BASTION)
        return tuple(each for each in self._case.machines if each.name not in standing)

    def subnet_of(self, zone: str) -> str:
        """The id of the subnet of the zone's hosts, "" while there is none."""
        existing, vpc = self._case.settings.existing, self.vpc
        if existing is not None:
            return existing.subnets.get(zone, "")
        cidr = str(self._case.zones[zone].subnet)
        return next(
            (
                str(row["SubnetId"])
                for row in self.subnets()
                if vpc and row["VpcId"] == vpc["VpcId"] and row["CidrBlock"] == cidr
            ),
            "",
        )

    def _ask(self, action: str, key: str, /, **words: object) -> Look[list[Row]]:
        return self.start(partial(self._api.all, f"ec2:{action}", key, **words))

    def _our_tables(self) -> list[Row]:
        existing = self._case.settings.existing
        if existing is not None:
            return filters({"vpc-id": existing.vpc})
        return filters({f"tag:{ENVIRONMENT}": self._case.environment.name})

    def _instances(self) -> list[Row]:
        alive = filters({"instance-state-name": _ALIVE})
        reservations = self._api.all("ec2:DescribeInstances", "Reservations", Filters=alive)
        return [row for reservation in reservations for row in reservation["Instances"]]

    def _image(self, image: str) -> Row | None:
        """One image by its id: by a filter AWS would search all public ones."""
        try:
            answer = self._api.ask("ec2:DescribeImages", ImageIds=[image], IncludeDeprecated=True)
        except ApiError as error:
            if error.code in _NO_IMAGE:
                return None
            raise
        rows: list[Row] = answer["Images"]
        return rows[0] if rows else None
