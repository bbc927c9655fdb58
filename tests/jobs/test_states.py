"""Jobs with given-up chunks: incomplete until retried, closed or done."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from lightship.errors import InvalidInput
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import retries
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import ATTEMPTS, LEASE, SILENCE, Job
from lightship.jobs.ledger.requests import Request
from lightship.jobs.score import score
from lightship.jobs.split import plan
from tests.jobs.clouds import drop, objects_below
from tests.jobs.faults.scenario import DATA
from tests.jobs.jobs import KEY, exhaust_attempts, started, status, take_message
from tests.jobs.workers import run


def test_job_with_given_up_chunk_is_incomplete_until_retried(cloud: Cloud) -> None:
    job = started(cloud)
    exhaust_attempts(cloud, 1)
    assert status(cloud, job).state == "running"
    run(cloud)
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    assert status(cloud, job).state == "running"
    run(cloud)
    assert status(cloud, job).state == "done"


def test_chunk_of_crashed_workers_is_given_up_after_last_lease(cloud: Cloud) -> None:
    job = started(cloud)
    take_message(cloud, 1)
    for _ in range(ATTEMPTS):
        Ledger(cloud).chunks.claim(job.id, 1, LEASE)
    run(cloud)
    assert status(cloud, job).state == "running"
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"


def test_job_with_lost_messages_is_incomplete_after_silence(cloud: Cloud) -> None:
    """SQS counts deliveries that the ledger does not: a function could not start."""
    job = started(cloud)
    cloud.sqs.sent.clear()
    cloud.now.seconds += SILENCE - 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "running"
    cloud.now.seconds += 2  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    operations.close(cloud, owner="ann", job=job.id)
    assert status(cloud, job).state == "running"
    cloud.sqs.sent.clear()
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    assert run(cloud) == ["closed"]
    receipt = json.loads(objects_below(cloud, job.output)[f"{job.output}receipt.json"])
    assert sum(missing["rows"] for missing in receipt["missing"]) == 9


def test_splitting_never_claimed_is_incomplete_after_silence(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY))
    cloud.sqs.sent.clear()
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    assert status(cloud, job).state == "splitting"
    run(cloud)
    assert status(cloud, job).state == "done"


def test_job_incomplete_after_silence_is_finished_by_late_messages(cloud: Cloud) -> None:
    job = started(cloud)
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    run(cloud)
    assert status(cloud, job).state == "done"


def test_silent_job_with_active_lease_is_running(cloud: Cloud) -> None:
    job = started(cloud)
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    Ledger(cloud).chunks.claim(job.id, 1, LEASE)
    assert status(cloud, job).state == "running"


def many(cloud: Cloud, *, dead: int) -> Job:
    """Start a job of 25 chunks without messages; the first ``dead`` failed five times."""
    job = started(cloud, b"1,2,3\n" * 25, chunk=6)
    cloud.sqs.sent.clear()
    ledger = Ledger(cloud)
    for index in range(dead):
        for _ in range(ATTEMPTS):
            chunk = ledger.chunks.claim(job.id, index, LEASE)
            assert chunk
            ledger.chunks.release(chunk)
    return job


def sent(cloud: Cloud) -> list[int]:
    return [message["chunk"]["index"] for _, message in cloud.sqs.sent]


def test_retry_interrupted_revives_only_sent_chunks(cloud: Cloud) -> None:
    class Refusing:
        def send_message_batch(self, **batch: Any) -> Any:
            if len(cloud.sqs.sent) >= 10:
                raise TimeoutError
            return cloud.sqs.send_message_batch(**batch)

    job = many(cloud, dead=25)
    assert status(cloud, job).state == "incomplete"
    with pytest.raises(TimeoutError):
        operations.retry(dataclasses.replace(cloud, sqs=Refusing()), owner="ann", job=job.id)
    revived = [chunk.index for chunk in Ledger(cloud).chunks.all(job.id) if not chunk.attempts]
    assert revived == sent(cloud) == list(range(10))
    run(cloud)
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 15
    run(cloud)
    assert status(cloud, job).state == "done"


def test_retry_sends_no_chunk_still_queued(cloud: Cloud) -> None:
    job = many(cloud, dead=12)
    retried = [operations.retry(cloud, owner="ann", job=job.id) for _ in range(3)]
    assert (retried, sent(cloud)) == ([12, 0, 0], list(range(12)))
    cloud.sqs.sent.clear()
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    retried = [operations.retry(cloud, owner="ann", job=job.id) for _ in range(3)]
    assert (retried, sent(cloud)) == ([25, 0, 0], list(range(25)))
    assert status(cloud, job).state == "running"


def test_retry_of_many_chunks_continues_in_background(cloud: Cloud) -> None:
    job = many(cloud, dead=25)
    steps = [retries.send(job, range(25), cloud, deadline=cloud.now() - 1)]
    while continuing := [entry for entry in cloud.sqs.sent if entry[0] == "split"]:
        cloud.sqs.sent.remove(continuing[0])
        steps.append(plan.handle(continuing[0][1], cloud, deadline=cloud.now() - 1))
    assert (steps, sent(cloud)) == (["continued", "continued", "retried"], list(range(25)))
    run(cloud)
    assert status(cloud, job).state == "done"


def test_release_of_failed_attempt_keeps_lease_of_later_attempt(cloud: Cloud) -> None:
    job = started(cloud)
    ledger = Ledger(cloud)
    first, second = (ledger.chunks.claim(job.id, 1, LEASE) for _ in range(2))
    assert first
    ledger.chunks.release(first)
    chunk = list(ledger.chunks.all(job.id))[1]
    assert second == chunk
    ledger.chunks.release(chunk)
    assert list(ledger.chunks.all(job.id))[1].lease == 0


def test_splitting_failing_each_attempt_is_incomplete_at_once(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY))
    (message,) = [message for _, message in cloud.sqs.sent]
    cloud.sqs.sent.clear()
    lost = dataclasses.replace(cloud, sqs=None)
    for _ in range(ATTEMPTS):
        assert status(cloud, job).state == "splitting"
        with pytest.raises(AttributeError):
            plan.handle(message, lost)
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    run(cloud)
    assert status(cloud, job).state == "done"


@pytest.mark.parametrize("missing", ["count", "receipt"])
def test_job_with_given_up_last_step_is_finished_by_retry(cloud: Cloud, missing: str) -> None:
    """Each worker crashes after the chunk is done, before the count or the receipt."""
    job = started(cloud)
    take_message(cloud, 1)
    run(cloud)
    ledger = Ledger(cloud)
    chunk = ledger.chunks.claim(job.id, 1, LEASE)
    assert chunk
    result = ledger.chunks.finish(chunk, score.score(ledger.jobs.find(job.id) or job, chunk, cloud))
    if missing == "receipt":
        ledger.tallies.count(job.id, 1, result)
    assert status(cloud, job).state == "running"
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    run(cloud)
    assert status(cloud, job).state == "done"


def test_close_incomplete_job_lists_missing_rows(cloud: Cloud) -> None:
    job = started(cloud)
    exhaust_attempts(cloud, 1)
    kept = list(cloud.sqs.sent)
    with pytest.raises(InvalidInput, match="running"):
        operations.close(cloud, owner="ann", job=job.id)
    run(cloud)
    operations.close(cloud, owner="ann", job=job.id)
    with pytest.raises(InvalidInput, match="receipt"):
        operations.cancel(cloud, owner="ann", job=job.id)
    assert run(cloud) == ["closed"]
    receipt = json.loads(objects_below(cloud, job.output)[f"{job.output}receipt.json"])
    assert receipt["complete"] is False
    (missing,) = receipt["missing"]
    assert receipt["rows"]["read"] + missing["rows"] == 9
    assert len(receipt["parts"]) == 2
    cloud.sqs.sent = kept
    assert set(run(cloud)) == {"closed"}
    assert operations.close(cloud, owner="ann", job=job.id).state == "closed"


def test_cancel_and_retry_of_done_job_are_refused(cloud: Cloud) -> None:
    job = started(cloud)
    run(cloud)
    with pytest.raises(InvalidInput, match="done"):
        operations.cancel(cloud, owner="ann", job=job.id)
    with pytest.raises(InvalidInput, match="run token"):
        operations.retry(cloud, owner="ann", job=job.id)


def test_retry_of_given_up_splitting_resets_attempts(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY))
    for _ in range(ATTEMPTS):
        Ledger(cloud).jobs.claim(job.id, LEASE)
    cloud.sqs.sent.clear()
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    assert status(cloud, job).state == "splitting"
    run(cloud)
    assert status(cloud, job).state == "done"
