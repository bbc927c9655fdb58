"""Objects that are written once."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Part


def test_put_once_existing_key_keeps_first_object(cloud: Cloud) -> None:
    first = objects.put_once(cloud, "batch/a", b"one", "text/csv")
    assert objects.put_once(cloud, "batch/a", b"another", "text/csv") == first
    assert first == Part("batch/a", 3, hashlib.sha256(b"one").hexdigest())
    assert objects.read(cloud, "batch/a") == b"one"


def test_put_once_sends_sha256_of_receipt_to_s3(cloud: Cloud) -> None:
    sent: list[Any] = []  # moto does not check SHA-256
    cloud.s3.meta.events.register_first("before-send.s3.PutObject", lambda request, **_: sent.append(request.headers))
    written = objects.put_once(cloud, "batch/a", b"one", "text/csv")
    (headers,) = sent
    assert base64.b64decode(headers["x-amz-checksum-sha256"]).hex() == written.sha256
    assert "x-amz-checksum-crc32" not in headers
