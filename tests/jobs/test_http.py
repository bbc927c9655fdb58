"""``/jobs`` through ASGI and Lambda events: each caller has only its own jobs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import LEASE
from lightship.jobs.split import plan
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.jobs.clouds import drop, moto_cloud, objects_below
from tests.jobs.faults.scenario import DATA
from tests.jobs.http_client import JOB, KEY, MISSING_ID, Client, app_of, client
from tests.jobs.jobs import exhaust_attempts
from tests.jobs.workers import run
from tests.serve import core, gateway

ANN, BOB = ({"iam": {"userArn": f"arn:aws:iam::123456789012:user/{name}"}} for name in ("ann", "bob"))


@pytest.fixture
def invoke(registries: Registries, cloud: Cloud, mangum_loop: None) -> Callable[..., tuple[int, Any]]:
    """Return a function that calls the Lambda handler as a caller.

    It takes the caller, a method, a path and a body.
    """
    handler = gateway(core(registries.examples, jobs=lambda: cloud))

    def call(authorizer: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        event = json.loads((ROOT / "events" / "predict.json").read_text())
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event["requestContext"]["authorizer"] = authorizer
        answer = handler(event | {"rawPath": path, "body": None if body is None else json.dumps(body)}, None)
        return answer["statusCode"], json.loads(answer["body"])

    return call


def test_jobs_api_from_upload_to_receipt(send: Client, cloud: Cloud) -> None:
    upload = send("POST", "/jobs", json={"upload": {"name": "p.csv", "size": len(DATA)}})
    assert upload.status_code == 200
    assert upload.json().keys() == {"key", "folder", "url"}
    httpx.put(upload.json()["url"], content=DATA, trust_env=False).raise_for_status()
    started = send("POST", "/jobs", json={"model": "quickstart", "key": upload.json()["key"], "options": {"chunk": 50}})
    assert started.status_code == 202
    job = started.json()
    assert (job["state"], job["progress"], job["correlation"]) == (
        "splitting",
        None,
        started.headers["x-correlation-id"],
    )
    run(cloud)
    done = send("GET", f"/jobs/{job['id']}").json()
    assert (done["state"], done["progress"], done["rows"]["total"]) == ("done", 1.0, 9)
    assert json.loads(objects_below(cloud, done["receipt"])[done["receipt"]])["job"] == job["id"]
    assert send("GET", "/jobs").json() == {"jobs": [done]}
    nothing = send("GET", f"/jobs/{job['id']}/output/part-99999.csv")
    assert nothing.status_code == 404
    assert nothing.json()["error"]["message"].startswith("the job has no output 'part-99999.csv'")
    sent = send("GET", f"/jobs/{job['id']}/output/receipt.json")
    assert sent.status_code == 307
    assert sent.headers["location"].partition("?")[0].endswith(f"/{done['receipt']}")
    for name in ("nothing.csv", "n" * 1100, "", "../x"):
        answer = send("GET", f"/jobs/{job['id']}/output/{quote(name, safe='')}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_jobs_api_header_option_is_applied(send: Client, cloud: Cloud) -> None:
    drop(cloud, KEY, b"n/a,patient,-\n1,2,3\n")
    jobs = [send("POST", "/jobs", json=JOB | {"options": {"header": header}}).json() for header in (True, False)]
    run(cloud)
    wrong, right = (send("GET", f"/jobs/{job['id']}").json() for job in jobs)
    assert (wrong["state"], "lacks the column" in wrong["reason"]) == ("failed", True)
    assert (right["state"], right["rows"]) == ("done", {"total": 2, "done": 2, "rejected": 1})


def test_upload_images_share_folder(registries: Registries) -> None:
    with moto_cloud(registries.examples, "digits") as cloud:
        send = client(app_of(registries, cloud))
        seven = (ROOT / "examples" / "digits" / "seven.png").read_bytes()
        folder = ""
        for name in ("1.png", "2.png"):
            upload = send("POST", "/jobs", json={"upload": {"name": name, "folder": folder}}).json()
            folder = folder or upload["folder"]
            assert upload["key"] == folder + name
            drop(cloud, upload["key"], seven)
        job = send("POST", "/jobs", json={"model": "digits", "key": folder}).json()["id"]
        run(cloud)
        assert send("GET", f"/jobs/{job}").json()["rows"] == {"total": 2, "done": 2, "rejected": 0}
        assert send("POST", "/jobs", json={"model": "digits", "key": folder}).json()["id"] == job


@pytest.mark.parametrize(
    "folder",
    [
        *(
            "x",
            "/",
            "uploads/",
            "uploads/anonymous/",
            f"uploads/anonymous/{MISSING_ID}",
            f"uploads/anonymous/{MISSING_ID}/a/",
        ),
        *(
            f"uploads/ann/{MISSING_ID}/",
            f"uploads/anonymous/../ann/{MISSING_ID}/",
            "batch/quickstart/input/",
            "models/quickstart/1/",
        ),
    ],
)
def test_upload_folder_not_of_caller_is_not_found(send: Client, folder: str) -> None:
    answer = send("POST", "/jobs", json={"upload": {"name": "1.png", "folder": folder}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "among your uploads" in answer.json()["error"]["message"]


def test_jobs_api_same_request_is_same_job(send: Client, cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    first, again = (send("POST", "/jobs", json=JOB) for _ in range(2))
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert send("POST", "/jobs", json=JOB | {"run": "again"}).json()["id"] != first.json()["id"]
    assert send("POST", "/jobs", json=JOB | {"version": 1}).json()["id"] == first.json()["id"]
    assert len(send("GET", "/jobs").json()["jobs"]) == 2
    assert len(send("GET", "/jobs?limit=1").json()["jobs"]) == 1


def test_upload_in_parts_completed_twice_is_same_job(send: Client, cloud: Cloud) -> None:
    upload = send("POST", "/jobs", json={"upload": {"name": "p.csv", "size": 6 * 1024**3}}).json()
    assert len(upload["parts"]) == -(-6 * 1024**3 // upload["part_bytes"])
    part = {"Bucket": "jobs", "Key": upload["key"], "UploadId": upload["upload"]}
    etag = cloud.s3.upload_part(**part, PartNumber=1, Body=DATA)["ETag"]
    body = {"model": "quickstart", "key": upload["key"], "parts": {"upload": upload["upload"], "etags": ['"wrong"']}}
    wrong = send("POST", "/jobs", json=body)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "invalid_input")
    body["parts"]["etags"] = [etag]
    first, again = (send("POST", "/jobs", json=body) for _ in range(2))
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    run(cloud)
    assert send("GET", f"/jobs/{first.json()['id']}").json()["rows"]["total"] == 9
    body["key"] = KEY
    assert send("POST", "/jobs", json=body).status_code == 404


def test_upload_with_part_bytes_returns_parts_of_size(send: Client, cloud: Cloud) -> None:
    part = 5 * 1024**2
    wanted = {"name": "p.csv", "size": 2 * part + 1, "part_bytes": part}
    upload = send("POST", "/jobs", json={"upload": wanted}).json()
    assert (upload["part_bytes"], len(upload["parts"])) == (part, 3)
    assert "url" in send("POST", "/jobs", json={"upload": wanted | {"size": part}}).json()
    many = send("POST", "/jobs", json={"upload": wanted | {"size": 2000 * part}}).json()
    assert (many["part_bytes"], len(many["parts"])) == (2 * part, 1000)


@pytest.mark.parametrize("part_bytes", [5 * 1024**2 - 1, 5 * 1024**3 + 1])
def test_upload_with_part_bytes_beyond_limits_is_refused(send: Client, part_bytes: int) -> None:
    answer = send("POST", "/jobs", json={"upload": {"name": "p.csv", "size": 1, "part_bytes": part_bytes}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_input")


def test_upload_too_large_is_refused(send: Client) -> None:
    answer = send("POST", "/jobs", json={"upload": {"name": "p.csv", "size": 2**50}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_input")


def test_upload_urls_of_largest_file_fit_response(send: Client) -> None:
    answer = send("POST", "/jobs", json={"upload": {"name": "p.csv", "size": 1000 * 5 * 1024**3}})
    assert len(answer.json()["parts"]) == 1000
    assert answer.json()["part_bytes"] <= 5 * 1024**3
    assert len(answer.content) < 2 * 1024**2  # Lambda's limit is 6 MB; a role's session token doubles each URL


def test_jobs_api_cancel_retry_and_close(send: Client, cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    body = JOB | {"options": {"chunk": 50}}
    job = send("POST", "/jobs", json=body).json()["id"]
    refused = send("POST", f"/jobs/{job}/close")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_input")
    assert send("POST", f"/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert "run token" in send("POST", f"/jobs/{job}/retry").json()["error"]["message"]
    other = send("POST", "/jobs", json=body | {"run": "again"}).json()["id"]
    cloud.sqs.sent.pop(0)  # the cancelled job's
    run_split(cloud)
    exhaust_attempts(cloud, 1)
    run(cloud)
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert send("GET", f"/jobs/{other}").json()["state"] == "incomplete"
    assert send("POST", f"/jobs/{other}/retry").json()["state"] == "running"
    assert [message for _, message in cloud.sqs.sent if "chunk" in message]
    cloud.sqs.sent.clear()
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    exhaust_retry(cloud, other)
    assert "ScoreTimeout" in send("GET", f"/jobs/{other}").json()["reason"]
    assert send("POST", f"/jobs/{other}/close").json()["state"] == "running"
    assert run(cloud) == ["closed"]
    closed = send("GET", f"/jobs/{other}").json()
    assert (closed["state"], closed["receipt"]) == ("closed", f"batch/quickstart/output/{other}/receipt.json")


def run_split(cloud: Cloud) -> None:
    """Split the file, as the split queue's function does."""
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)


