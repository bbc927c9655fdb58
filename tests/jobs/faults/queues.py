"""What SQS promises: a message comes until its function has succeeded, perhaps again after that, in any order."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lightship.jobs.cloud import Cloud
from tests.jobs.faults.cloud import Faults, Killed, Stage
from tests.jobs.workers import handle

_ENOUGH = 400


@dataclass
class Delivery:
    """Messages on their way. With ``chance``, they come shuffled, and some of them again after they were done."""

    stage: Stage
    cloud: Cloud
    faults: Faults
    chance: random.Random | None = None
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: int = 0

    def __post_init__(self) -> None:
        self.faults.others = self._at_once

    def until_quiet(self, *events: dict[str, Any]) -> None:
        self.waiting += [("split", event) for event in events]
        for _ in range(_ENOUGH):
            if not self.waiting:
                return
            place = self.chance.randrange(len(self.waiting)) if self.chance else 0
            queue, message = self.waiting.pop(place)
            self.faults.other = partial(handle, queue, message, self.cloud)
            if not self._succeeds(queue, message):
                self.failures += 1
                self.waiting.append((queue, message))
                check_receipt(self.stage.output())
            elif self.chance and self.chance.random() < 0.1:
                self.waiting.append((queue, message))
            self.waiting += self._sent()
        raise AssertionError(f"still not quiet: {self.waiting}")

    def _sent(self) -> list[tuple[str, dict[str, Any]]]:
        sent, self.cloud.sqs.sent = self.cloud.sqs.sent, []
        return sent

    def _at_once(self) -> None:
        self.waiting += [entry for entry in self._sent() if not self._succeeds(*entry)]

    def _succeeds(self, queue: str, message: dict[str, Any]) -> bool:
        before, self.faults.at_work = self.faults.at_work, True
        try:
            handle(queue, message, self.cloud)
        except (Killed, Exception):
            return False
        finally:
            self.faults.at_work = before
        return True


def check_receipt(found: dict[str, bytes]) -> None:
    """No receipt without its parts, at any moment."""
    for key, data in found.items():
        if key.endswith("/receipt.json"):
            receipt = json.loads(data)
            assert {part["key"] for part in [*receipt["parts"], *receipt["errors"]]} <= found.keys()
