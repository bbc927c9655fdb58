"""Jobs whose chunks are given up: incomplete, until they are retried, closed or done after all."""

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
from tests.jobs.faults.play import DATA
from tests.jobs.jobs import KEY, exhausted, started, status, taken
from tests.jobs.workers import run


def test_a_job_whose_chunk_is_given_up_is_incomplete_until_it_is_retried(cloud: Cloud) -> None:
    job = started(cloud)
    exhausted(cloud, 1)
    assert status(cloud, job).state == "running"
    run(cloud)
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    assert status(cloud, job).state == "running"
    run(cloud)
    assert status(cloud, job).state == "done"


def test_a_chunk_whose_workers_died_is_given_up_when_the_last_ones_lease_is_over(cloud: Cloud) -> None:
    job = started(cloud)
    taken(cloud, 1)
    for _ in range(ATTEMPTS):
        Ledger(cloud).chunks.claim(job.id, 1, LEASE)
    run(cloud)
    assert status(cloud, job).state == "running"
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"


def test_a_job_whose_messages_died_before_a_worker_began_is_incomplete_in_the_end(cloud: Cloud) -> None:
    """SQS counts what the ledger never heard of: a function that could not start, or a table that refused."""
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


def test_a_splitting_that_nobody_began_is_incomplete_in_the_end(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY))
    cloud.sqs.sent.clear()
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    assert operations.retry(cloud, owner="ann", job=job.id) == 1
    assert status(cloud, job).state == "splitting"
    run(cloud)
    assert status(cloud, job).state == "done"


def test_a_job_that_only_waited_long_is_finished_by_its_messages(cloud: Cloud) -> None:
    job = started(cloud)
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    assert status(cloud, job).state == "incomplete"
    run(cloud)
    assert status(cloud, job).state == "done"


def test_a_worker_that_is_at_work_on_a_silent_job_keeps_it_running(cloud: Cloud) -> None:
    job = started(cloud)
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    Ledger(cloud).chunks.claim(job.id, 1, LEASE)
    assert status(cloud, job).state == "running"


def many(cloud: Cloud, *, dead: int) -> Job:
    """A job of 25 chunks, of which the first ``dead`` have failed five times; no message is left."""
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


def test_a_retry_that_is_cut_off_leaves_no_chunk_to_be_waited_for_in_vain(cloud: Cloud) -> None:
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


def test_a_retry_sends_nothing_that_waits_in_its_queue(cloud: Cloud) -> None:
    job = many(cloud, dead=12)
    retried = [operations.retry(cloud, owner="ann", job=job.id) for _ in range(3)]
    assert (retried, sent(cloud)) == ([12, 0, 0], list(range(12)))
    cloud.sqs.sent.clear()
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    retried = [operations.retry(cloud, owner="ann", job=job.id) for _ in range(3)]
    assert (retried, sent(cloud)) == ([25, 0, 0], list(range(25)))
    assert status(cloud, job).state == "running"


def test_a_long_retry_goes_on_in_the_background(cloud: Cloud) -> None:
    job = many(cloud, dead=25)
    steps = [retries.send(job, range(25), cloud, deadline=cloud.now() - 1)]
    while goes_on := [entry for entry in cloud.sqs.sent if entry[0] == "split"]:
        cloud.sqs.sent.remove(goes_on[0])
        steps.append(plan.handle(goes_on[0][1], cloud, deadline=cloud.now() - 1))
    assert (steps, sent(cloud)) == (["continued", "continued", "retried"], list(range(25)))
    run(cloud)
    assert status(cloud, job).state == "done"


def test_a_worker_that_fails_does_not_speak_for_the_one_after_it(cloud: Cloud) -> None:
    job = started(cloud)
    ledger = Ledger(cloud)
    first, second = (ledger.chunks.claim(job.id, 1, LEASE) for _ in range(2))
    assert first
    ledger.chunks.release(first)
    chunk = list(ledger.chunks.all(job.id))[1]
    assert second == chunk
    ledger.chunks.release(chunk)
    assert list(ledger.chunks.all(job.id))[1].lease == 0


def test_a_splitting_that_fails_every_time_is_incomplete_at_once(cloud: Cloud) -> None:
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
def test_a_job_whose_last_step_was_given_up_is_finished_by_a_retry(cloud: Cloud, missing: str) -> None:
    """The last message's worker dies each time when its chunk is done: before it counts it, or before the receipt."""
    job = started(cloud)
    taken(cloud, 1)
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


def test_an_incomplete_job_can_be_closed_with_what_it_has(cloud: Cloud) -> None:
    job = started(cloud)
    exhausted(cloud, 1)
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


def test_what_has_ended_can_neither_be_cancelled_nor_retried(cloud: Cloud) -> None:
    job = started(cloud)
    run(cloud)
    with pytest.raises(InvalidInput, match="done"):
        operations.cancel(cloud, owner="ann", job=job.id)
    with pytest.raises(InvalidInput, match="run token"):
        operations.retry(cloud, owner="ann", job=job.id)


def test_a_splitting_that_was_given_up_is_retried_with_all_its_attempts(cloud: Cloud) -> None:
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
