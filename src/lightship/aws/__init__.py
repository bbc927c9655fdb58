"""AWS clients with adaptive retries: the only package that creates them."""

from __future__ import annotations

import sys
from typing import Any

from lightship.aws.errors import (
    CONFLICT,
    DENIED,
    MISSING,
    ObjectsError,
    advice,
    code,
    describe,
    detail,
    reason,
)
from lightship.extras import missing_extra

__all__ = [
    "CONFLICT",
    "DENIED",
    "MISSING",
    "ObjectsError",
    "advice",
    "client",
    "code",
    "describe",
    "detail",
    "disconnect",
    "put",
    "reason",
]


def client(service: str, *, attempts: int = 6, read_timeout: float = 60.0) -> Any:
    """Return a boto3 client of a service.

    Credentials, region and endpoint come from the environment. ``attempts`` is the total number of attempts of a call:
    few where a client waits for the response. ``read_timeout`` is in seconds. Raises MissingExtra without boto3.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise missing_extra("aws", "AWS") from None
    create: Any = boto3.client  # typed for each service by its literal name
    retries: Any = {"mode": "adaptive", "total_max_attempts": attempts}
    signing: Any = {"signature_version": "s3v4"} if service == "s3" else {}
    created = create(
        service,
        config=Config(connect_timeout=3, read_timeout=read_timeout, retries=retries, tcp_keepalive=True, **signing),
    )
    if service == "s3":
        created.meta.events.register_first("before-endpoint-resolution.s3", _keep_region)
    return created


def disconnect() -> None:
    """Drop connections and credentials; later requests make new ones.

    boto3 clients that exist keep theirs.
    """
    from lightship.aws import objects

    objects.close_all()
    if "boto3" in sys.modules:
        import boto3

        boto3.setup_default_session()


def _keep_region(context: dict[str, Any], **_: Any) -> None:
    """Sign URLs of the regional endpoint.

    They work with a KMS key and for a new bucket. boto3's default is the global endpoint, which redirects the first
    requests for a new bucket to another host.
    """
    context["use_global_endpoint"] = False


def put(s3: Any, *, etag: str | None, **parameters: Any) -> str | None:
    """Put an object if the present one has this etag, and return the new etag.

    ``etag`` None: if there is no object. ``parameters`` are those of ``put_object``. Returns None, and writes nothing,
    where the condition does not hold or another conditional write of the object is in progress.
    """
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    try:
        return str(s3.put_object(**parameters, **condition)["ETag"])
    except s3.exceptions.ClientError as error:
        if code(error) in CONFLICT or (etag is not None and code(error) in MISSING):
            return None
        raise
