"""A small HTTP fake of Alibaba Cloud's API on loopback, over an account that stand-ins fill."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from tests.support.standin.account import Account
from tests.support.standin.alicloud_answers import WRITES, answer
from tests.support.standin.alicloud_lists import Answer, ApiRefusal, Params

KEY: Final = "LTAI5tFairwayStandin"
SECRET: Final = "standin-secret-5f1c0e"
TOKEN: Final = "standin-token-77aa10"

# A product by the version it is asked in; the last two read their parameters from the body alone.
_PRODUCTS: Final = {
    "2015-04-01": "sts",
    "2014-05-26": "ecs",
    "2016-04-28": "vpc",
    "2022-01-01": "vpcpeer",
    "2020-05-10": "quotas",
}
_FORMS: Final = {"vpcpeer", "quotas"}
_SIGNED: Final = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,]+),SignedHeaders=[a-z0-9;-]+,Signature=[0-9a-f]{64}"
)


class AlicloudApi:
    """Answers for `account`, whose actions it records as "vpc:DescribeVpcs".

    `deny` holds actions that the caller has no right to, `silent` those that get no answer, and
    `throttle` how many more times an action is refused as asked too often. `tokens` are those of
    the sessions that asked.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.deny: set[str] = set()
        self.silent: set[str] = set()
        self.throttle: dict[str, int] = {}
        self.tokens: list[str] = []
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environ(self) -> dict[str, str]:
        """The environment that leads a program here, with a key that is taken."""
        return {
            "ALIBABA_CLOUD_ENDPOINT_URL": self.url,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nothing listens from here on."""
        self._over.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def answer(self, action: str, key: str, params: Params) -> Answer:
        """The body for one request; raises ApiRefusal."""
        self.account.record(action)
        if action in self.silent:
            self._over.wait()
        product, _, name = action.partition(":")
        if key != KEY:
            raise ApiRefusal(
                "InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404
            )
        if self.throttle.get(action, 0) > 0:
            self.throttle[action] -= 1
            raise ApiRefusal("Throttling.User", "Request was denied due to user flow control.")
        if action in self.deny:
            code = "NoPermission" if product == "quotas" else "Forbidden.RAM"
            raise ApiRefusal(code, "User not authorized to operate on the specified resource.", 403)
        kinds = self.account.look()
        known = params.get("RegionId") in {None, *kinds["region"]}
        if not known and name != "DescribeRegions":  # which needs none
            raise ApiRefusal("InvalidRegionId.NotFound", "The RegionId does not exist.", 404)
        if name not in WRITES:
            return answer(name, kinds, params)
        with self.account.open() as changing:
            return answer(name, changing, params)


class _Server(ThreadingHTTPServer):
    api: AlicloudApi
    daemon_threads = True
    request_queue_size = 64  # a preflight asks many things at once


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        try:
            status, answered = 200, self._answer(body)
        except ApiRefusal as refusal:
            status = refusal.status
            answered = {"Code": refusal.code, "Message": refusal.message, "HostId": "standin"}
        self._send(status, {"RequestId": str(uuid4()).upper(), **answered})

    def _answer(self, body: str) -> Answer:
        product = _PRODUCTS.get(self.headers.get("x-acs-version", ""))
        if product is None:
            raise ApiRefusal("InvalidVersion", "Specified parameter Version is not valid.")
        signed = _SIGNED.fullmatch(self.headers.get("authorization", ""))
        if signed is None:
            told = "The request signature does not conform to Aliyun standards."
            raise ApiRefusal("IncompleteSignature", told)
        if token := self.headers.get("x-acs-security-token"):
            self.server.api.tokens.append(token)
        text = body if product in _FORMS else urlsplit(self.path).query
        action = f"{product}:{self.headers['x-acs-action']}"
        return self.server.api.answer(action, signed["key"], dict(parse_qsl(text)))

    def _send(self, status: int, answered: dict[str, Any]) -> None:
        sent = json.dumps(answered).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(sent)))
        with contextlib.suppress(ConnectionError):  # who was let wait too long has left
            self.end_headers()
            self.wfile.write(sent)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as http.server
        """Nothing: the account keeps the actions."""
