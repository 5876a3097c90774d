"""Where botocore's errors end: each becomes an ApiError in four parts, with no secret in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from botocore import exceptions as theirs  # type: ignore[import-untyped]

from components.errors import CloudError

Kind = Literal["credentials", "expired", "denied", "region", "unreachable", "throttled", "refused"]

POLICY: Final = "docs/policies/aws.json"
LONGEST: Final = 240  # characters of AWS's own words; a denial carries a blob of kilobytes

_CODES: Final[dict[str, Kind]] = {
    **dict.fromkeys(
        (
            "AuthFailure",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "MissingAuthenticationToken",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        "credentials",
    ),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), "expired"),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"), "denied"),
    **dict.fromkeys(("OptInRequired", "RegionDisabledException"), "region"),
    **dict.fromkeys(
        (
            "RequestLimitExceeded",
            "RequestThrottled",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ),
        "throttled",
    ),
}
_NO_ANSWER: Final = (theirs.HTTPClientError, theirs.ConnectionError, theirs.EndpointConnectionError)
_LOG_IN_AGAIN: Final = (
    theirs.SSOError,
    theirs.TokenRetrievalError,
    theirs.LoginError,
    theirs.UnauthorizedSSOTokenError,
)
_NO_REGION: Final = (
    theirs.EndpointResolutionError,
    theirs.InvalidRegionError,
    theirs.UnknownEndpointError,
    theirs.UnknownRegionError,
)
_HINTS: Final[dict[Kind, str]] = {
    "credentials": "see `aws sts get-caller-identity`; then `aws configure` or set AWS_PROFILE",
    "expired": "log in again, for example with `aws sso login`; a wrong clock looks the same",
    "denied": f"let the policy allow it; {POLICY} has all that Fairway asks for",
    "region": "see fairway:aws.region; a new region must first be enabled in the account",
    "unreachable": "see whether this computer reaches the internet, "
    "and HTTPS_PROXY and AWS_ENDPOINT_URL if they are set",
    "throttled": "wait a minute and try again",
    "refused": "see what AWS says",
}


class ApiError(CloudError):
    """AWS's API did not do what it was asked. `found` alone says what was met."""

    def __init__(self, region: str, kind: Kind, found: str, *, code: str = "") -> None:
        self.kind = kind
        self.code = code  # AWS's own word, "" where none came back
        where = f"AWS {region}"
        super().__init__(where=where, what=_WHATS[kind], found=found, hint=_HINTS[kind])


_WHATS: Final[dict[Kind, str]] = {
    "credentials": "the credentials are not accepted",
    "expired": "the credentials have expired",
    "denied": "the credentials do not allow this",
    "region": "the region is not known or not enabled",
    "unreachable": "no answer",
    "throttled": "too many requests",
    "refused": "the API refused",
}


@contextmanager
def border(region: str, action: str, host: str = "") -> Iterator[None]:
    """Run one request; whatever botocore raises in it leaves as ApiError.

    A ValueError is what botocore has for an AWS_ENDPOINT_URL that is none.
    `action` is the request as a policy names it, `host` the endpoint it goes to.
    """
    try:
        yield
    except (theirs.BotoCoreError, theirs.ClientError, ValueError) as error:
        raise _translated(region, action, host, error) from None


def _translated(region: str, action: str, host: str, error: Exception) -> ApiError:
    kind: Kind = "refused"
    if isinstance(error, theirs.ClientError):
        return _answered(region, action, error.response.get("Error", {}))
    if isinstance(error, theirs.NoCredentialsError):
        return ApiError(region, "credentials", "no credentials at all")
    if isinstance(error, _LOG_IN_AGAIN):
        kind = "expired"
    elif isinstance(error, _NO_REGION):
        return ApiError(region, "region", region)
    elif isinstance(error, _NO_ANSWER):
        found = f"no answer from {host or 'AWS'} ({type(error).__name__})"
        return ApiError(region, "unreachable", found)
    elif "Credential" in type(error).__name__ or isinstance(error, theirs.ProfileNotFound):
        kind = "credentials"
    return ApiError(region, kind, _short(str(error)))


def _answered(region: str, action: str, said: dict[str, Any]) -> ApiError:
    code, message = str(said.get("Code", "")), str(said.get("Message", ""))
    kind = _CODES.get(code, "refused")
    match kind:
        case "denied":
            found = f"no right to {_denied_action(message) or action}"
        case "credentials" | "expired":
            # The message may quote the signed headers, a session's token among them.
            found = code
        case "region" | "throttled":
            found = f"{code} at {action}"
        case _:
            found = f"{code} at {action}: {_short(message)}"
    return ApiError(region, kind, found, code=code)


def _denied_action(message: str) -> str:
    """The action that was missing: asking for one thing may need the right to another."""
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", message)
    return named[1] if named else ""


def _short(message: str) -> str:
    text = " ".join(message.split()).partition(" Encoded authorization failure message")[0]
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
