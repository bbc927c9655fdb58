"""Addresses that S3's client signs: what they are on AWS itself, and where somebody else plays it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from lightship import aws
from tests.jobs.clouds import SETTINGS


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("", "https://models.s3.eu-west-1.amazonaws.com/a%2520b"),
        ("http://minio:9000", "http://minio:9000/models/a%2520b"),
    ],
)
def test_an_address_is_the_regions_own_and_signed_by_the_rule_of_today(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, address: str
) -> None:
    for name, value in {**SETTINGS, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    if not endpoint:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
    client = aws.client("s3")
    signed = urlsplit(client.generate_presigned_url("put_object", Params={"Bucket": "models", "Key": "a%20b"}))
    client.close()
    assert f"{signed.scheme}://{signed.netloc}{signed.path}" == address
    assert parse_qs(signed.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
