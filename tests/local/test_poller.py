"""Lambda's contract between a queue and a function, over moto's SQS. Nothing sleeps: SQS itself waits for messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lightship.local.functions.poller import Poller, Polling
from lightship.local.template.parts import SourceMapping
from tests.local.conftest import Event, Told, returning

Make = Callable[..., SourceMapping]
Send = Callable[..., None]
Left = Callable[[SourceMapping], tuple[int, int]]


def fail(event: Event) -> Any:
    raise RuntimeError("boom")


def test_a_batch_is_handled_and_deleted(sqs: Any, make_mapping: Make, send: Send, left: Left) -> None:
    mapping, function = make_mapping(batch_size=2), Told()
    send(mapping, "1", "2", "3")
    poller = Poller(mapping, function, sqs)
    assert [poller.turn(), poller.turn(), poller.turn()] == [2, 1, 0]
    assert function.bodies == [["1", "2"], ["3"]]
    assert left(mapping) == (0, 0)


def test_records_look_as_lambda_sends_them(sqs: Any, make_mapping: Make) -> None:
    mapping, function = make_mapping(), Told()
    attributes = {
        "who": {"DataType": "String", "StringValue": "me"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    sqs.send_message(QueueUrl=mapping.queue.url, MessageBody='{"a": 1}', MessageAttributes=attributes)
    Poller(mapping, function, sqs).turn()
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


def test_what_is_reported_comes_again_and_the_rest_does_not(
    sqs: Any, make_mapping: Make, send: Send, left: Left
) -> None:
    mapping, function = make_mapping(), Told(returning("2"))
    send(mapping, "1", "2", "3")
    poller = Poller(mapping, function, sqs, Polling(redeliver=0))
    assert [poller.turn(), poller.turn(wait=3)] == [3, 1]
    assert function.bodies == [["1", "2", "3"], ["2"]]
    assert function.events[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"
    assert left(mapping) == (0, 0)


@pytest.mark.parametrize(
    "behaviour",
    [fail, lambda event: {"batchItemFailures": [{"itemIdentifier": "nobody"}]}, lambda event: "nonsense"],
    ids=["raises", "an unknown id", "malformed"],
)
def test_a_failure_fails_the_whole_batch(
    sqs: Any, make_mapping: Make, send: Send, behaviour: Callable[[Event], Any]
) -> None:
    mapping, function, heard = make_mapping(), Told(behaviour), []
    send(mapping, "1", "2")
    poller = Poller(
        mapping, function, sqs, Polling(redeliver=0), complain=lambda mapping, sentence: heard.append(sentence)
    )
    poller.turn()
    poller.turn(wait=3)
    assert function.bodies == [["1", "2"], ["1", "2"]]
    assert len(heard) == 1


def test_without_reports_only_an_exception_fails_a_batch(sqs: Any, make_mapping: Make, send: Send, left: Left) -> None:
    mapping, function = make_mapping(reports=False), Told(returning("1"))
    send(mapping, "1")
    Poller(mapping, function, sqs, Polling(redeliver=0)).turn()
    assert left(mapping) == (0, 0)


def test_as_on_aws_a_failure_comes_again_when_its_visibility_timeout_is_over(
    sqs: Any, make_mapping: Make, send: Send
) -> None:
    mapping, function = make_mapping(visibility=1), Told(fail)
    send(mapping, "1")
    poller = Poller(mapping, function, sqs)
    assert [poller.turn(), poller.turn()] == [1, 0]
    assert poller.turn(wait=5) == 1


def test_after_so_many_deliveries_a_message_is_a_dead_letter(
    sqs: Any, make_mapping: Make, send: Send, left: Left
) -> None:
    mapping, function = make_mapping(dead=2), Told(fail, fail)
    send(mapping, "poison")
    poller = Poller(mapping, function, sqs, Polling(redeliver=0))
    assert [poller.turn(), poller.turn(wait=3)] == [1, 1]
    assert poller.turn(wait=1) == 0
    assert function.bodies == [["poison"], ["poison"]]
    assert left(mapping) == (0, 1)


def test_a_fifo_group_keeps_its_order_through_a_failure_and_does_not_hold_up_others(
    sqs: Any, make_mapping: Make, send: Send, left: Left
) -> None:
    mapping = make_mapping(fifo=True)
    function = Told(returning("a/2", "a/3"))
    send(mapping, "a/1", "b/1", "a/2", "b/2", "a/3")
    poller = Poller(mapping, function, sqs, Polling(redeliver=0))
    poller.turn()
    send(mapping, "a/4")
    while poller.turn(wait=3) and left(mapping) != (0, 0):
        pass
    seen = [body for bodies in function.bodies for body in bodies]
    assert seen[:5] == ["a/1", "b/1", "a/2", "b/2", "a/3"]
    assert seen[5:] == ["a/2", "a/3", "a/4"]
    first = function.events[0]["Records"][0]["attributes"]
    assert first["MessageGroupId"] == "a"


def test_a_group_in_flight_is_given_to_nobody_else(sqs: Any, make_mapping: Make, send: Send) -> None:
    mapping = make_mapping(fifo=True, batch_size=1)
    send(mapping, "a/1", "a/2", "b/1")
    others = Told()

    def meanwhile(event: Event) -> None:
        other = Poller(mapping, others, sqs)
        while other.turn():
            pass

    Poller(mapping, Told(meanwhile), sqs).turn()
    assert others.bodies == [["b/1"]]


def test_a_window_gathers_more_than_one_receive_gives(sqs: Any, make_mapping: Make, send: Send) -> None:
    mapping, function = make_mapping(batch_size=12, window=60), Told()
    send(mapping, *map(str, range(11)))
    poller = Poller(mapping, function, sqs)
    turn = threading.Thread(target=poller.turn)
    turn.start()
    send(mapping, "the last one")  # fills the batch: the window of a minute is not waited for
    turn.join(30)
    assert sorted(map(len, function.bodies)) == [12]


def test_a_window_that_ends_gives_what_there_is(sqs: Any, make_mapping: Make, send: Send) -> None:
    mapping, function = make_mapping(batch_size=12, window=1), Told()
    send(mapping, "1")
    assert Poller(mapping, function, sqs).turn() == 1


@pytest.mark.parametrize(("slots", "concurrency", "most"), [(5, 2, 2), (3, None, 3)])
def test_no_more_batches_are_in_flight_than_allowed(
    sqs: Any, make_mapping: Make, send: Send, left: Left, slots: int, concurrency: int | None, most: int
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
            together.wait(30)  # all that may be at work at the same time have to be
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


def test_a_queue_that_does_not_answer_is_complained_of_and_asked_again(sqs: Any, make_mapping: Make) -> None:
    mapping = make_mapping()
    gone = replace(mapping, queue=replace(mapping.queue, url=f"{mapping.queue.url}-gone"))
    heard = threading.Event()
    poller = Poller(gone, Told(), sqs, Polling(1), complain=lambda mapping, sentence: heard.set())
    poller.start()
    assert heard.wait(30)
    poller.stop()
    assert poller.join(5)
