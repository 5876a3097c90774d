"""A bucket for machines of a lab: moto's, under the name and certificate of a cloud's endpoint.

Hosts find it at the lab's uplink, trust its certificate, and ask the metadata service for their
role's keys, as on the cloud; all three are put on a host by `offer`. What a role may do is not
judged.
"""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

from components.backup.kit import place
from tests.support.standin.account import REGION

BUCKET: Final = "kept-for-hosts"
KEYS: Final = ("AKIDEXAMPLE", "secret", "token")
SERVICE: Final = Path(__file__).parent / "metadata_service.py"
Sh = Callable[..., str]  # (host, *words): its output


def settings(cloud: str, stack: str) -> dict[str, str]:
    """What a stack's file says of the bucket, under `backup`."""
    if cloud == "aws":
        return {"to": f"s3://{BUCKET}/{stack}"}
    return {"to": f"oss://{BUCKET}/{stack}", "role": "fairway-backup"}


# Nothing of it is where drift looks: units are transient.
_OFFER: Final = """
ip address replace "$1/32" dev lo
echo "$2 $3" >>/etc/hosts
printf '%s' "$4" >/etc/ssl/bucket.pem
ln -sf /etc/ssl/bucket.pem "/etc/ssl/certs/$(openssl x509 -noout -hash -in /etc/ssl/bucket.pem).0"
printf '%s' "$5" >/run/metadata.py
systemd-run --quiet --unit=metadata python3 /run/metadata.py "$1"
timeout 300 sh -c 'until ss -Hltn "src $1" | grep -q :80; do sleep 0.1; done' sh "$1"
"""
_METADATA: Final = {"aws": "169.254.169.254", "alicloud": "100.100.100.200"}


class Bucket:
    """The bucket as its owner sees it, and what hosts need to find it."""

    def __init__(self, cloud: str, address: str, moto: str, certificate: str, name: str) -> None:
        self._cloud, self._address, self._name = cloud, address, name
        self._moto, self._certificate = moto, certificate
        self.client().create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    def client(self) -> Any:
        own = {"aws_access_key_id": KEYS[0], "aws_secret_access_key": KEYS[1]}
        return boto3.client("s3", endpoint_url=self._moto, region_name=REGION, **own)

    def held(self) -> dict[str, int]:
        """The keys in it, and their sizes."""
        listed = self.client().list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {each["Key"]: each["Size"] for each in listed}

    def content(self, key: str) -> bytes:
        body: bytes = self.client().get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def remove(self) -> None:
        """Leave nothing of it: moto keeps what it has in this process."""
        for key in self.held():
            self.client().delete_object(Bucket=BUCKET, Key=key)
        self.client().delete_bucket(Bucket=BUCKET)

    def offer(self, sh: Sh, host: str) -> None:
        """Let a host find it, with the passing keys of a role."""
        words = (_METADATA[self._cloud], self._address, self._name, self._certificate)
        sh(host, "sh", "-ceu", _OFFER, "sh", *words, SERVICE.read_text())


class _Front(BaseHTTPRequestHandler):
    """The bucket's own name in front of moto, which knows it by path."""

    behind: ClassVar[tuple[str, int]]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        there = http.client.HTTPConnection(*self.behind, timeout=300)
        path = f"/{BUCKET}{self.path}"
        own = {name: text for name, text in self.headers.items() if name.lower() != "host"}
        there.request(self.command, path, body or None, own)
        answer = there.getresponse()
        told = answer.read()
        there.close()
        self.send_response(answer.status)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_PUT = do_DELETE = do_GET  # noqa: N815 - the server asks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of this name that signs itself, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj"
    named = ["/CN=bucket", "-addext", f"subjectAltName=DNS:{name}"]
    out = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run([*words.split(), *named, *out], check=True, capture_output=True)
    return certificate, key


@contextmanager
def bucket(cloud: str, address: str, folder: Path) -> Iterator[Bucket]:
    """A bucket at this address of the computer's, port 443, until the block ends."""
    wanted = {"to": f"x://{BUCKET}/prod", "cloud": cloud, "region": REGION}
    name = urlsplit(place(wanted)["url"]).netloc
    certificate, key = _certificate(folder, name)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    front = ThreadingHTTPServer((address, 443), type("Front", (_Front,), {"behind": (host, port)}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    front.socket = context.wrap_socket(front.socket, server_side=True)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    made = Bucket(cloud, address, f"http://{host}:{port}", certificate.read_text(), name)
    try:
        yield made
    finally:
        made.remove()
        front.shutdown()
        front.server_close()
        moto.stop()
