"""The local AWS API: connections and keys of objects."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest

from lightship.local.cloud import Cloud

CREDENTIALS = {"Authorization": "Basic bG9jYWw6bG9jYWw="}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("cloud"))
    with closing(running.client("s3")) as s3:
        s3.create_bucket(Bucket="box")
    yield running
    running.close()


def test_connection_stays_open_after_each_response(cloud: Cloud) -> None:
    host, _, port = cloud.endpoint.removeprefix("http://").partition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        connection.connect()
        used = connection.sock
        for method, body in [("PUT", b"x" * 1_000_000), ("HEAD", b""), ("GET", b""), ("DELETE", b"")]:
            connection.request(method, "/box/other", body=body or None, headers=CREDENTIALS)
            answer = connection.getresponse()
            assert answer.read() == (b"x" * 1_000_000 if method == "GET" else b"")
            assert (answer.status // 100, connection.sock) == (2, used), method


@pytest.mark.parametrize("key", ["a%3Ab/c", "a b+c/ä?d#e", "%25%2F", "a//b"])
def test_object_of_any_key_is_listed_and_read(cloud: Cloud, key: str) -> None:
    with closing(cloud.client("s3")) as s3:
        s3.put_object(Bucket="box", Key=key, Body=key.encode())
        assert [found["Key"] for found in s3.list_objects_v2(Bucket="box", Prefix=key)["Contents"]] == [key]
        assert s3.get_object(Bucket="box", Key=key)["Body"].read() == key.encode()
