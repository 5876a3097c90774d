"""AWS's API as moto answers it; every operation is logged as a policy names it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

import boto3  # type: ignore[import-untyped]
from botocore import xform_name  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from tests.support.standin.kind import Refused

Row = dict[str, Any]

LOG: Final = "actions.log"
_CONFIG: Final = Config(
    retries={"total_max_attempts": 1}, max_pool_connections=64, read_timeout=120
)
# AWS's words for "there is no such thing"; what is deleted may be gone already.
_GONE: Final = ("NotFound", "NoSuchEntity", "NotFoundException")


class Api:
    """One account in one region, for many threads. Without a folder it logs nothing."""

    def __init__(self, endpoint: str, region: str, folder: Path | None = None) -> None:
        self.region = region
        self._endpoint = endpoint
        self._log = folder / LOG if folder else None
        self._clients: dict[str, Any] = {}
        self._lock = Lock()

    def ask(self, action: str, /, **words: Any) -> Row:
        """Ask for "ec2:CreateVpc"; raises Refused with AWS's code."""
        service, _, name = action.partition(":")
        with _border():
            answer: Row = getattr(self._client(service), xform_name(name))(**words)
            return answer

    def rows(self, action: str, key: str, /, **words: Any) -> list[Row]:
        """All rows of a list."""
        service, _, name = action.partition(":")
        client, method = self._client(service), xform_name(name)
        if not client.can_paginate(method) or any(word.endswith("Ids") for word in words):
            return list(self.ask(action, **words)[key])
        with _border():
            pages = client.get_paginator(method).paginate(**words)
            return [row for page in pages for row in page[key]]

    def one(self, action: str, key: str, /, **words: Any) -> Row | None:
        """The only row of a list, None where there is none."""
        try:
            rows = self.rows(action, key, **words)
        except Refused as refused:
            if is_gone(refused):
                return None
            raise
        return rows[0] if rows else None

    def note(self, *actions: str) -> None:
        """Log what the real provider asks, or needs the right to, and nothing here depends on."""
        if self._log:
            with self._log.open("a") as log:
                log.write("".join(f"{action}\n" for action in actions))

    def _client(self, service: str) -> Any:
        # Clients may be shared by threads; making one may not be done by two.
        with self._lock:
            if service not in self._clients:
                client = boto3.client(
                    service, endpoint_url=self._endpoint, region_name=self.region, config=_CONFIG
                )
                client.meta.events.register(f"before-call.{service}", self._called)
                self._clients[service] = client
            return self._clients[service]

    def _called(self, model: Any, **_: Any) -> None:
        self.note(f"{model.service_model.signing_name}:{model.name}")


@contextmanager
def _border() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise Refused(said["Code"], said["Message"]) from None


def is_gone(refused: Refused) -> bool:
    return refused.code.endswith(_GONE)


def filters(**wanted: str | Sequence[str]) -> list[Row]:
    """Filters of a Describe: `vpc_id="vpc-1"` is the filter vpc-id."""
    return [
        {
            "Name": name.replace("__", ".").replace("_", "-"),
            "Values": [value] if isinstance(value, str) else list(value),
        }
        for name, value in wanted.items()
    ]
