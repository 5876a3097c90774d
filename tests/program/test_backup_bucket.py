"""Backups in object storage: a bucket of moto's, and the metadata of two clouds."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from tests.support.backup_script import script
from tests.support.metadata_service import HOME, Metadata
from tests.support.patience import LONG

REGION = "eu-central-1"
BUCKET = "kept"
NAME = "prod_20260301T000000Z_a1_s1_00ff.cms"
OTHER = "prod_20260302T000000Z_a1_s1_00ff.cms"
KEYS = ("AKIDEXAMPLE", "secret", "token")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    url = f"http://{host}:{port}"
    client(url).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    yield url
    made.stop()


def client(url: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1],
    )


def bucket(url: str, prefix: str) -> Any:
    return script().Bucket(f"{url}/{BUCKET}", prefix, REGION, lambda: KEYS)


def test_what_is_put_there_is_listed_fetched_and_dropped(server: str) -> None:
    place = bucket(server, "prod/swarm/")
    place.put(NAME, b"sealed\0bytes")
    place.put(OTHER, b"x")
    assert place.list() == {NAME: 12, OTHER: 1}
    assert place.get(NAME) == b"sealed\0bytes"
    place.drop(NAME)
    assert place.list() == {OTHER: 1}
    held = client(server).list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [each["Key"] for each in held] == [f"prod/swarm/{OTHER}"]


def test_only_backups_under_the_prefix_are_listed_however_many(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, asked = bucket(server, "many/"), []
    names = [f"prod_20260301T0000{number:02}Z_a1_s1_00ff.cms" for number in range(5)]
    for name in (*names, "notes.txt"):
        client(server).put_object(Bucket=BUCKET, Key=f"many/{name}", Body=b"1")
    ask = place.ask

    def paged(method: str, name: str = "", query: str = "", body: bytes = b"") -> Any:
        asked.append(query)
        return ask(method, name, query.replace("list-type=2", "list-type=2&max-keys=2"), body)

    monkeypatch.setattr(place, "ask", paged)
    assert sorted(place.list()) == names
    assert len(asked) == 3


@pytest.mark.parametrize("cloud", ["aws", "alicloud"])
def test_the_keys_of_the_machines_role_are_asked_for_with_a_token(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    Thread(target=service.serve_forever, daemon=True).start()
    _, *rest = script().METADATA[cloud]
    home = f"http://127.0.0.1:{service.server_port}{HOME}"
    monkeypatch.setitem(script().METADATA, cloud, (home, *rest))
    ask = urllib.request.urlopen
    # A service of a cloud answers within the script's limit; this one runs as seldom as the test.
    monkeypatch.setattr(urllib.request, "urlopen", lambda asked, timeout: ask(asked, timeout=LONG))
    try:
        assert script().role_keys(cloud) == ("id", "secret", "passing")
    finally:
        service.shutdown()
        service.server_close()
