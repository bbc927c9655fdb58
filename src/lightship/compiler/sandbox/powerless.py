"""Proof that the credentials of this environment permit nothing.

A child process on Lambda can read the credentials of its function, whatever the kernel confines. Where S3, SQS,
DynamoDB and EventBridge deny them everything, a hostile model file gains nothing by reading them. The probe calls each
service and accepts access denied as the only answer: success, a timeout, an invalid token and any other error prove
nothing. If a call is allowed, it changes no data: the write to S3 is conditional on an ETag that no object has, and
PutEvents sends one event of the type "Sandbox Probe", which matches no rule of the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lightship.compiler.sandbox.unproven import Unproven

# Error codes of the four services for a principal without permission, from their documentation.
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})

# An ETag is 32 hexadecimal digits, for a multipart upload followed by the number of parts: no object has this one.
_NO_ETAG = '"lightship-probe"'


@dataclass(frozen=True)
class Credentials:
    """Credentials of this environment, and the S3 object that is compiled.

    Attributes:
        bucket: the bucket of the object.
        key: the object's key. The role of a powerless worker may not read it.
        access_key, secret_key, token: from the environment; empty where they are not set.
        region: region of the four services.
        endpoint: URL that replaces AWS's endpoints; empty for AWS's.
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
        """Return the credentials that Lambda sets in a function's environment."""
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
        """Return the credentials as JSON for the child process."""
        return asdict(self)


def prove(record: Mapping[str, str]) -> None:
    """Check that every call of the probe is denied; raises Unproven.

    ``record`` is the result of :meth:`Credentials.to_json`. Needs the network. No reference to the credentials is kept.
    """
    if not record:
        raise Unproven("no credentials to check were given")
    credentials = Credentials(**record)
    if not (credentials.access_key and credentials.secret_key and credentials.region):
        raise Unproven("this environment has no credentials or no region to check")
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
        raise Unproven(f"{service} answered {operation} with {_printable(code)} instead of access denied") from None
    except BotoCoreError as error:
        raise Unproven(f"{service} did not answer {operation} ({type(error).__name__})") from None
    raise Unproven(f"the credentials of this environment permit {operation} on {service}")


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
    return "".join(char for char in code if char.isalnum() or char in "._-")[:60] or "an error without a code"
