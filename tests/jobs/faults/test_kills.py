"""A fault at every call in turn: the worker is killed or overtaken there."""

from __future__ import annotations

import random

import pytest

from tests.jobs.faults.cloud import Harness
from tests.jobs.faults.scenario import CASES, check_images, check_rows, run_job


@pytest.mark.parametrize("form", ["three parts", "gzip to one file", "images", "tar files"])
def test_worker_killed_at_any_call_loses_and_doubles_nothing(harness: Harness, form: str) -> None:
    """Kill a worker after each call: before the next one it would have done the same."""
    baseline = run_job(harness, form, {})
    if (case := CASES[form]).model == "digits":
        check_images(baseline.files, case.key)
    else:
        check_rows(baseline.files)
    assert len(baseline.calls) > 25
    assert {"GetObject", "PutObject", "UpdateItem", "SendMessageBatch"} < set(baseline.calls)  # of every client
    for number, name in enumerate(["no call", *baseline.calls]):
        found = run_job(harness, form, {number: "killed after"} if number else {1: "killed before"})
        assert found.failures == 1, f"call {number} ({name}) was not reached"
        assert found.files == baseline.files, f"killed after call {number} ({name})"


def test_worker_killed_while_loading_model_loses_nothing(harness: Harness) -> None:
    baseline, warm = run_job(harness, "two parts", {}, cold=True), run_job(harness, "two parts", {})
    assert len(baseline.calls) > len(warm.calls)
    first = next(number for number, name in enumerate(warm.calls, start=1) if baseline.calls[number - 1] != name)
    for number in range(first - 1, first + len(baseline.calls) - len(warm.calls)):
        found = run_job(harness, "two parts", {number: "killed after"}, cold=True)
        assert (found.failures, found.files) == (1, baseline.files), f"killed after call {number}"


@pytest.mark.parametrize("fault", ["overtaken", "twice"])
def test_workers_with_same_message_write_equal_output(harness: Harness, fault: str) -> None:
    """``overtaken``: the visibility timeout ended while a worker was at its chunk."""
    baseline = run_job(harness, "two parts", {})
    for number, name in enumerate(baseline.calls, start=1):
        found = run_job(harness, "two parts", {number: fault})
        assert (found.injected, found.failures) == (1, 0)
        assert found.files == baseline.files, f"{fault} at call {number} ({name})"


@pytest.mark.parametrize("form", ["three parts", "gzip to one file", "parquet"])
def test_messages_delivered_before_sender_continues_give_equal_output(harness: Harness, form: str) -> None:
    baseline = run_job(harness, form, {})
    sendings = [number for number, name in enumerate(baseline.calls, start=1) if name == "SendMessageBatch"]
    assert sendings
    for number in sendings:
        found = run_job(harness, form, {number: "delivered at once"})
        assert (found.injected, found.failures) == (1, 0)
        assert found.files == baseline.files, f"delivered at once at call {number}"


@pytest.mark.parametrize("skew", [60.0, 1_000.0, 86_400.0])
def test_clock_skew_gives_equal_output(harness: Harness, skew: float) -> None:
    """Leases seem to have ended, or not, by more than LEASE and by a day."""
    baseline = run_job(harness, "three parts", {})
    for seed in range(3):
        found = run_job(harness, "three parts", {9 + seed: "overtaken"}, random.Random(seed), skew)
        assert found.files == baseline.files, f"seed {seed}"
