"""Event source mappings between queues and functions, which moto does not emulate.

A batch is deleted when the function has handled it. Messages that it has not handled stay in the queue, are redelivered
after their visibility timeout, and go to the dead-letter queue after maxReceiveCount deliveries. Delivery is at least
once: after a crash between handling and deleting, a message is delivered again.
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

_MAX_MESSAGES = 10  # SQS's maximum per call
_LONG_POLL_SECONDS = 10
_WINDOW_POLL_SECONDS = 0.1  # interval within a batching window
_FIFO_POLL_SECONDS = 0.5  # a shorter interval increases the latency of predictions measurably

# Called with the mapping and the reason for every invocation that failed or reported failures.
FailureCallback = Callable[[SourceMapping, str], None]


@dataclass(frozen=True)
class Polling:
    """How a queue is polled.

    Attributes:
        slots: maximum number of concurrent batches; a smaller maximum of the mapping takes precedence.
        redeliver: seconds after which an unhandled message is redelivered; None for the queue's visibility timeout, as
            on AWS, where it is six times the function's timeout.
    """

    slots: int = 2
    redeliver: int | None = None


_POLLING = Polling()


class Poller:
    """Poller of one event source mapping.

    Args:
        mapping: queue, batch size and window, failure reports, maximum concurrency.
        function: invoked with the event of one batch, by several threads at once.
        sqs: a boto3 client.
        polling: concurrency and redelivery.
        on_failure: called with every failure.
    """

    def __init__(
        self,
        mapping: SourceMapping,
        function: Function,
        sqs: Any,
        polling: Polling = _POLLING,
        *,
        on_failure: FailureCallback = lambda mapping, reason: None,
    ) -> None:
        self.mapping = mapping
        self._function = function
        self._sqs = sqs
        self._redeliver = polling.redeliver
        self._on_failure = on_failure
        self._stopped = threading.Event()
        # Only one thread receives at a time: moto gives messages of one FIFO group to concurrent receivers.
        self._receiving = threading.Lock()
        count = max(1, min(polling.slots, mapping.concurrency or polling.slots))
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def start(self) -> None:
        """Poll until :meth:`stop`."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop receiving messages, without waiting.

        A thread ends after its batch, or when queue and function are gone.
        """
        self._stopped.set()

    def join(self, seconds: float) -> bool:
        """Wait for the threads; return whether all have ended."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def poll_once(self, *, wait: int = 0) -> int:
        """Receive one batch and have it handled; return its number of messages.

        ``wait`` is the long-polling time for the first message in seconds.
        """
        with self._receiving:
            messages = self._batch(wait)
        if messages:
            self._settle(messages, self._failed(messages))
        return len(messages)

    def _run(self) -> None:
        # moto's long polling on a FIFO queue with a group in flight is a busy loop: sleep in this thread instead
        wait = 0 if self.mapping.queue.fifo else _LONG_POLL_SECONDS
        while not self._stopped.is_set():
            try:
                if not self.poll_once(wait=wait) and not wait:
                    self._stopped.wait(_FIFO_POLL_SECONDS)
            except Exception as error:
                if not self._stopped.is_set():
                    self._on_failure(self.mapping, f"the queue does not answer: {error}")
                    self._stopped.wait(1.0)

    def _batch(self, wait: int) -> list[Message]:
        """Return a full batch, or the messages of one batching window."""
        size = self.mapping.batch_size
        messages = self._receive(min(size, _MAX_MESSAGES), wait)
        deadline = time.monotonic() + self.mapping.window
        while messages and len(messages) < size and not self._stopped.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            more = self._receive(min(size - len(messages), _MAX_MESSAGES), 0)
            messages += more
            if not more:
                self._stopped.wait(min(left, _WINDOW_POLL_SECONDS))
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
            self._report_failure(str(error) or type(error).__name__)
            return {message["MessageId"] for message in messages}
        failed = failures(messages, answer, reports=self.mapping.reports)
        if failed:
            self._report_failure(f"{len(failed)} of {len(messages)} messages were not handled")
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

    def _report_failure(self, reason: str) -> None:
        if not self._stopped.is_set():
            self._on_failure(self.mapping, reason)


def _entries(messages: Sequence[Message], **more: Any) -> list[list[dict[str, Any]]]:
    """Return messages as entries of SQS's batch calls, ten per call."""
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], **more}
        for number, message in enumerate(messages)
    ]
    return [entries[start : start + _MAX_MESSAGES] for start in range(0, len(entries), _MAX_MESSAGES)]
