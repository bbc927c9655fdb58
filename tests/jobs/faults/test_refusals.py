"""A bucket that refuses for a while: nothing is lost, and the error says why."""

from __future__ import annotations

import pytest

from lightship import aws
from lightship.errors import NotFound, RegistryError
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import Options, Request
from tests.aws.test_refusals import REFUSALS
from tests.bundles import Registries
from tests.jobs.clouds import drop, objects_below, watched
from tests.jobs.faults.proxy import Proxy, Refusal
from tests.jobs.faults.scenario import CHUNK_BYTES, DATA, check_rows
from tests.jobs.http_client import app_of, client
from tests.jobs.jobs import KEY
from tests.jobs.workers import handle

by_refusal = pytest.mark.parametrize(
    "refusal", [each for each in REFUSALS if each.code != "NoSuchBucket"], ids=lambda refusal: refusal.code
)


@by_refusal
def test_job_of_refusing_bucket_continues_afterwards(cloud: Cloud, refusal: Refusal) -> None:
    """Handle each message twice: first, S3 refuses everything from some request on."""
    drop(cloud, KEY, DATA)
    request = Request(owner="ann", model="quickstart", key=KEY, options=Options(chunk=CHUNK_BYTES))
    with watched(cloud, attempts=1) as (worker, network):
        network.begin(lambda number: refusal)
        with pytest.raises((aws.ObjectsError, NotFound)) as refused:
            operations.start(worker, request)
        assert explained(refused.value, refusal)
        network.begin(lambda number: "")
        job = operations.start(worker, request)
        delivered = 0
        while cloud.sqs.sent:
            queue, message = cloud.sqs.sent.pop(0)
            network.begin(lambda number, allowed=delivered % 3: refusal if number > allowed else "")
            refuse(worker, network, queue, message, refusal)
            network.begin(lambda number: "")
            handle(queue, message, worker)
            delivered += 1
        assert operations.status(worker, owner="ann", job=job.id).state == "done"
        assert delivered >= 4
    check_rows(objects_below(cloud, job.output))


def refuse(worker: Cloud, network: Proxy, queue: str, message: dict[str, object], refusal: Refusal) -> None:
    """Handle a message, which fails unless it needs no more requests than are allowed."""
    try:
        handle(queue, message, worker)
    except (aws.ObjectsError, RegistryError) as error:
        assert explained(error, refusal)
    else:
        assert not network.injected


def explained(error: Exception, refusal: Refusal) -> bool:
    """Return whether an error says why S3 refused, or that an object cannot be read."""
    if isinstance(error, NotFound):
        return refusal.code == "AccessDenied" and "not allowed" in str(error)
    return REFUSALS[refusal] in (aws.reason(error) if isinstance(error, aws.ObjectsError) else str(error))


@by_refusal
def test_jobs_api_with_refusing_bucket_answers_503_or_404(
    cloud: Cloud, registries: Registries, refusal: Refusal
) -> None:
    drop(cloud, "uploads/anonymous/1/p.csv", DATA)
    body = {"model": "quickstart", "key": "uploads/anonymous/1/p.csv"}
    with watched(cloud, attempts=1) as (worker, network):
        send = client(app_of(registries, worker))
        network.begin(lambda number: refusal)
        answer = send("POST", "/jobs", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) in {(503, "unavailable"), (404, "not_found")}
        assert (answer.status_code == 404) == (refusal.code == "AccessDenied")  # as for a missing object
        assert refusal.code not in answer.text  # it names the deployment's credentials and regions
        network.begin(lambda number: "")
        assert send("POST", "/jobs", json=body).status_code == 202
