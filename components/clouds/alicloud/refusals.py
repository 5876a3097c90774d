"""The border to the SDK: whatever it raises becomes one error of ours, in four parts.

No text of a refused signature or credential is ever shown: the API quotes the signed headers
there, a session token among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from alibabacloud_credentials.exceptions import (  # type: ignore[import-untyped]
    CredentialException,
)
from alibabacloud_tea_openapi.exceptions import (  # type: ignore[import-untyped]
    AlibabaCloudException,
)
from darabonba.exceptions import RetryError  # type: ignore[import-untyped]

from components.errors import CloudError
from components.remote.masking import mask

Kind = Literal["credentials", "key", "denied", "region", "unreachable", "throttled", "refused"]

_KEYS: Final = "credentials of Alibaba Cloud"
_MINE: Final = re.compile(r"\b(LTAI|STS\.)[A-Za-z0-9._-]+")  # how ids of keys begin
_LONGEST: Final = 200  # characters of the API's own words


class ApiError(CloudError):
    """The API refused or did not answer. `code` is the API's own, "" when it did not answer."""

    def __init__(  # noqa: PLR0913 - the four parts and what programs decide by
        self,
        *,
        where: str,
        what: str,
        found: str = "",
        wanted: str = "",
        hint: str,
        kind: Kind,
        code: str = "",
    ) -> None:
        self.kind = kind
        self.code = code
        super().__init__(where=where, what=what, found=found, wanted=wanted, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked: "vpc:DescribeVpcs", in which region, of which host."""

    action: str
    region: str
    host: str


def error_of(raised: Exception, asked: Asked) -> ApiError:
    """Our error for what the SDK raised."""
    inner = getattr(raised, "inner_exception", None) or raised
    if isinstance(inner, CredentialException):
        return _no_credentials()
    if isinstance(inner, AlibabaCloudException):
        return _answered(str(inner.code), str(inner.message), inner.status_code, asked)
    if isinstance(inner, RetryError | OSError):
        return _unreachable(_reason(str(inner)), asked)
    return _unreachable("an answer that is none of the API's", asked)


def _answered(code: str, message: str, status: int | None, asked: Asked) -> ApiError:
    match _kind(code, status):
        case "credentials":
            return _no_credentials()
        case "key":
            return _bad_key(code)
        case "denied":
            return _denied(code, asked)
        case "region":
            return _unknown_region(code, asked)
        case "throttled":
            return _throttled(code, asked)
        case _:
            return _refused(code, message, asked)


_KINDS: Final[tuple[tuple[str, Kind], ...]] = (  # by how the API's codes begin, the first wins
    ("InvalidCredentials", "credentials"),  # the SDK's own
    ("InvalidAccessKeyId", "key"),
    ("InvalidSecurityToken", "key"),
    ("MissingSecurityToken", "key"),
    ("SecurityToken", "key"),
    ("SignatureDoesNotMatch", "key"),
    ("SignatureNonceUsed", "refused"),
    ("IncompleteSignature", "key"),
    ("Throttling", "throttled"),
    ("ServiceUnavailable", "throttled"),
    ("Forbidden", "denied"),
    ("NoPermission", "denied"),
    ("NotAuthorized", "denied"),
    ("Unauthorized", "denied"),
    ("InvalidRegionId", "region"),
    ("InvalidRegion", "region"),
)


def _kind(code: str, status: int | None) -> Kind:
    for begin, kind in _KINDS:
        if code.startswith(begin):
            return kind
    return "throttled" if status in {429, 503} else "refused"


def _no_credentials() -> ApiError:
    return ApiError(
        where=_KEYS,
        what="there are none",
        found="nothing in the environment, in ~/.aliyun/config.json or "
        "~/.alibabacloud/credentials.ini, and no RAM role of this machine",
        wanted="an AccessKey pair, a session of a role, or a profile",
        hint="set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, "
        "or run `aliyun configure`",
        kind="credentials",
    )


def _bad_key(code: str) -> ApiError:
    old = "Expired" in code
    return ApiError(
        where=_KEYS,
        what="the session has ended" if old else "the API does not take them",
        found=code,
        wanted="an active AccessKey pair, or a session that still runs",
        hint="log in again" if old else "check the key's id and secret, and that it is active",
        kind="key",
        code=code,
    )


def _denied(code: str, asked: Asked) -> ApiError:
    return ApiError(
        where=f"Alibaba Cloud {asked.region}",
        what="these credentials may not do this",
        found=f"no right to {asked.action} ({code})",
        wanted=f"{asked.action} in their RAM policy",
        hint=f"allow {asked.action}; docs/policies/alicloud.json is the whole list",
        kind="denied",
        code=code,
    )


def _unknown_region(code: str, asked: Asked) -> ApiError:
    return ApiError(
        where="fairway:alicloud.region",
        what="is no region of this account",
        found=asked.region,
        wanted="a region of Alibaba Cloud that the account has",
        hint="write it as the console's list of regions does",
        kind="region",
        code=code,
    )


def _throttled(code: str, asked: Asked) -> ApiError:
    return ApiError(
        where=f"Alibaba Cloud {asked.region}",
        what="the API is asked too often",
        found=f"{code} for {asked.action}, several times in a row",
        hint="wait a minute, then run it again",
        kind="throttled",
        code=code,
    )


def _refused(code: str, message: str, asked: Asked) -> ApiError:
    words = " ".join(_MINE.sub("[key]", mask(message)).split())
    return ApiError(
        where=f"Alibaba Cloud {asked.region}",
        what=f"{asked.action} was refused",
        found=f"{code} ({words[:_LONGEST]})",
        hint="look the code up in Alibaba Cloud's OpenAPI error centre",
        kind="refused",
        code=code,
    )


def _unreachable(reason: str, asked: Asked) -> ApiError:
    return ApiError(
        where=f"Alibaba Cloud {asked.region}",
        what="the API does not answer",
        found=f"{reason} at {asked.host}",
        wanted="an answer over HTTPS",
        hint="look at this computer's network, at HTTPS_PROXY and ALIBABA_CLOUD_ENDPOINT_URL",
        kind="unreachable",
    )


_REASONS: Final = (
    (r"resolve|Name or service not known|getaddrinfo", "no such name"),
    (r"[Cc]onnection refused", "connection refused"),
    (r"[Rr]ead timed out", "no answer in time"),
    (r"timed out|[Tt]imeout", "no connection in time"),
    (r"CERTIFICATE|SSL", "no valid certificate"),
    (r"[Pp]roxy", "no way through the proxy"),
)


def _reason(text: str) -> str:
    """Say in a few words why nothing came; the SDK's own text holds the whole request."""
    return next((word for shape, word in _REASONS if re.search(shape, text)), "no connection")
