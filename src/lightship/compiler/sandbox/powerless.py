"""Prove that the credentials of this environment open nothing: the second of the two proofs of the sandbox.

A child process on Lambda can read the credentials of its function, whatever the kernel offers. Where these are denied
on S3, SQS, DynamoDB and EventBridge, there is nothing to lose. The probe asks each service for what a hostile file
would want, and accepts one answer only: access denied. Success, silence, an invalid token and any other error prove
nothing. No call changes anything where it is allowed: the write to S3 is conditional on an etag that no object has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lightship.compiler.sandbox.unproven import Unproven

# What the four services answer to a principal without the right, by their documentation.
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})

# An etag is 32 hexadecimal digits, for parts followed by their number: no object has this one.
_NO_ETAG = '"lightship-probe"'


@dataclass(frozen=True)
class Credentials:
    """What the probe needs: the credentials of this environment, and the object that the job is about.

    Attributes:
        bucket: the bucket whose rights a hostile file would want.
        key: the object that is compiled: a role that may read it is not the worker's.
        access_key, secret_key, token: from the environment; empty where there are none.
        region: of the four services.
        endpoint: instead of AWS's own; empty for those.
    """

    bucket: str
    key: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    region: str
    endpoint: str = ""

    @classmethod
    def of_function(cls, bucket: str, key: str, environ: Mapping[str, str]) -> Credentials:
        """Take the credentials that Lambda gives a function, from its environment."""
        return cls(
            bucket=bucket,
            key=key,
            access_key=environ.get("AWS_ACCESS_KEY_ID", ""),
            secret_key=environ.get("AWS_SECRET_ACCESS_KEY", ""),
            token=environ.get("AWS_SESSION_TOKEN", ""),
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", ""),
            endpoint=environ.get("AWS_ENDPOINT_URL", ""),
        )

    def to_json(self) -> dict[str, str]:
        """As JSON holds it, for the child process."""
        return asdict(self)


def prove(record: Mapping[str, str]) -> None:
    """Show that every probe is denied; ``order`` is :meth:`Credentials.to_json`'s. Raises Unproven.

    Needs the network. Afterwards nothing here keeps the credentials.
    """
    if not record:
        raise Unproven("nothing says which credentials there are to be tried out")
    credentials = Credentials(**record)
    if not (credentials.access_key and credentials.secret_key and credentials.region):
        raise Unproven("this environment has no credentials whose rights could be tried out")
    for service, operation, call in _probes(credentials):
        _expect_denied(service, operation, call)


def _probes(credentials: Credentials) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    s3 = _client("s3", credentials)
    location = {"Bucket": credentials.bucket, "Key": credentials.key}
    yield "S3", "GetObject", lambda: s3.get_object(**location)
    yield "S3", "ListObjectsV2", lambda: s3.list_objects_v2(Bucket=credentials.bucket, MaxKeys=1)
    yield "S3", "PutObject", lambda: s3.put_object(**location, Body=b"", IfMatch=_NO_ETAG)
    yield "S3", "ListBuckets", s3.list_buckets
    sqs = _client("sqs", credentials)
    yield "SQS", "ListQueues", sqs.list_queues
    dynamodb = _client("dynamodb", credentials)
    yield "DynamoDB", "ListTables", dynamodb.list_tables
    events = _client("events", credentials)
    yield "EventBridge", "ListRules", events.list_rules
    entry = {"Source": "lightship", "DetailType": "Sandbox Probe", "Detail": "{}"}
    yield "EventBridge", "PutEvents", lambda: events.put_events(Entries=[entry])


def _expect_denied(service: str, operation: str, call: Callable[[], Any]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _DENIED:
            return
        raise Unproven(f"{service} answers {operation} with {_printable(code)} and not with access denied") from None
    except BotoCoreError as error:
        raise Unproven(f"{service} does not answer {operation} ({type(error).__name__})") from None
    raise Unproven(f"the credentials of this environment are allowed {operation} on {service}")


def _client(service: str, credentials: Credentials) -> Any:
    from botocore.config import Config
    from botocore.session import Session

    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    config = Config(connect_timeout=3, read_timeout=10, retries=retries, proxies={})
    return Session().create_client(
        service,
        region_name=credentials.region,
        endpoint_url=credentials.endpoint or None,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token or None,
        config=config,
    )


def _printable(code: str) -> str:
    return "".join(letter for letter in code if letter.isalnum() or letter in "._-")[:60] or "an error without a code"
