"""Clients of AWS with adaptive retries: the only package that imports boto3 to make one."""

from __future__ import annotations

from typing import Any

from lightship.aws.errors import advice, code, complaint, detail, reason
from lightship.extras import missing_extra

__all__ = ["DENIED", "MISSING", "UNMET", "advice", "client", "code", "complaint", "detail", "put", "reason"]

# What S3 says by name, or by HTTP status where an answer has no body: that an object, or this version of it, is not
# there; that it may not be read; that a condition does not hold, or that another write decides it just now.
MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
DENIED = frozenset({"AccessDenied", "403"})
UNMET = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})


def client(service: str, *, attempts: int = 6, read_timeout: float = 60.0) -> Any:
    """A boto3 client from the environment's credentials, region and endpoint; raises MissingExtra without boto3.

    ``attempts`` is how often a call is tried in all: few where a client waits for the answer. ``read_timeout`` is how
    many seconds a call waits for its answer.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise missing_extra("s3", "AWS") from None
    make: Any = boto3.client  # typed for each service by its literal name
    retries: Any = {"mode": "adaptive", "total_max_attempts": attempts}
    signing: Any = {"signature_version": "s3v4"} if service == "s3" else {}
    made = make(
        service,
        config=Config(connect_timeout=3, read_timeout=read_timeout, retries=retries, tcp_keepalive=True, **signing),
    )
    if service == "s3":
        made.meta.events.register_first("before-endpoint-resolution.s3", _keep_region)
    return made


def _keep_region(context: dict[str, Any], **_: Any) -> None:
    """Sign addresses of the region's own endpoint: they work with a KMS key and for a bucket just made.

    boto3 by itself signs addresses of the global endpoint, which redirects a new bucket's first clients elsewhere.
    """
    context["use_global_endpoint"] = False


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
