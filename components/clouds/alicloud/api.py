"""Alibaba Cloud's API: one small official client for all products, its errors as ours."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from alibabacloud_credentials import models as credential_models  # type: ignore[import-untyped]
from alibabacloud_credentials.client import (  # type: ignore[import-untyped]
    Client as Credentials,
)
from alibabacloud_tea_openapi.client import Client  # type: ignore[import-untyped]
from alibabacloud_tea_openapi.utils import Utils  # type: ignore[import-untyped]
from alibabacloud_tea_openapi.utils_models import (  # type: ignore[import-untyped]
    Config,
    OpenApiRequest,
    Params,
)
from darabonba.runtime import RuntimeOptions  # type: ignore[import-untyped]

from components.clouds.alicloud.actions import ACTIONS, LISTS, PRODUCTS, Listing, host_of
from components.clouds.alicloud.refusals import ApiError, Asked, error_of
from components.errors import CloudError

__all__ = ["ACTIONS", "ENDPOINT", "Answer", "Api", "ApiError", "under"]

ENDPOINT: Final = "ALIBABA_CLOUD_ENDPOINT_URL"
Answer = dict[str, Any]

_CONNECT_MS: Final = 5_000
_READ_MS: Final = 20_000
_WAITS: Final = (0.5, 1.0, 2.0, 4.0)  # seconds before another try when asked too often


# The SDK prints whole tracebacks of credentials that it did not find, to everybody's terminal.
for _name in ("credentials", "darabonba-core"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class Api:
    """Asks the products of a region. Making one asks nothing; threads may share it."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Client] = {}
        self._credentials: Credentials | None = None
        self._lock = threading.Lock()

    def call(self, product: str, action: str, **params: Any) -> Answer:
        """The answer to one action.

        Raises:
            ApiError: the API refused, several times where it was asked too often, or is silent.
        """
        asked = self._asked(product, action)
        for wait in _WAITS:
            try:
                return self._once(product, asked, params)
            except ApiError as error:
                if error.kind != "throttled":
                    raise
            time.sleep(wait)
        return self._once(product, asked, params)

    def all(self, product: str, action: str, **params: Any) -> list[Answer]:
        """Every item of a list, from as many pages as it has."""
        path = LISTS[f"{product}:{action}"].path
        return [
            item for page in self.pages(product, action, **params) for item in under(page, *path)
        ]

    def pages(self, product: str, action: str, **params: Any) -> Iterator[Answer]:
        """The answers that together hold a list, one at least."""
        listing = LISTS[f"{product}:{action}"]
        turn: dict[str, Any] | None = {"PageNumber": 1} if listing.numbered else {}
        while turn is not None:
            page = self.call(product, action, **{**params, listing.size: listing.most, **turn})
            yield page
            turn = _next(page, listing, turn)

    def _once(self, product: str, asked: Asked, params: Mapping[str, Any]) -> Answer:
        told = PRODUCTS[product]
        if told.regional:
            params = {"RegionId": self.region, **params}
        body = Utils.query(params)
        request = OpenApiRequest(body=body) if told.form else OpenApiRequest(query=body)
        try:
            answer = self._client(asked.host).call_api(
                _params(asked.action, told.version), request, RuntimeOptions()
            )
        except Exception as error:  # noqa: BLE001 - the border: the SDK raises what it likes
            # Without the cause: it holds the signed request.
            raise error_of(error, asked) from None
        return answer["body"] or {}

    def _asked(self, product: str, action: str) -> Asked:
        name = f"{product}:{action}"
        assert name in ACTIONS, name  # noqa: S101 - the RAM policy is written from that list
        host = _override() or f"https://{host_of(name, self.region)}"
        return Asked(action=name, region=self.region, host=host)

    def _client(self, host: str) -> Client:
        with self._lock:
            if host not in self._clients:
                self._credentials = self._credentials or _credentials()
                self._clients[host] = _client(host, self.region, self._credentials)
            return self._clients[host]


def under(answer: Mapping[str, Any], *path: str) -> list[Any]:
    """The list that an answer holds under nested names; [] where the API left it out."""
    held: Any = answer
    for name in path:
        held = (held or {}).get(name)
    return held or []


def _next(page: Answer, listing: Listing, turn: Mapping[str, Any]) -> dict[str, Any] | None:
    """What asks for the page after this one; None after the last."""
    if not listing.numbered:
        token = page.get("NextToken")
        return {"NextToken": token} if token else None
    number: int = turn["PageNumber"]
    more = number * listing.most < int(page.get("TotalCount") or 0)
    return {"PageNumber": number + 1} if more else None


def _params(action: str, version: str) -> Params:
    return Params(
        action=action.partition(":")[2],
        version=version,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )


def _client(host: str, region: str, credentials: Credentials) -> Client:
    url = urlsplit(host)
    return Client(
        Config(
            credential=credentials,
            endpoint=url.netloc,
            protocol=url.scheme.upper(),
            region_id=region,
            connect_timeout=_CONNECT_MS,
            read_timeout=_READ_MS,
            user_agent="fairway",
        )
    )


def _credentials() -> Credentials:
    """The environment's, by all the names that pulumi-alicloud reads; else the SDK's chain."""
    key, secret, token = (
        os.environ.get(ours) or os.environ.get(theirs) or ""
        for ours, theirs in (
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY"),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY"),
            ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN"),
        )
    )
    if not (key and secret):
        return Credentials()
    return Credentials(
        credential_models.Config(
            type="sts" if token else "access_key",
            access_key_id=key,
            access_key_secret=secret,
            security_token=token or None,
        )
    )


def _override() -> str:
    """The one endpoint that stands for all of them, for tests; "" where there is none."""
    url = os.environ.get(ENDPOINT, "").rstrip("/")
    if url and not (urlsplit(url).scheme in {"http", "https"} and urlsplit(url).netloc):
        raise CloudError(
            where=ENDPOINT,
            what="is no address of an API",
            found=url.rpartition("@")[2],
            wanted="http:// or https:// and a host",
            hint="correct it, or take it away",
        )
    return url
