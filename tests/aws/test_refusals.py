"""What S3 refuses, or answers badly: every request says why, in bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from lightship import aws
from lightship.aws.objects import Objects
from tests.jobs.faults.proxy import Proxy, Refusal, proxy

# S3's refusals, and words of their explanation.
REFUSALS = {
    Refusal(400, "ExpiredToken"): "expired",
    Refusal(400, "AuthorizationHeaderMalformed", "eu-west-1"): "AWS_DEFAULT_REGION=eu-west-1",
    Refusal(301, "PermanentRedirect", "eu-west-1"): "another region",
    Refusal(403, "AccessDenied"): "do not allow",
    Refusal(403, "InvalidAccessKeyId"): "AWS_ACCESS_KEY_ID",
    Refusal(403, "RequestTimeTooSkewed"): "clock",
    Refusal(403, "SignatureDoesNotMatch"): "secret key",
    Refusal(404, "NoSuchBucket"): "no such bucket",
    Refusal(500, "InternalError"): "internal error",
    Refusal(503, "SlowDown"): "throttles",
}
REQUESTS: dict[str, Callable[[Objects], object]] = {
    "get": lambda objects: objects.get("a/b"),
    "read": lambda objects: b"".join(found.blocks) if (found := objects.read("a/b")) else None,
    "head": lambda objects: objects.head("a/b"),
    "changed": lambda objects: objects.changed("a/b", '"0"'),
    "list": lambda objects: list(objects.list("a/")),
    "folders": lambda objects: objects.folders("a/"),
    "put": lambda objects: objects.put("a/c", b"x", etag=None),
    "replace": lambda objects: objects.put("a/b", b"x", etag='"0"'),
}
by_request = pytest.mark.parametrize("request_name", REQUESTS)


@pytest.fixture
def objects(network: Proxy, bucket: str) -> Objects:
    return Objects(bucket, attempts=2, seconds=0.5)


@pytest.fixture
def network(bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    assert Objects(bucket).put("a/b", bytes(100_000), etag=None)
    with proxy(s3_endpoint) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        yield server


def failure(objects: Objects, name: str) -> aws.ObjectsError:
    """Return the error of a request, which must be raised within seconds."""
    start = time.monotonic()
    with pytest.raises(aws.ObjectsError) as failed:
        REQUESTS[name](objects)
    assert time.monotonic() - start < 30
    return failed.value


@by_request
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_request_refused_raises_reason(network: Proxy, objects: Objects, refusal: Refusal, request_name: str) -> None:
    network.begin(lambda number: refusal)
    if (request_name, refusal.code) == ("head", "NoSuchBucket"):  # as a missing object: HEAD has no body
        assert objects.head("a/b") is None
        return
    error = failure(objects, request_name)
    assert REFUSALS[refusal] in aws.reason(error)
    assert aws.reason(error).endswith(f"({refusal.code})") or refusal.status >= 500
    assert network.requests <= 9


@by_request
@pytest.mark.parametrize("fault", ["reset", "lost", "silent"])
def test_request_without_answer_names_network(network: Proxy, objects: Objects, fault: str, request_name: str) -> None:
    network.begin(lambda number: fault)
    assert aws.reason(failure(objects, request_name)).startswith("AWS does not answer")


@pytest.mark.parametrize("fault", ["truncated", "short"])
@pytest.mark.parametrize("request_name", ["get", "read", "list", "folders"])
def test_answer_always_cut_short_raises_and_returns_nothing(
    network: Proxy, objects: Objects, request_name: str, fault: str
) -> None:
    network.begin(lambda number: fault)
    assert aws.reason(failure(objects, request_name)).startswith("AWS does not answer")
