"""AWS's API as Fairway asks it: few actions, short waits, errors in four parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]
from botocore import xform_name  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]

from components.clouds.aws.border import ApiError, border

Row = dict[str, Any]

THREADS: Final = 16  # requests at once: a preflight asks some thirty questions

# Everything that Fairway itself asks, as a policy names it; Api refuses what is not here. What
# `pulumi up` does to build is pulumi-aws's own and not in it.
ACTIONS: Final = (
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRegions",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "kms:DescribeKey",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
    "sts:GetCallerIdentity",
)
# What our own plugin changes where pulumi-aws has no resource for it; EC2 rehearses neither.
CHANGES: Final = ("ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses")
# Asked with DryRun only: nothing is made, the answer says whether it could be.
REHEARSED: Final = (
    "ec2:AllocateAddress",
    "ec2:CreateRoute",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnetCidrReservation",
    "ec2:CreateVpc",
    "ec2:ImportKeyPair",
    "ec2:RunInstances",
)
_CLIENTS: Final = {"servicequotas": "service-quotas"}  # where boto3's name is not the policy's
_PAGE: Final = 500
_SMALL_PAGES: Final = {"ec2:DescribeInstanceTypes": 100, "ec2:DescribeRouteTables": 100}
ATTEMPTS: Final = 2  # of one request; who waits for the answer is a person


class Api:
    """One region. Making it asks nothing; each thread may use it.

    Every request raises ApiError, a CloudError, and nothing of botocore.
    """

    def __init__(self, region: str, *, attempts: int = ATTEMPTS) -> None:
        self.region = region
        self._config = Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=THREADS,
        )
        self._clients: dict[str, Any] = {}
        self._session: Any = None
        self._lock = Lock()

    def ask(self, action: str, /, **words: Any) -> Row:
        """Ask once; `action` is as in ACTIONS, `words` are the request's own."""
        if action not in ACTIONS:
            raise KeyError(action)
        return self._send(action, words)

    def all(self, action: str, key: str, /, **words: Any) -> list[Row]:
        """All rows of a list, over all its pages; `key` is the list's name in the answer."""
        if action not in ACTIONS:
            raise KeyError(action)
        with border(self.region, action):
            client, method = self._client(action), xform_name(action.partition(":")[2])
        with border(self.region, action, _host(client)):
            if not client.can_paginate(method):
                return list(getattr(client, method)(**words)[key])
            size = {"PageSize": _SMALL_PAGES.get(action, _PAGE)}
            pages = client.get_paginator(method).paginate(PaginationConfig=size, **words)
            return [row for page in pages for row in page[key]]

    def change(self, action: str, /, **words: Any) -> Row:
        """Change something; `action` is as in CHANGES."""
        if action not in CHANGES:
            raise KeyError(action)
        return self._send(action, words)

    def rehearse(self, action: str, /, **words: Any) -> None:
        """Ask whether something could be done, and do not do it; ApiError when it could not."""
        if action not in REHEARSED:
            raise KeyError(action)
        try:
            self._send(action, {**words, "DryRun": True})
        except ApiError as error:
            if error.code != "DryRunOperation":
                raise

    def _send(self, action: str, words: Row) -> Row:
        with border(self.region, action):
            client = self._client(action)
        with border(self.region, action, _host(client)):
            answer: Row = getattr(client, xform_name(action.partition(":")[2]))(**words)
            return answer

    def _client(self, action: str) -> Any:
        service = action.partition(":")[0]
        # Clients may be shared by threads; making one may not be done by two.
        with self._lock:
            if self._session is None:
                self._session = boto3.session.Session(region_name=self.region)
            if service not in self._clients:
                name = _CLIENTS.get(service, service)
                self._clients[service] = self._session.client(name, config=self._config)
            return self._clients[service]


def _host(client: Any) -> str:
    return urlsplit(client.meta.endpoint_url).hostname or ""


def filters(wanted: Mapping[str, str | Iterable[str]]) -> list[Row]:
    """EC2's filters, `{"vpc-id": "vpc-1"}`; a row fits one value of each."""
    return [
        {"Name": name, "Values": [values] if isinstance(values, str) else sorted(values)}
        for name, values in wanted.items()
    ]


def tag_of(row: Row, key: str) -> str:
    """A tag's value, "" when the thing does not carry it."""
    carried = row.get("Tags") or row.get("TagSet") or ()  # an interface's are called TagSet
    return next((str(tag["Value"]) for tag in carried if tag["Key"] == key), "")
