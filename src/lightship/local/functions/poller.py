"""Lambda's contract between a queue and a function: the event source mapping, which moto does not play.

A batch is deleted when the function has handled it. What it has not handled stays in the queue, is delivered again when
its visibility timeout is over, and goes to the dead-letter queue after maxReceiveCount deliveries. At least once: a
message may come twice, above all after a crash between handling and deleting.
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lightship.local.functions.records import Message, event, failures
from lightship.local.functions.workers import Function
from lightship.local.template.parts import SourceMapping

_MOST = 10  # messages that one call of SQS receives or deletes
_LONG_POLL_SECONDS = 10
_LOOK_SECONDS = 0.1  # within a batching window
_FIFO_LOOK_SECONDS = 0.5  # ten times a second would be seen in the latency of predictions

# Called with the mapping and one sentence, for every invocation that failed or reported failures.
Complaint = Callable[[SourceMapping, str], None]


@dataclass(frozen=True)
class Polling:
    """How a queue is polled.

    Attributes:
        slots: batches in flight at most; the mapping's own maximum counts where it is smaller.
        redeliver: seconds after which an unhandled message comes again; None for the queue's visibility timeout, as
            on AWS, where that is six times the function's timeout.
    """

    slots: int = 2
    redeliver: int | None = None


_POLLING = Polling()


class Poller:
    """One event source mapping.

    Args:
        mapping: queue, batch size and window, reports, maximum concurrency.
        function: invoked with one batch's event, by several threads at once.
        sqs: a boto3 client.
        polling: how many batches at a time, and when an unhandled message comes again.
        complain: called with every failure.
    """

    def __init__(
        self,
        mapping: SourceMapping,
        function: Function,
        sqs: Any,
        polling: Polling = _POLLING,
        *,
        complain: Complaint = lambda mapping, sentence: None,
    ) -> None:
        self.mapping = mapping
        self._function = function
        self._sqs = sqs
        self._redeliver = polling.redeliver
        self._complain = complain
        self._stopped = threading.Event()
        # One receives while others work: moto does not keep a FIFO group together for two at the same time.
        self._receiving = threading.Lock()
        count = max(1, min(polling.slots, mapping.concurrency or polling.slots))
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def start(self) -> None:
        """Poll until :meth:`stop`."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take no more messages. Does not wait: a thread ends with its batch, or when queue and function are gone."""
        self._stopped.set()

    def join(self, seconds: float) -> bool:
        """Wait for the threads; whether all have ended."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def turn(self, *, wait: int = 0) -> int:
        """Receive one batch, waiting so many seconds for its first message, and have it handled; how many it had."""
        with self._receiving:
            messages = self._batch(wait)
        if messages:
            self._settle(messages, self._failed(messages))
        return len(messages)

    def _run(self) -> None:
        # moto waits for messages of a FIFO group that is in flight without a pause: there, this thread waits instead
        wait = 0 if self.mapping.queue.fifo else _LONG_POLL_SECONDS
        while not self._stopped.is_set():
            try:
                if not self.turn(wait=wait) and not wait:
                    self._stopped.wait(_FIFO_LOOK_SECONDS)
            except Exception as error:
                if not self._stopped.is_set():
                    self._complain(self.mapping, f"the queue does not answer: {error}")
                    self._stopped.wait(1.0)

    def _batch(self, wait: int) -> list[Message]:
        """A full batch, or what has come within the window after the first message."""
        size = self.mapping.batch_size
        messages = self._receive(min(size, _MOST), wait)
        deadline = time.monotonic() + self.mapping.window
        while messages and len(messages) < size and not self._stopped.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            more = self._receive(min(size - len(messages), _MOST), 0)
            messages += more
            if not more:
                self._stopped.wait(min(left, _LOOK_SECONDS))
        return messages

    def _receive(self, count: int, wait: int) -> list[Message]:
        found = self._sqs.receive_message(
            QueueUrl=self.mapping.queue.url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(found.get("Messages", []))

    def _failed(self, messages: Sequence[Message]) -> set[str]:
        try:
            answer = self._function.invoke(event(messages, self.mapping.queue))
        except Exception as error:
            self._say(str(error) or type(error).__name__)
            return {message["MessageId"] for message in messages}
        failed = failures(messages, answer, reports=self.mapping.reports)
        if failed:
            self._say(f"{len(failed)} of {len(messages)} messages were not handled")
        return failed

    def _settle(self, messages: Sequence[Message], failed: set[str]) -> None:
        handled = [message for message in messages if message["MessageId"] not in failed]
        for entries in _entries(handled):
            self._sqs.delete_message_batch(QueueUrl=self.mapping.queue.url, Entries=entries)
        if self._redeliver is None:
            return
        rest = [message for message in messages if message["MessageId"] in failed]
        for entries in _entries(rest, VisibilityTimeout=self._redeliver):
            self._sqs.change_message_visibility_batch(QueueUrl=self.mapping.queue.url, Entries=entries)

    def _say(self, sentence: str) -> None:
        if not self._stopped.is_set():
            self._complain(self.mapping, sentence)


def _entries(messages: Sequence[Message], **more: Any) -> list[list[dict[str, Any]]]:
    """Messages as entries of SQS's batch calls, ten at a time."""
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], **more}
        for number, message in enumerate(messages)
    ]
    return [entries[start : start + _MOST] for start in range(0, len(entries), _MOST)]
