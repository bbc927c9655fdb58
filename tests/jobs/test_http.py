"""``/jobs`` through ASGI and through Lambda's events: what a caller may ask for, of his own jobs only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
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
from tests.jobs.asking import JOB, KEY, NONE, Client, app_of, client
from tests.jobs.clouds import drop, moto_cloud, objects_below
from tests.jobs.faults.play import DATA
from tests.jobs.jobs import exhausted
from tests.jobs.workers import run
from tests.serve import core, gateway

ANN, BOB = ({"iam": {"userArn": f"arn:aws:iam::123456789012:user/{name}"}} for name in ("ann", "bob"))


@pytest.fixture
def invoke(registries: Registries, cloud: Cloud) -> Iterator[Callable[..., tuple[int, Any]]]:
    """The Lambda handler, given a caller, a method, a path and perhaps a body; Mangum takes the thread's event loop."""
    handler = gateway(core(registries.examples, jobs=lambda: cloud))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def call(authorizer: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        event = json.loads((ROOT / "events" / "predict.json").read_text())
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event["requestContext"]["authorizer"] = authorizer
        answer = handler(event | {"rawPath": path, "body": None if body is None else json.dumps(body)}, None)
        return answer["statusCode"], json.loads(answer["body"])

    yield call
    asyncio.set_event_loop(None)
    loop.close()


def test_from_the_upload_to_the_receipt(ask: Client, cloud: Cloud) -> None:
    place = ask("POST", "/jobs", json={"upload": {"name": "p.csv", "size": len(DATA)}})
    assert place.status_code == 200
    assert place.json().keys() == {"key", "folder", "url"}
    assert place.json()["url"].startswith("https://jobs.s3")
    drop(cloud, place.json()["key"], DATA)
    started = ask("POST", "/jobs", json={"model": "quickstart", "key": place.json()["key"], "options": {"chunk": 50}})
    assert started.status_code == 202
    job = started.json()
    assert (job["state"], job["progress"], job["correlation"]) == (
        "splitting",
        None,
        started.headers["x-correlation-id"],
    )
    run(cloud)
    done = ask("GET", f"/jobs/{job['id']}").json()
    assert (done["state"], done["progress"], done["rows"]["total"]) == ("done", 1.0, 9)
    assert json.loads(objects_below(cloud, done["receipt"])[done["receipt"]])["job"] == job["id"]
    assert ask("GET", "/jobs").json() == {"jobs": [done]}
    nothing = ask("GET", f"/jobs/{job['id']}/output/part-99999.csv")
    assert nothing.status_code == 404
    assert nothing.json()["error"]["message"].startswith("the job has no output 'part-99999.csv'")
    sent = ask("GET", f"/jobs/{job['id']}/output/receipt.json")
    assert sent.status_code == 307
    assert sent.headers["location"].partition("?")[0].endswith(f"/{done['receipt']}")
    for name in ("nothing.csv", "n" * 1100, "", "../x"):
        answer = ask("GET", f"/jobs/{job['id']}/output/{quote(name, safe='')}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_caller_says_whether_there_is_a_header(ask: Client, cloud: Cloud) -> None:
    drop(cloud, KEY, b"n/a,missing,-\n1,2,3\n")
    jobs = [ask("POST", "/jobs", json=JOB | {"options": {"header": header}}).json() for header in (True, False)]
    run(cloud)
    wrong, right = (ask("GET", f"/jobs/{job['id']}").json() for job in jobs)
    assert (wrong["state"], "the file lacks the column" in wrong["reason"]) == ("failed", True)
    assert (right["state"], right["rows"]) == ("done", {"total": 2, "done": 2, "rejected": 1})


def test_images_come_together_by_their_folder(registries: Registries) -> None:
    with moto_cloud(registries.examples, "digits") as cloud:
        ask = client(app_of(registries, cloud))
        seven = (ROOT / "examples" / "digits" / "seven.png").read_bytes()
        folder = ""
        for name in ("1.png", "2.png"):
            place = ask("POST", "/jobs", json={"upload": {"name": name, "folder": folder}}).json()
            folder = folder or place["folder"]
            assert place["key"] == folder + name
            drop(cloud, place["key"], seven)
        job = ask("POST", "/jobs", json={"model": "digits", "key": folder}).json()["id"]
        run(cloud)
        assert ask("GET", f"/jobs/{job}").json()["rows"] == {"total": 2, "done": 2, "rejected": 0}
        assert ask("POST", "/jobs", json={"model": "digits", "key": folder}).json()["id"] == job


@pytest.mark.parametrize(
    "folder",
    [
        *("x", "/", "uploads/", "uploads/anonymous/", f"uploads/anonymous/{NONE}", f"uploads/anonymous/{NONE}/a/"),
        *(
            f"uploads/ann/{NONE}/",
            f"uploads/anonymous/../ann/{NONE}/",
            "batch/quickstart/input/",
            "models/quickstart/1/",
        ),
    ],
)
def test_a_folder_that_no_upload_of_the_callers_was_given_is_not_there(ask: Client, folder: str) -> None:
    answer = ask("POST", "/jobs", json={"upload": {"name": "1.png", "folder": folder}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "among your uploads" in answer.json()["error"]["message"]


def test_the_same_request_again_is_the_same_job(ask: Client, cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    first, again = (ask("POST", "/jobs", json=JOB) for _ in range(2))
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert ask("POST", "/jobs", json=JOB | {"run": "again"}).json()["id"] != first.json()["id"]
    assert ask("POST", "/jobs", json=JOB | {"version": 1}).json()["id"] == first.json()["id"]
    assert len(ask("GET", "/jobs").json()["jobs"]) == 2
    assert len(ask("GET", "/jobs?limit=1").json()["jobs"]) == 1


def test_a_large_file_comes_in_parts_that_become_one_however_often_it_is_asked(ask: Client, cloud: Cloud) -> None:
    place = ask("POST", "/jobs", json={"upload": {"name": "p.csv", "size": 6 * 1024**3}}).json()
    assert len(place["parts"]) == -(-6 * 1024**3 // place["part_bytes"])
    upload = {"Bucket": "jobs", "Key": place["key"], "UploadId": place["upload"]}
    etag = cloud.s3.upload_part(**upload, PartNumber=1, Body=DATA)["ETag"]
    body = {"model": "quickstart", "key": place["key"], "parts": {"upload": place["upload"], "etags": ['"wrong"']}}
    wrong = ask("POST", "/jobs", json=body)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "invalid_input")
    body["parts"]["etags"] = [etag]
    first, again = (ask("POST", "/jobs", json=body) for _ in range(2))
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    run(cloud)
    assert ask("GET", f"/jobs/{first.json()['id']}").json()["rows"]["total"] == 9
    body["key"] = KEY
    assert ask("POST", "/jobs", json=body).status_code == 404


def test_a_file_without_end_is_refused_before_it_is_uploaded(ask: Client) -> None:
    answer = ask("POST", "/jobs", json={"upload": {"name": "p.csv", "size": 2**50}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_input")


def test_the_addresses_of_the_largest_file_fit_in_an_answer(ask: Client) -> None:
    answer = ask("POST", "/jobs", json={"upload": {"name": "p.csv", "size": 1000 * 5 * 1024**3}})
    assert len(answer.json()["parts"]) == 1000
    assert answer.json()["part_bytes"] <= 5 * 1024**3
    assert len(answer.content) < 2 * 1024**2  # of Lambda's 6; with a role's token each is as long again


def test_cancel_retry_and_close(ask: Client, cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    body = JOB | {"options": {"chunk": 50}}
    job = ask("POST", "/jobs", json=body).json()["id"]
    refused = ask("POST", f"/jobs/{job}/close")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_input")
    assert ask("POST", f"/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert "run token" in ask("POST", f"/jobs/{job}/retry").json()["error"]["message"]
    other = ask("POST", "/jobs", json=body | {"run": "again"}).json()["id"]
    cloud.sqs.sent.pop(0)  # the cancelled job's
    run_split(cloud)
    exhausted(cloud, 1)
    run(cloud)
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert ask("GET", f"/jobs/{other}").json()["state"] == "incomplete"
    assert ask("POST", f"/jobs/{other}/retry").json()["state"] == "running"
    assert [message for _, message in cloud.sqs.sent if "chunk" in message]
    cloud.sqs.sent.clear()
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    exhausted_again(cloud, other)
    assert "ScoreTimeout" in ask("GET", f"/jobs/{other}").json()["reason"]
    assert ask("POST", f"/jobs/{other}/close").json()["state"] == "running"
    assert run(cloud) == ["closed"]
    closed = ask("GET", f"/jobs/{other}").json()
    assert (closed["state"], closed["receipt"]) == ("closed", f"batch/quickstart/output/{other}/receipt.json")


def run_split(cloud: Cloud) -> None:
    """The splitting alone, as the split queue's function does it."""
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)


def exhausted_again(cloud: Cloud, job: str) -> None:
    """The chunk that was sent again dies five times more."""
    cloud.sqs.sent = [("score", {"schema": 1, "chunk": {"job": job, "index": 1}})]
    exhausted(cloud, 1)
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]


# Whose it is.


def test_a_job_is_its_callers_and_to_others_it_is_not_there(
    invoke: Callable[..., tuple[int, Any]], cloud: Cloud
) -> None:
    _, place = invoke(ANN, "POST", "/jobs", {"upload": {"name": "p.csv"}})
    drop(cloud, place["key"], DATA)
    body = {"model": "quickstart", "key": place["key"]}
    status, job = invoke(ANN, "POST", "/jobs", body)
    assert (status, job["state"], job["correlation"]) == (202, "splitting", "lightship-predict")
    run(cloud)
    path = f"/jobs/{job['id']}"
    assert invoke(ANN, "GET", path)[1]["state"] == "done"
    assert [found["id"] for found in invoke(ANN, "GET", "/jobs")[1]["jobs"]] == [job["id"]]
    assert invoke(BOB, "GET", "/jobs") == (200, {"jobs": []})
    assert invoke(BOB, "POST", "/jobs", body)[0] == 404
    absent = invoke(BOB, "GET", f"/jobs/{NONE}")[1]["error"]["message"].replace(NONE, job["id"])
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
def test_nobody_in_particular_owns_nothing_on_a_deployed_api(
    invoke: Callable[..., tuple[int, Any]], authorizer: Any
) -> None:
    for method, path, body in [("POST", "/jobs", {"upload": {"name": "p.csv"}}), ("GET", "/jobs", None)]:
        status, answer = invoke(authorizer, method, path, body)
        assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert invoke(authorizer, "POST", "/predict", {"input": [1.0, 2.0, 3.0]})[0] == 200


def test_a_token_is_one_caller_and_strangers_get_nowhere(registries: Registries, cloud: Cloud) -> None:
    ask = client(app_of(registries, cloud, token="sesame"))
    asked = {"upload": {"name": "p.csv"}}
    assert ask("POST", "/jobs", json=asked).status_code == 401
    place = ask("POST", "/jobs", json=asked, headers={"authorization": "Bearer sesame"}).json()
    assert place["key"].startswith("uploads/token/")


def test_a_caller_with_a_long_name_has_a_prefix_of_his_own(
    invoke: Callable[..., tuple[int, Any]], cloud: Cloud
) -> None:
    keys = set()
    for end in "ab":
        caller = {"jwt": {"claims": {"iss": "https://id.example.org", "sub": "ö" * 250 + end}}}
        _, place = invoke(caller, "POST", "/jobs", {"upload": {"name": f"{'n' * 196}.csv"}})
        drop(cloud, place["key"], DATA)  # S3 takes keys of 1024 bytes
        assert invoke(caller, "POST", "/jobs", {"model": "quickstart", "key": place["key"]})[0] == 202
        keys.add(place["key"].split("/")[1])
    assert len(keys) == 2


def test_a_slow_table_keeps_nobody_else_waiting(registries: Registries, cloud: Cloud) -> None:
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


# The id of a request.


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "ä", "tab\there"])
def test_an_id_that_could_spoil_a_log_is_replaced(ask: Client, given: str) -> None:
    answer = ask("GET", "/jobs", headers={"x-correlation-id": given.encode("latin-1")})
    assert answer.headers["x-correlation-id"] not in {"", given}
    assert answer.headers["x-correlation-id"].isascii()


def test_an_id_is_answered_with_also_where_the_answer_is_an_error(ask: Client) -> None:
    for path, status in [("/jobs", 200), (f"/jobs/{NONE}", 404), ("/jobs?limit=0", 400)]:
        answer = ask("GET", path, headers={"x-correlation-id": "c-1"})
        assert (answer.status_code, answer.headers["x-correlation-id"]) == (status, "c-1")


# The document.


def test_every_example_in_the_document_works(ask: Client, cloud: Cloud) -> None:
    described = ask("GET", "/openapi.json").json()["paths"]["/jobs"]["post"]["requestBody"]["content"]
    examples = described["application/json"]["examples"]
    place = ask("POST", "/jobs", json=examples["upload"]["value"]).json()
    drop(cloud, place["key"], DATA)
    assert ask("POST", "/jobs", json=examples["job"]["value"] | {"key": place["key"]}).status_code == 202


def test_the_document_denies_no_answer_of_validation(ask: Client) -> None:
    paths = ask("GET", "/openapi.json").json()["paths"]
    summaries = [
        operation["summary"] for path in paths if path.startswith("/jobs") for operation in paths[path].values()
    ]
    assert len(summaries) == 7
    assert all(len(summary.split()) > 2 for summary in summaries)
    operations = [each for path, found in paths.items() if path.startswith("/jobs") for each in found.values()]
    assert len(operations) == 7
    assert not [each for each in operations if "422" in each["responses"] or "4XX" not in each["responses"]]
