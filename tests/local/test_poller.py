"""Event source mappings over moto's SQS.

No test sleeps: SQS's long polling waits for messages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lightship.local.functions.poller import Poller, Polling
from lightship.local.template.parts import SourceMapping
from tests.local.conftest import Event, FakeFunction, returning

Make = Callable[..., SourceMapping]
Send = Callable[..., None]
Remaining = Callable[[SourceMapping], tuple[int, int]]


def fail(event: Event) -> Any:
    raise RuntimeError("boom")


def test_poller_handled_batch_is_deleted(sqs: Any, make_mapping: Make, send: Send, remaining: Remaining) -> None:
    mapping, function = make_mapping(batch_size=2), FakeFunction()
    send(mapping, "1", "2", "3")
    poller = Poller(mapping, function, sqs)
    assert [poller.poll_once(), poller.poll_once(), poller.poll_once()] == [2, 1, 0]
    assert function.bodies == [["1", "2"], ["3"]]
    assert remaining(mapping) == (0, 0)


def test_poller_event_has_records_of_lambda(sqs: Any, make_mapping: Make) -> None:
    mapping, function = make_mapping(), FakeFunction()
    attributes = {
        "who": {"DataType": "String", "StringValue": "me"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    sqs.send_message(QueueUrl=mapping.queue.url, MessageBody='{"a": 1}', MessageAttributes=attributes)
    Poller(mapping, function, sqs).poll_once()
    (record,) = function.events[0]["Records"]
    assert set(record) == {
        *("messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody", "eventSource"),
        *("eventSourceARN", "awsRegion"),
    }
    assert record["body"] == '{"a": 1}'
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == mapping.queue.arn
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(record["attributes"])
    empty = {"stringListValues": [], "binaryListValues": []}
    assert record["messageAttributes"] == {
        "who": {"stringValue": "me", "dataType": "String", **empty},
        "raw": {"binaryValue": "AAE=", "dataType": "Binary", **empty},
    }


def test_poller_redelivers_only_reported_failures(
    sqs: Any, make_mapping: Make, send: Send, remaining: Remaining
) -> None:
    mapping, function = make_mapping(), FakeFunction(returning("2"))
    send(mapping, "1", "2", "3")
    poller = Poller(mapping, function, sqs, Polling(redeliver=0))
    assert [poller.poll_once(), poller.poll_once(wait=3)] == [3, 1]
    assert function.bodies == [["1", "2", "3"], ["2"]]
    assert function.events[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"
    assert remaining(mapping) == (0, 0)


@pytest.mark.parametrize(
    "behaviour",
    [fail, lambda event: {"batchItemFailures": [{"itemIdentifier": "unknown"}]}, lambda event: "nonsense"],
    ids=["raises", "an unknown id", "malformed"],
)
def test_poller_failed_or_malformed_result_redelivers_whole_batch(
    sqs: Any, make_mapping: Make, send: Send, behaviour: Callable[[Event], Any]
) -> None:
    mapping, function, failures = make_mapping(), FakeFunction(behaviour), []
    send(mapping, "1", "2")
    poller = Poller(
        mapping, function, sqs, Polling(redeliver=0), on_failure=lambda mapping, reason: failures.append(reason)
    )
    poller.poll_once()
    poller.poll_once(wait=3)
    assert function.bodies == [["1", "2"], ["1", "2"]]
    assert len(failures) == 1


def test_poller_without_reports_ignores_result(sqs: Any, make_mapping: Make, send: Send, remaining: Remaining) -> None:
    mapping, function = make_mapping(reports=False), FakeFunction(returning("1"))
    send(mapping, "1")
    Poller(mapping, function, sqs, Polling(redeliver=0)).poll_once()
    assert remaining(mapping) == (0, 0)


def test_poller_failure_is_redelivered_after_visibility_timeout(sqs: Any, make_mapping: Make, send: Send) -> None:
    mapping, function = make_mapping(visibility=1), FakeFunction(fail)
    send(mapping, "1")
    poller = Poller(mapping, function, sqs)
    assert [poller.poll_once(), poller.poll_once()] == [1, 0]
    assert poller.poll_once(wait=5) == 1


def test_poller_message_after_max_receive_count_is_dead_letter(
    sqs: Any, make_mapping: Make, send: Send, remaining: Remaining
) -> None:
    mapping, function = make_mapping(dead=2), FakeFunction(fail, fail)
    send(mapping, "poison")
    poller = Poller(mapping, function, sqs, Polling(redeliver=0))
    assert [poller.poll_once(), poller.poll_once(wait=3)] == [1, 1]
    assert poller.poll_once(wait=1) == 0
    assert function.bodies == [["poison"], ["poison"]]
    assert remaining(mapping) == (0, 1)


def test_poller_fifo_group_keeps_order_after_failure_without_blocking_other_groups(
    sqs: Any, make_mapping: Make, send: Send, remaining: Remaining
) -> None:
    mapping = make_mapping(fifo=True)
    function = FakeFunction(returning("a/2", "a/3"))
    send(mapping, "a/1", "b/1", "a/2", "b/2", "a/3")
    poller = Poller(mapping, function, sqs, Polling(redeliver=0))
    poller.poll_once()
    send(mapping, "a/4")
    while poller.poll_once(wait=3) and remaining(mapping) != (0, 0):
        pass
    seen = [body for bodies in function.bodies for body in bodies]
    assert seen[:5] == ["a/1", "b/1", "a/2", "b/2", "a/3"]
    assert seen[5:] == ["a/2", "a/3", "a/4"]
    first = function.events[0]["Records"][0]["attributes"]
    assert first["MessageGroupId"] == "a"


def test_poller_fifo_group_in_flight_is_not_received_by_other_poller(sqs: Any, make_mapping: Make, send: Send) -> None:
    mapping = make_mapping(fifo=True, batch_size=1)
    send(mapping, "a/1", "a/2", "b/1")
    others = FakeFunction()

    def meanwhile(event: Event) -> None:
        other = Poller(mapping, others, sqs)
        while other.poll_once():
            pass

    Poller(mapping, FakeFunction(meanwhile), sqs).poll_once()
    assert others.bodies == [["b/1"]]


def test_poller_batching_window_gathers_several_receives(sqs: Any, make_mapping: Make, send: Send) -> None:
    mapping, function = make_mapping(batch_size=12, window=60), FakeFunction()
    send(mapping, *map(str, range(11)))
    poller = Poller(mapping, function, sqs)
    thread = threading.Thread(target=poller.poll_once)
    thread.start()
    send(mapping, "last")  # fills the batch before the window of a minute ends
    thread.join(30)
    assert sorted(map(len, function.bodies)) == [12]


def test_poller_batching_window_ends_with_partial_batch(sqs: Any, make_mapping: Make, send: Send) -> None:
    mapping, function = make_mapping(batch_size=12, window=1), FakeFunction()
    send(mapping, "1")
    assert Poller(mapping, function, sqs).poll_once() == 1


@pytest.mark.parametrize(("slots", "concurrency", "most"), [(5, 2, 2), (3, None, 3)])
def test_poller_batches_in_flight_are_limited(
    sqs: Any, make_mapping: Make, send: Send, remaining: Remaining, slots: int, concurrency: int | None, most: int
) -> None:
    mapping = replace(make_mapping(batch_size=1), concurrency=concurrency)
    lock, done, together = threading.Lock(), threading.Event(), threading.Barrier(most)
    running = peak = handled = 0

    class Counting:
        def invoke(self, event: Event) -> None:
            nonlocal running, peak, handled
            with lock:
                running += 1
                peak = max(peak, running)
            together.wait(30)  # requires the maximum of concurrent invocations
            with lock:
                running -= 1
                handled += 1
                if handled == 2 * most:
                    done.set()

    send(mapping, *map(str, range(2 * most)))
    poller = Poller(mapping, Counting(), sqs, Polling(slots))
    poller.start()
    assert done.wait(30)
    poller.stop()
    assert peak == most


def test_poller_unreachable_queue_is_reported(sqs: Any, make_mapping: Make) -> None:
    mapping = make_mapping()
    unreachable = replace(mapping, queue=replace(mapping.queue, url=f"{mapping.queue.url}-unreachable"))
    failed = threading.Event()
    poller = Poller(unreachable, FakeFunction(), sqs, Polling(1), on_failure=lambda mapping, reason: failed.set())
    poller.start()
    assert failed.wait(30)
    poller.stop()
    assert poller.join(5)
