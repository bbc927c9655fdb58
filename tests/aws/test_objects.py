"""Objects of S3 by obstore, over a network that fails."""

from __future__ import annotations

import os
import socket
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from multiprocessing import get_context

import pytest

from lightship import aws
from lightship.aws.objects import BLOCK, Objects
from tests.jobs.faults.proxy import Proxy, proxy

ETAG = '"0123456789abcdef0123456789abcdef"'


@pytest.fixture
def network(bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxy(s3_endpoint) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        yield server


@pytest.fixture
def objects(bucket: str) -> Objects:
    return Objects(bucket, attempts=3)


def first(fault: str, times: int = 1) -> Callable[[int], str]:
    return lambda number: fault if number <= times else ""


def test_put_creates_once_and_replaces_by_etag(objects: Objects) -> None:
    created = objects.put("a/key", b"one", etag=None, metadata={"sha256": "abc"})
    assert created
    assert objects.put("a/key", b"two", etag=None) is None
    assert objects.put("a/key", b"two", etag=ETAG) is None
    assert objects.put("missing", b"two", etag=ETAG) is None
    found = objects.get("a/key")
    assert found is not None
    assert (found.data, found.description.etag, found.description.metadata["sha256"]) == (b"one", created, "abc")
    assert objects.put("a/key", b"three", etag=created) != created
    assert objects.changed("a/key", created)
    assert objects.head("missing") is None


def test_url_without_endpoint_is_of_aws(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")  # obstore refuses settings that it does not know
    assert Objects(bucket).url("a b", seconds=60).startswith(f"https://{bucket}.s3.eu-west-1.amazonaws.com/a%20b?")


def test_put_with_checksum_of_aws_sends_crc(network: Proxy, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_UNSIGNED_PAYLOAD", "true")
    monkeypatch.setenv("AWS_CHECKSUM_ALGORITHM", "CRC64NVME")
    assert Objects(bucket).put("key", [b"1234", memoryview(b"56789")], etag=None)
    assert network.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert b64decode(network.headers["x-amz-checksum-crc64nvme"]).hex() == "ae8b14860a799888"  # as published


@pytest.mark.parametrize("fault", ["lost", "throttled", "reset"])
def test_put_with_lost_answer_returns_etag(network: Proxy, bucket: str, fault: str) -> None:
    objects = Objects(bucket, attempts=2)
    network.begin(first(fault))
    created = objects.put("key", b"mine", etag=None)
    assert network.injected
    found = objects.head("key")
    assert found is not None
    assert found.etag == created
    network.begin(first(fault))
    replaced = objects.put("key", b"again", etag=created)
    assert network.injected
    found = objects.head("key")
    assert found is not None
    assert found.etag == replaced != created


def test_put_with_lost_answer_after_another_writer_is_refused(network: Proxy, bucket: str) -> None:
    objects = Objects(bucket, attempts=2)
    assert objects.put("key", b"theirs", etag=None)
    network.begin(first("lost"))
    assert objects.put("key", b"mine", etag=None) is None
    found = objects.get("key")
    assert found is not None
    assert found.data == b"theirs"


def test_read_broken_halfway_resumes(network: Proxy, bucket: str) -> None:
    objects, content = Objects(bucket, attempts=2), os.urandom(3 * BLOCK + 5)
    assert objects.put("key", content, etag=None)
    network.begin(first("truncated", 3))
    reading = objects.read("key", start=7)
    assert reading is not None
    assert b"".join(reading.blocks) == content[7:]
    assert network.injected == ["GetObject"] * 3


def test_read_of_object_replaced_meanwhile_is_refused(network: Proxy, bucket: str) -> None:
    objects = Objects(bucket, attempts=1)
    etag = objects.put("key", bytes(2 * BLOCK), etag=None)
    network.begin(first("truncated"))
    reading = objects.read("key")
    assert reading is not None
    assert objects.put("key", bytes(3 * BLOCK), etag=etag)
    with pytest.raises(aws.ObjectsError) as refused:
        b"".join(reading.blocks)
    assert refused.value.code == "PreconditionFailed"


@pytest.mark.parametrize(
    ("span", "expected"), [((2, None), b"2345"), ((1, 3), b"12"), ((4, 99), b"45"), ((0, None), b"012345")]
)
def test_get_range_is_exact(objects: Objects, span: tuple[int, int | None], expected: bytes) -> None:
    objects.put("key", b"012345", etag=None)
    found = objects.get("key", start=span[0], end=span[1])
    assert found is not None
    assert (found.data, found.description.size) == (expected, 6)


def test_list_finds_our_keys_exactly(objects: Objects) -> None:
    for key in ("a/1/x", "a/1/y", "a/10/x", "ab/1", "a/é #%20?.csv"):
        assert objects.put(key, b"", etag=None)
    assert [found.key for found in objects.list("a/1/")] == ["a/1/x", "a/1/y"]
    assert objects.folders("a/") == ["1", "10"]
    assert objects.folders("") == ["a", "ab"]
    assert objects.is_listed("a/1/y")
    assert objects.is_listed("ab/1")
    assert not objects.is_listed("a/1")
    assert not objects.is_listed("a/1/z")


def test_silent_server_is_named_in_bounded_time(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(aws.ObjectsError) as failed:
            Objects(bucket, attempts=2, silent=0.2).get("key")
    assert time.monotonic() - start < 10
    assert aws.reason(failed.value).startswith("AWS does not answer")


def test_dripping_server_is_named_in_bounded_time(network: Proxy, bucket: str) -> None:
    objects = Objects(bucket, attempts=2, seconds=0.3)
    objects.put("key", bytes(2 * BLOCK), etag=None)
    network.begin(lambda number: "dripping")
    start = time.monotonic()
    reading = objects.read("key")
    assert reading is not None
    for ask in (lambda: objects.get("key"), lambda: b"".join(reading.blocks)):
        with pytest.raises(aws.ObjectsError) as failed:
            ask()
        assert aws.reason(failed.value).startswith("AWS does not answer")
    assert time.monotonic() - start < 10


def test_read_continues_while_blocks_arrive(network: Proxy, bucket: str) -> None:
    objects = Objects(bucket, attempts=1)
    content = os.urandom(64 * BLOCK)
    objects.put("key", content, etag=None)
    network.begin(first("truncated", 8))
    reading = objects.read("key")
    assert reading is not None
    assert b"".join(reading.blocks) == content
    assert len(network.injected) == 8


def test_missing_bucket_is_named_by_every_request(bucket: str) -> None:
    objects = Objects("no-such-bucket-here")
    for ask in (lambda: objects.get("a"), lambda: list(objects.list("a")), lambda: objects.put("a", b"", etag=None)):
        with pytest.raises(aws.ObjectsError) as failed:
            ask()
        assert failed.value.code == "NoSuchBucket"


def test_forked_process_is_refused_instead_of_waiting_for_ever(objects: Objects) -> None:
    assert objects.get("missing") is None
    context = get_context("fork")
    codes = context.SimpleQueue()

    def ask() -> None:
        try:
            objects.get("missing")
        except aws.ObjectsError as error:
            codes.put(error.code)

    child = context.Process(target=ask)
    child.start()
    child.join(30)
    if child.is_alive():
        child.kill()
    assert child.exitcode == 0
    assert codes.get() == "ForkedProcess"
