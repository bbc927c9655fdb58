"""Clients of AWS with adaptive retries: the only package that imports boto3 to make one."""

from __future__ import annotations

import os
from typing import Any

from lightship.aws.errors import advice, code, complaint, detail, reason
from lightship.errors import RegistryError

__all__ = ["DENIED", "MISSING", "UNMET", "advice", "client", "code", "complaint", "detail", "put", "reason"]

# What S3 says by name, or by HTTP status where an answer has no body: that an object, or this version of it, is not
# there; that it may not be read; that a condition does not hold, or that another write decides it just now.
MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
DENIED = frozenset({"AccessDenied", "403"})
UNMET = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})


def client(service: str, *, attempts: int = 6, read_timeout: float = 60.0) -> Any:
    """A boto3 client from the environment's credentials, region and endpoint; raises RegistryError without boto3.

    ``attempts`` is how often a call is tried in all: few where a client waits for the answer. ``read_timeout`` is how
    many seconds a call waits for its answer.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise RegistryError("s3:// needs boto3, which is not installed here: pip install 'lightship[s3]'") from None
    make: Any = boto3.client  # typed for each service by its literal name
    signing = _signing() if service == "s3" else {}
    retries: Any = {"mode": "adaptive", "total_max_attempts": attempts}
    return make(
        service,
        config=Config(connect_timeout=3, read_timeout=read_timeout, retries=retries, tcp_keepalive=True, **signing),
    )


def _signing() -> dict[str, Any]:
    """How S3's addresses are signed: so that they work in every region, with a KMS key and for a bucket just made.

    boto3 by itself signs them by an older rule, for an address that sends a new bucket's first callers elsewhere.
    """
    if os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        return {"signature_version": "s3v4"}  # somebody else's S3 need not have a host for each bucket
    return {"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}}


def put(s3: Any, *, etag: str | None, **parameters: Any) -> str | None:
    """Put an object in place of the one with this etag (None: of none), and return the new one's etag.

    ``parameters`` are ``put_object``'s. None, and nothing done, where another object is there, or the one is not.
    """
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    try:
        return str(s3.put_object(**parameters, **condition)["ETag"])
    except s3.exceptions.ClientError as error:
        if code(error) in UNMET or (etag is not None and code(error) in MISSING):
            return None
        raise