def exhaust_retry(cloud: Cloud, job: str) -> None:
    """Deliver the retried chunk's message five times to a failing worker."""
    cloud.sqs.sent = [("score", {"schema": 1, "chunk": {"job": job, "index": 1}})]
    exhaust_attempts(cloud, 1)
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]


# Ownership.


def test_job_of_other_caller_is_not_found(invoke: Callable[..., tuple[int, Any]], cloud: Cloud) -> None:
    _, upload = invoke(ANN, "POST", "/jobs", {"upload": {"name": "p.csv"}})
    drop(cloud, upload["key"], DATA)
    body = {"model": "quickstart", "key": upload["key"]}
    status, job = invoke(ANN, "POST", "/jobs", body)
    assert (status, job["state"], job["correlation"]) == (202, "splitting", "lightship-predict")
    run(cloud)
    path = f"/jobs/{job['id']}"
    assert invoke(ANN, "GET", path)[1]["state"] == "done"
    assert [found["id"] for found in invoke(ANN, "GET", "/jobs")[1]["jobs"]] == [job["id"]]
    assert invoke(BOB, "GET", "/jobs") == (200, {"jobs": []})
    assert invoke(BOB, "POST", "/jobs", body)[0] == 404
    absent = invoke(BOB, "GET", f"/jobs/{MISSING_ID}")[1]["error"]["message"].replace(MISSING_ID, job["id"])
    for method, where in [
        ("GET", ""),
        ("GET", "/output/receipt.json"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("POST", "/close"),
    ]:
        status, answer = invoke(BOB, method, path + where)
        assert (status, answer["error"]["message"]) == (404, absent)


@pytest.mark.parametrize("authorizer", [None, {"lambda": {"tier": "gold"}}, {"jwt": {"claims": {"iss": "https://i"}}}])
def test_jobs_api_caller_without_identity_is_forbidden(invoke: Callable[..., tuple[int, Any]], authorizer: Any) -> None:
    for method, path, body in [("POST", "/jobs", {"upload": {"name": "p.csv"}}), ("GET", "/jobs", None)]:
        status, answer = invoke(authorizer, method, path, body)
        assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert invoke(authorizer, "POST", "/predict", {"input": [1.0, 2.0, 3.0]})[0] == 200


def test_jobs_api_token_is_one_caller_and_missing_token_is_refused(registries: Registries, cloud: Cloud) -> None:
    send = client(app_of(registries, cloud, token="sesame"))
    body = {"upload": {"name": "p.csv"}}
    assert send("POST", "/jobs", json=body).status_code == 401
    upload = send("POST", "/jobs", json=body, headers={"authorization": "Bearer sesame"}).json()
    assert upload["key"].startswith("uploads/token/")


def test_upload_prefix_of_long_caller_name_is_unique(invoke: Callable[..., tuple[int, Any]], cloud: Cloud) -> None:
    keys = set()
    for end in "ab":
        caller = {"jwt": {"claims": {"iss": "https://id.example.org", "sub": "ö" * 250 + end}}}
        _, upload = invoke(caller, "POST", "/jobs", {"upload": {"name": f"{'n' * 196}.csv"}})
        drop(cloud, upload["key"], DATA)  # S3 keys have at most 1024 bytes
        assert invoke(caller, "POST", "/jobs", {"model": "quickstart", "key": upload["key"]})[0] == 202
        keys.add(upload["key"].split("/")[1])
    assert len(keys) == 2


def test_slow_table_does_not_block_other_requests(registries: Registries, cloud: Cloud) -> None:
    begun, answered = Event(), Event()

    class Slow:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: Any) -> list[dict[str, Any]]:
            begun.set()
            assert answered.wait(30)
            return [{"Items": []}]

    async def both() -> list[int]:
        transport = httpx.ASGITransport(app_of(registries, replace(cloud, dynamodb=Slow())))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://lightship") as session:
            jobs = asyncio.create_task(session.get("/jobs"))
            assert await asyncio.to_thread(begun.wait, 30)
            live = await session.get("/health/live")
            answered.set()
            return [live.status_code, (await jobs).status_code]

    assert asyncio.run(both()) == [200, 200]


