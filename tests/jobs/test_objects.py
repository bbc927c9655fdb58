"""Objects that are written once."""

from __future__ import annotations

import base64
import hashlib

from lightship.jobs import objects
from lightship.jobs.cloud import Cloud


def test_what_stands_first_stays_and_s3_has_its_digest(cloud: Cloud) -> None:
    first = objects.put_once(cloud, "batch/a", b"one", "text/csv")
    assert objects.put_once(cloud, "batch/a", b"another", "text/csv") == first
    assert first == {"key": "batch/a", "bytes": 3, "sha256": hashlib.sha256(b"one").hexdigest()}
    stands = cloud.s3.get_object(Bucket=cloud.bucket, Key="batch/a", ChecksumMode="ENABLED")
    assert stands["Body"].read() == b"one"
    assert base64.b64decode(stands["ChecksumSHA256"]).hex() == first["sha256"]
