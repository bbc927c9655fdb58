"""AWS clients, conditional writes and settings of the stack."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from botocore import exceptions

from lightship import aws
from lightship.aws.stack import StackSettings
from lightship.errors import SettingError
from lightship.jobs import cloud as clouds
from tests.moto_server import CREDENTIALS


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("", "https://models.s3.eu-west-1.amazonaws.com/a%2520b"),
        ("http://minio:9000", "http://minio:9000/models/a%2520b"),
    ],
)
def test_presigned_url_uses_regional_endpoint_and_signature_v4(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, address: str
) -> None:
    for name, value in {**CREDENTIALS, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    if not endpoint:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
    client = aws.client("s3")
    signed = urlsplit(client.generate_presigned_url("put_object", Params={"Bucket": "models", "Key": "a%20b"}))
    client.close()
    assert f"{signed.scheme}://{signed.netloc}{signed.path}" == address
    assert parse_qs(signed.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_disconnect_makes_later_clients_read_credentials_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def key() -> str:
        client = aws.client("s3")
        url = client.generate_presigned_url("get_object", Params={"Bucket": "models", "Key": "a"})
        client.close()
        return parse_qs(urlsplit(url).query)["X-Amz-Credential"][0].partition("/")[0]

    for value in ("BEFORE", "AFTER"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", value)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", value)
        aws.disconnect()
        assert key() == value
    monkeypatch.undo()
    aws.disconnect()


def test_put_with_etag_replaces_only_matching_object(bucket: str) -> None:
    s3 = aws.client("s3")
    target = {"Bucket": bucket, "Key": "a"}
    assert aws.put(s3, etag='"0"', **target, Body=b"0") is None  # no object yet
    first = aws.put(s3, etag=None, **target, Body=b"1")
    assert first is not None
    assert aws.put(s3, etag=None, **target, Body=b"2") is None
    second = aws.put(s3, etag=first, **target, Body=b"3")
    assert second is not None
    assert aws.put(s3, etag=first, **target, Body=b"4") is None
    found = s3.get_object(**target)
    assert (found["Body"].read(), found["ETag"]) == (b"3", second)
    with pytest.raises(s3.exceptions.NoSuchBucket) as raised:
        aws.put(s3, etag=None, Bucket=f"{bucket[:50]}-none", Key="a", Body=b"")
    assert aws.code(raised.value) == "NoSuchBucket"
    s3.close()


ENVIRON = {"LIGHTSHIP_BUCKET": "bucket", "LIGHTSHIP_REGISTRY": "s3://bucket/models"}
JOBS = ENVIRON | {"LIGHTSHIP_JOBS_TABLE": "jobs", "LIGHTSHIP_SPLIT_QUEUE": "split", "LIGHTSHIP_SCORE_QUEUE": "score"}
ARN = "arn:aws:sqs:eu-west-1:123456789012:"


def test_stack_settings_have_defaults_and_lists() -> None:
    stack = StackSettings.from_environment(ENVIRON | {"LIGHTSHIP_REPLY_QUEUES": "none"})
    assert (stack.event_bus, stack.reply_queues, stack.memory) == ("default", (), 0)
    lists = {"LIGHTSHIP_REPLY_QUEUES": f"{ARN}a, {ARN}b", "LIGHTSHIP_QUEUES": "score=http://q/s, split=http://q/t"}
    stack = StackSettings.from_environment(ENVIRON | lists)
    assert (stack.reply_queues, stack.queues) == (
        (f"{ARN}a", f"{ARN}b"),
        {"score": "http://q/s", "split": "http://q/t"},
    )


@pytest.mark.parametrize("name", ENVIRON)
def test_stack_settings_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingError, match=name):
        StackSettings.from_environment(ENVIRON | {name: ""})


@pytest.mark.parametrize("name", ["LIGHTSHIP_JOBS_TABLE", "LIGHTSHIP_SPLIT_QUEUE", "LIGHTSHIP_SCORE_QUEUE"])
def test_cloud_missing_jobs_variable_is_named(name: str) -> None:
    environ = JOBS | {name: ""}
    with pytest.raises(SettingError, match=name):
        clouds.connect(StackSettings.from_environment(environ))
    assert clouds.from_environment(environ) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIGHTSHIP_REPLY_QUEUES", "a"),
        ("LIGHTSHIP_QUEUES", "score"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much"),
    ],
)
def test_cloud_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{name}.*'{value}'"):
        clouds.from_environment(JOBS | {name: value})


@pytest.mark.parametrize("name", ["ReadTimeoutError", "ConnectionClosedError", "EndpointConnectionError", "SSLError"])
def test_error_of_silent_service_names_network_and_endpoint(name: str) -> None:
    error = getattr(exceptions, name)(endpoint_url="http://127.0.0.1:9", error="reset")
    assert aws.code(error) == name
    assert aws.reason(error).startswith("AWS does not answer")
    assert "http://127.0.0.1:9" in str(aws.describe(error))
