"""Objects of jobs, read and written by either client of S3."""

from __future__ import annotations

import hashlib
import os
import posixpath
from dataclasses import replace
from urllib.parse import quote

import pytest

from lightship import aws
from lightship.errors import NotFound
from lightship.jobs import objects, operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Part
from lightship.jobs.ledger.requests import Request
from tests.jobs.clouds import drop, watched
from tests.jobs.faults.scenario import DATA
from tests.jobs.jobs import KEY
from tests.jobs.workers import run


def test_put_once_existing_key_keeps_first_object(cloud: Cloud) -> None:
    first = objects.put_once(cloud, "batch/a", b"one", "text/csv")
    assert objects.put_once(cloud, "batch/a", b"another", "text/csv") == first
    assert first == Part("batch/a", 3, hashlib.sha256(b"one").hexdigest())
    assert objects.read(cloud, "batch/a") == b"one"


def test_put_once_pieces_are_one_object(cloud: Cloud) -> None:
    part = objects.put_once(cloud, "batch/a", [b"one,", memoryview(b"two"), b""], "text/csv")
    assert part == Part("batch/a", 7, hashlib.sha256(b"one,two").hexdigest())
    assert objects.read(cloud, "batch/a") == b"one,two"


def test_put_once_sends_sha256_of_receipt_to_s3(cloud: Cloud) -> None:
    with watched(cloud) as (worker, network):  # moto does not check SHA-256
        written = objects.put_once(worker, "batch/a", b"one", "text/csv")
    assert network.headers["x-amz-content-sha256"] == written.sha256


# Keys that clients may choose. obstore refuses some of them, and drops the slash at an end of others.
KEYS = [
    *("a/b.csv", "a b%20%2F#?&=+~.csv", "\u00e4/\u6771\u4eac\u00a0\u200b\U0001f6a2.csv", "a.", "a\\b", "e\u0301"),
    "a'\"<>|^`[]{}*:@!$,;()",
    *("a//b.csv", "/a", "a/", "a/./b", "../a", "a/..", ".", "a\tb", "a\x7fb", "a\x01b"),
]


@pytest.mark.parametrize("key", KEYS)
def test_object_with_any_key_is_read_by_version_and_range(cloud: Cloud, key: str) -> None:
    drop(cloud, key, b"0123456789")
    for other in (key.strip("/"), f"{key}/", key.replace("//", "/"), posixpath.normpath(key), quote(key)):
        if other not in {key, ""}:
            with pytest.raises(NotFound):
                objects.describe(cloud, "jobs", other)
    source = objects.describe(cloud, "jobs", key)
    assert (source.key, source.size, bool(source.version)) == (key, 10, True)
    drop(cloud, key, b"another")  # the version pins the first one
    assert objects.read_range(cloud, source, 2, 5) == b"234"
    assert objects.read_range(cloud, source, 0, None) == b"0123456789"
    assert objects.read_range(cloud, source, 10, None) == b""
    assert objects.read_range(cloud, source, 4, 4) == b""
    assert objects.read(cloud, key) == b"another"
    with pytest.raises(NotFound, match="replaced"):
        objects.read_range(cloud, replace(source, version=""), 0, None)


def test_list_objects_finds_every_key_but_folder_markers(cloud: Cloud) -> None:
    keys = [f"in/{key}" for key in KEYS]
    for key in keys:
        drop(cloud, key, b"x")
    found = [source.key for source in objects.list_objects(cloud, "jobs", "in/")]
    assert found == sorted((key for key in keys if not key.endswith("/")), key=str.encode)
    assert [source.key for source in objects.list_objects(cloud, "jobs", "in/a.")] == ["in/a."]


# obstore reads the first of these keys, boto3 the second.
by_client = pytest.mark.parametrize("key", ["a/b", "a//b"])


@by_client
def test_read_range_broken_halfway_is_resumed(cloud: Cloud, key: str) -> None:
    content = os.urandom(2 * objects.BLOCK + 5)
    drop(cloud, key, content)
    source = objects.describe(cloud, "jobs", key)
    with watched(cloud) as (worker, network):
        network.begin(lambda number: "truncated" if number <= 3 else "")
        assert objects.read_range(worker, source, 3, None) == content[3:]
        assert network.injected == ["GetObject"] * 3


@by_client
def test_stream_of_object_replaced_or_deleted_meanwhile_raises_not_found(cloud: Cloud, key: str) -> None:
    cloud.s3.put_bucket_versioning(Bucket="jobs", VersioningConfiguration={"Status": "Suspended"})
    for replacement in (b"another", None):
        drop(cloud, key, bytes(4 * objects.BLOCK))
        source = replace(objects.describe(cloud, "jobs", key), version="")
        with watched(cloud, attempts=1) as (worker, network):
            network.begin(lambda number: "short" if number == 1 else "")
            blocks = objects.stream(worker, source)
            next(blocks)
            if replacement is None:
                cloud.s3.delete_object(Bucket="jobs", Key=key)
            else:
                drop(cloud, key, replacement)
            with pytest.raises(NotFound):
                list(blocks)


@by_client
def test_read_range_always_broken_raises_in_bounded_time(cloud: Cloud, key: str) -> None:
    drop(cloud, key, bytes(1000))
    source = objects.describe(cloud, "jobs", key)
    with watched(cloud, attempts=1) as (worker, network):
        network.begin(lambda number: "truncated")
        with pytest.raises(aws.ObjectsError):
            objects.read_range(worker, source, 0, None)
        assert network.requests <= 20


def test_job_in_parts_makes_no_boto3_client_of_s3(cloud: Cloud) -> None:
    with watched(cloud) as (worker, network):
        drop(cloud, KEY, DATA)
        operations.start(worker, Request(owner="ann", model="quickstart", key=KEY))
        run(worker)
        assert any(each.startswith("PutObject") and each.endswith("receipt.json") for each in network.seen)
        assert "client" not in vars(worker.storage)
