"""Every call to a storage in turn: the worker dies before it takes effect, or just after, or is overtaken there."""

from __future__ import annotations

import random

import pytest

from tests.jobs.faults.cloud import Stage
from tests.jobs.faults.play import check_rows, play


@pytest.mark.parametrize("form", ["three parts", "gzip to one file"])
def test_a_worker_that_dies_anywhere_loses_and_doubles_nothing(theatre: Stage, form: str) -> None:
    undisturbed = play(theatre, form, {})
    check_rows(undisturbed.files)
    assert len(undisturbed.calls) > 25
    for number, name in enumerate(undisturbed.calls, start=1):
        for fault in ("killed before", "killed after"):
            found = play(theatre, form, {number: fault})
            assert found.failures == 1, f"{fault} call {number} ({name}) was not felt"
            assert found.files == undisturbed.files, f"{fault} call {number} ({name})"


@pytest.mark.parametrize("fault", ["overtaken", "twice"])
def test_two_workers_with_one_message_do_its_work_once(theatre: Stage, fault: str) -> None:
    """What is ``overtaken`` is a worker in the middle of its chunk, whose visibility timeout is over."""
    undisturbed = play(theatre, "two parts", {})
    for number, name in enumerate(undisturbed.calls, start=1):
        found = play(theatre, "two parts", {number: fault})
        assert (found.felt, found.failures) == (1, 0)
        assert found.files == undisturbed.files, f"{fault} at call {number} ({name})"


@pytest.mark.parametrize("form", ["three parts", "gzip to one file", "parquet"])
def test_messages_that_are_delivered_before_their_sender_goes_on_are_scored_alike(theatre: Stage, form: str) -> None:
    undisturbed = play(theatre, form, {})
    sendings = [number for number, name in enumerate(undisturbed.calls, start=1) if name == "SendMessageBatch"]
    assert sendings
    for number in sendings:
        found = play(theatre, form, {number: "delivered at once"})
        assert (found.felt, found.failures) == (1, 0)
        assert found.files == undisturbed.files, f"delivered at once at call {number}"


@pytest.mark.parametrize("skew", [60.0, 1_000.0, 86_400.0])
def test_clocks_that_differ_change_nothing(theatre: Stage, skew: float) -> None:
    """Leases that seem over are not, and the other way round: by more than a lease's time, and by a day."""
    undisturbed = play(theatre, "three parts", {})
    for seed in range(3):
        found = play(theatre, "three parts", {9 + seed: "overtaken"}, random.Random(seed), skew)
        assert found.files == undisturbed.files, f"seed {seed}"
