"""SQS's guarantees: at-least-once delivery in any order until a function succeeds."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lightship.jobs.cloud import Cloud
from tests.jobs.faults.cloud import Faults, Harness
from tests.jobs.workers import handle

_MOST_DELIVERIES = 400


@dataclass
class Delivery:
    """Messages in flight; with ``rng`` they are shuffled, and some delivered again."""

    harness: Harness
    cloud: Cloud
    faults: Faults
    rng: random.Random | None = None
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: int = 0

    def __post_init__(self) -> None:
        self.faults.deliver_sent = self._at_once

    def drain(self, *events: dict[str, Any]) -> None:
        self.waiting += [("split", event) for event in events]
        for _ in range(_MOST_DELIVERIES):
            if not self.waiting:
                return
            index = self.rng.randrange(len(self.waiting)) if self.rng else 0
            queue, message = self.waiting.pop(index)
            self.faults.overtake = partial(self._overtake, queue, message)
            if not self._succeeds(queue, message):
                self.failures += 1
                self.waiting.append((queue, message))
                check_receipt(self.harness.output())
            elif self.rng and self.rng.random() < 0.1:
                self.waiting.append((queue, message))
            self.waiting += self._sent()
        raise AssertionError(f"still not quiet: {self.waiting}")

    def _sent(self) -> list[tuple[str, dict[str, Any]]]:
        sent, self.cloud.sqs.sent = self.cloud.sqs.sent, []
        return sent

    def _at_once(self) -> None:
        self.waiting += [entry for entry in self._sent() if not self._succeeds(*entry)]

    def _succeeds(self, queue: str, message: dict[str, Any]) -> bool:
        """Handle a message; a worker that was killed does not succeed."""
        before, self.faults.active = self.faults.active, True
        try:
            handle(queue, message, self.cloud)
        except Exception:
            return False
        else:
            return not self.faults.dead
        finally:
            self.faults.active = before
            self.faults.dead &= before

    def _overtake(self, queue: str, message: dict[str, Any]) -> None:
        try:
            handle(queue, message, self.cloud)
        except Exception:
            self.failures += 1


def check_receipt(found: dict[str, bytes]) -> None:
    """Check that a receipt exists only with all its parts."""
    for key, data in found.items():
        if key.endswith("/receipt.json"):
            receipt = json.loads(data)
            assert {part["key"] for part in [*receipt["parts"], *receipt["errors"]]} <= found.keys()