# Correlation ids.


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "ä", "tab\there"])
def test_correlation_id_invalid_is_replaced(send: Client, given: str) -> None:
    answer = send("GET", "/jobs", headers={"x-correlation-id": given.encode("latin-1")})
    assert answer.headers["x-correlation-id"] not in {"", given}
    assert answer.headers["x-correlation-id"].isascii()


def test_correlation_id_is_returned_for_errors_too(send: Client) -> None:
    for path, status in [("/jobs", 200), (f"/jobs/{MISSING_ID}", 404), ("/jobs?limit=0", 400)]:
        answer = send("GET", path, headers={"x-correlation-id": "c-1"})
        assert (answer.status_code, answer.headers["x-correlation-id"]) == (status, "c-1")


# OpenAPI.


def test_openapi_examples_of_jobs_are_accepted(send: Client, cloud: Cloud) -> None:
    described = send("GET", "/openapi.json").json()["paths"]["/jobs"]["post"]["requestBody"]["content"]
    examples = described["application/json"]["examples"]
    upload = send("POST", "/jobs", json=examples["upload"]["value"]).json()
    drop(cloud, upload["key"], DATA)
    assert send("POST", "/jobs", json=examples["job"]["value"] | {"key": upload["key"]}).status_code == 202


def test_openapi_jobs_routes_have_summary_and_error_responses(send: Client) -> None:
    paths = send("GET", "/openapi.json").json()["paths"]
    summaries = [
        operation["summary"] for path in paths if path.startswith("/jobs") for operation in paths[path].values()
    ]
    assert len(summaries) == 7
    assert all(len(summary.split()) > 2 for summary in summaries)
    operations = [each for path, found in paths.items() if path.startswith("/jobs") for each in found.values()]
    assert len(operations) == 7
    assert not [each for each in operations if "422" in each["responses"] or "4XX" not in each["responses"]]
