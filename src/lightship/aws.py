"""The only door to boto3: clients with patient, adaptive retries. Imported by those who really go to AWS."""

from __future__ import annotations

import os
from typing import Any

from lightship.errors import RegistryError

# What S3 says by name, or by HTTP status where an answer has no body: that an object, or this version of it, is not
# there; that it may not be read; that a condition does not hold, or that another write decides it just now.
MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
DENIED = frozenset({"AccessDenied", "403"})
UNMET = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})

# What boto3 calls it when nobody answers.
_SILENT = {"EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError"}


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


def code(error: BaseException) -> str:
    """AWS's own code of an error; the name of its class for one that AWS did not answer with."""
    response: Any = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


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


def advice(error: BaseException | None) -> str:
    """What a terminal can do about an endpoint that does not answer, to end a sentence; empty for any other error."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint or type(error).__name__ not in _SILENT:
        return ""
    return (
        f"; AWS_ENDPOINT_URL is {endpoint}: if that was a `lightship up` that has ended, its variables are still set "
        "here: use another terminal, or `unset AWS_ENDPOINT_URL LIGHTSHIP_REGISTRY`"
    )


def complaint(error: BaseException) -> str | None:
    """What went wrong between here and AWS, as one sentence; None for an error that is not boto3's.

    boto3 need not be there: its errors are known by where they come from.
    """
    origins = {base.__module__.partition(".")[0] for base in type(error).__mro__}
    if not origins & {"boto3", "botocore", "s3transfer"}:
        return None
    text = " ".join(str(error).split())
    match type(error).__name__:
        case "NoCredentialsError" | "PartialCredentialsError":
            return (
                f"AWS is not asked without credentials: {text} (log in with the AWS command line, or set AWS_PROFILE)"
            )
        case "NoRegionError":
            return "AWS is not asked without a region: set AWS_DEFAULT_REGION"
        case name if name in _SILENT:
            return f"AWS does not answer: {text}{advice(error)}"
    return f"AWS refuses: {text}" if hasattr(error, "response") else f"AWS cannot be asked: {text}"
