"""The metadata service of both clouds: a token first, and its role's passing keys for it.

It runs on machines too, `python3 metadata_service.py ADDRESS`, so it needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

HOME = "/latest"


class Metadata(BaseHTTPRequestHandler):
    """Answers what the script of backups asks, and nothing else."""

    told: ClassVar[dict[str, str]] = {
        "/meta-data/iam/security-credentials/": "hosts",
        "/meta-data/iam/security-credentials/hosts": json.dumps(
            {"AccessKeyId": "id", "SecretAccessKey": "secret", "Token": "passing"}
        ),
        "/meta-data/ram/security-credentials/": "hosts",
        "/meta-data/ram/security-credentials/hosts": json.dumps(
            {"AccessKeyId": "id", "AccessKeySecret": "secret", "SecurityToken": "passing"}
        ),
    }

    def do_PUT(self) -> None:
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds", "X-aliyun-ecs-metadata-token-ttl-seconds"}
        good = self.path == f"{HOME}/api/token" and any(self.headers.get(name) for name in ttl)
        self._answer("a-token" if good else "")

    def do_GET(self) -> None:
        kind = "aws-ec2" if "/iam/" in self.path else "aliyun-ecs"
        good = self.headers.get(f"X-{kind}-metadata-token") == "a-token"
        self._answer(self.told.get(self.path.removeprefix(HOME), "") if good else "")

    def _answer(self, text: str) -> None:
        self.send_response(200 if text else 401)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], 80), Metadata).serve_forever()
