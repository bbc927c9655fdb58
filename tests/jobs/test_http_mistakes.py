"""Errors of ``/jobs``: invalid requests and internal failures.

The response is one sentence in the native protocol's format.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lightship.jobs.cloud import Cloud
from tests.bundles import Registries
from tests.jobs.clouds import drop
from tests.jobs.faults.scenario import DATA
from tests.jobs.http_client import JOB, KEY, MISSING_ID, Client, app_of, client

WRONG: list[tuple[Any, int, str]] = [
    (b"{", 400, "JSON"),
    (b"", 400, "JSON"),
    (b"[]", 400, "JSON"),
    (b'{"model": NaN}', 400, "JSON"),
    (b"[" * 5000, 400, "JSON"),
    (b'{"model": "quickstart", "key": "\\ud800"}', 400, "JSON"),
    (b"x" * 100_001, 413, "100000"),
    ({}, 400, "'model'"),
    ({"model": "quickstart"}, 400, "'key'"),
    ({"upload": None}, 400, "'upload'"),
    ({"upload": {}}, 400, "'upload.name'"),
    ({"upload": {"name": "a/b.csv"}}, 400, ""),
    ({"upload": {"name": "a\x00.csv"}}, 400, ""),
    ({"upload": {"name": "p.csv", "size": "12"}}, 400, "'upload.size'"),
    ({"upload": {"name": "p.csv", "size": -1}}, 400, "'upload.size'"),
    ({"upload": {"name": "p.png", "folder": 1}}, 400, "'upload.folder'"),
    (
        {"upload": {"name": "p.png", "folder": "uploads/ann/1/"}},
        404,
        "'uploads/ann/1/'",
    ),
    ({"upload": {"name": "p.csv"}, "model": "quickstart"}, 400, "'model'"),
    (JOB | {"speed": 2}, 400, "'speed'"),
    (JOB | {"y" * 50_000: 2}, 400, "'yyyy"),
    (JOB | {"model": 3}, 400, "'model'"),
    (JOB | {"model": "../state"}, 400, "'model'"),
    (JOB | {"model": "missing"}, 404, "'missing'"),
    (JOB | {"version": 9}, 404, "version 9"),
    (JOB | {"version": True}, 400, "'version'"),
    (JOB | {"version": 0}, 400, "'version'"),
    (JOB | {"options": {"speed": 2}}, 400, "'speed'"),
    (JOB | {"options": {"threshold": "1"}}, 400, "'options.threshold' must be a number, not '1'"),
    (JOB | {"options": {"target": "t" * 2000}}, 400, "'target'"),
    (JOB | {"options": {"header": "no"}}, 400, "'options.header' must be true or false, not 'no'"),
    (JOB | {"options": []}, 400, "'options'"),
    (JOB | {"run": 1}, 400, "'run'"),
    (JOB | {"run": "r" * 201}, 400, "'run'"),
    (JOB | {"parts": {"upload": "u", "etags": []}}, 400, "'parts.etags'"),
    (JOB | {"parts": {"upload": "u", "etags": ["e"]}, "key": "uploads/ann/1/p.csv"}, 404, ""),
    (JOB | {"key": "uploads/ann/1/p.csv"}, 404, "'uploads/ann/1/p.csv'"),
    (JOB | {"key": "batch/quickstart/input/p.csv"}, 404, ""),
    (JOB | {"key": "models/quickstart/state.json"}, 404, ""),
    (JOB | {"key": "uploads/anonymous/../ann/1/p.csv"}, 404, ""),
    (JOB | {"key": "uploads/anonymous/2/p.csv"}, 404, ""),
    (JOB | {"key": "uploads/anonymous/" + "k" * 2000}, 400, "'key'"),
    (JOB | {"key": "uploads/anonymous/" + "ä" * 600 + ".csv"}, 404, ""),
    (JOB | {"parts": {"upload": "unknown-upload", "etags": ["e"]}, "key": "uploads/anonymous/2/p.csv"}, 404, ""),
    (JOB | {"key": "uploads/anonymous/1/p.xls"}, 415, ""),
]


@pytest.mark.parametrize(("body", "status", "named"), WRONG, ids=lambda value: str(value)[:60])
def test_invalid_body_is_refused_and_named(send: Client, cloud: Cloud, body: Any, status: int, named: str) -> None:
    drop(cloud, KEY, DATA)
    drop(cloud, "uploads/anonymous/1/p.xls", DATA)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = send("POST", "/jobs", content=content)
    error = answer.json()["error"]
    assert (answer.status_code, error.keys()) == (status, {"code", "message"})
    assert named in error["message"]
    assert len(error["message"]) < 400
    assert "\n" not in error["message"]
    assert cloud.sqs.sent == []


@pytest.mark.parametrize(
    ("media_type", "status"), [("text/csv", 415), ("", 200), ("application/json; charset=utf-8", 200)]
)
def test_body_media_type_other_than_json_is_refused(send: Client, media_type: str, status: int) -> None:
    headers = {"content-type": media_type} if media_type else {}
    answer = send("POST", "/jobs", content=b'{"upload": {"name": "p.csv"}}', headers=headers)
    assert answer.status_code == status


def test_body_compressed_with_gzip_is_read(send: Client) -> None:
    packed = gzip.compress(b'{"upload": {"name": "p.csv"}}')
    assert send("POST", "/jobs", content=packed, headers={"content-encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize("job", ["x", MISSING_ID, MISSING_ID.upper() + "A", "k" * 3000, "pin%23x", "%00", "ä"])
def test_job_id_malformed_is_not_found(send: Client, job: str) -> None:
    for method, what in [
        ("GET", ""),
        ("GET", "/output/x"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("POST", "/close"),
    ]:
        answer = send(method, f"/jobs/{job}{what}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert len(answer.json()["error"]["message"]) < 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/jobs", "GET, POST"),
        ("PUT", f"/jobs/{MISSING_ID}", "GET"),
        ("GET", f"/jobs/{MISSING_ID}/cancel", "POST"),
        ("PATCH", f"/jobs/{MISSING_ID}/close", "POST"),
    ],
)
def test_method_not_allowed_names_allowed_methods(send: Client, method: str, path: str, allowed: str) -> None:
    answer = send(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["error"]["message"] == f"{path} takes {allowed}, not {method}"


@pytest.mark.parametrize("limit", ["0", "101", "many", "1.5", ""])
def test_limit_out_of_range_is_refused(send: Client, limit: str) -> None:
    answer = send("GET", f"/jobs?limit={limit}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_input")


def test_server_without_stack_is_not_found_with_hint(registries: Registries) -> None:
    send = client(app_of(registries, None))
    body = {"upload": {"name": "p.csv"}}
    for answer in (send("POST", "/jobs", json=body), send("GET", "/jobs"), send("POST", f"/jobs/{MISSING_ID}/cancel")):
        assert answer.status_code == 404
        assert "`lightship up`" in answer.json()["error"]["message"]


THROTTLED = ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "m"}}, "GetItem")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (THROTTLED, 503, "unavailable"),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), 503, "unavailable"),
        (ZeroDivisionError("internal"), 500, "internal"),
    ],
)
def test_internal_failure_is_answered_and_logged_with_correlation_id(
    registries: Registries,
    cloud: Cloud,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    status: int,
    code: str,
) -> None:
    class Failing:
        def get_paginator(self, _: str) -> None:
            raise failure

    send = client(app_of(registries, replace(cloud, dynamodb=Failing())))
    answer = send("GET", "/jobs", headers={"x-correlation-id": "c-1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert [record.getMessage() for record in caplog.records] == ["GET /jobs failed, correlation c-1"]
