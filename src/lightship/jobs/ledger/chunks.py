"""Chunks in the ledger, changed by conditional writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from lightship.jobs.ledger import items
from lightship.jobs.ledger.items import Attributes
from lightship.jobs.ledger.jobs import Jobs
from lightship.jobs.ledger.records import ATTEMPTS, Chunk, Result
from lightship.jobs.ledger.table import FRESH, Change, Key, Table

_PREFIX = "chunk#"
_SPAN = ("first", "rows", "start", "end", "key")
_PENDING = ("pending",)


class Chunks:
    """The chunks of all jobs."""

    def __init__(self, table: Table, jobs: Jobs) -> None:
        self._table = table
        self._jobs = jobs

    def add(self, chunk: Chunk) -> None:
        """Put a chunk unless it exists."""
        self._table.put(_key(chunk.job, chunk.index), encode(chunk), life=FRESH)

    def all(self, job: str) -> Iterator[Chunk]:
        """Return every chunk of a job in order."""
        return map(decode, self._table.list(job, _PREFIX))

    def claim(self, job: str, index: int, lease: float) -> Chunk | None:
        """Claim a chunk and, unless it is done, increment its attempts.

        Returns None for a missing chunk. A lease does not exclude other workers: SQS may deliver a message twice,
        clocks differ, and waiting for the lease of a crashed worker takes long. It only says until when the chunk
        counts as active.
        """
        key = _key(job, index)
        change = Change({"lease": self._table.now() + lease}, add={"attempts": 1}, states=_PENDING)
        found = self._table.update(key, change) or self._table.get(key)
        return decode(found) if found else None

    def finish(self, chunk: Chunk, result: Result) -> Result:
        """Mark a chunk done unless another worker has; return the stored result."""
        key = _key(chunk.job, chunk.index)
        change = Change({"state": "done", "result": asdict(result)}, states=_PENDING)
        return decode(self._table.update(key, change) or self._table.get(key)).result or result

    def release(self, chunk: Chunk) -> None:
        """End the lease of a failed attempt, unless a later attempt has begun.

        After the last attempt, the job is marked as having given up a chunk.
        """
        change = Change({"lease": 0.0, "attempts": chunk.attempts}, states=_PENDING, when="#attempts = :new_attempts")
        self._table.update(_key(chunk.job, chunk.index), change)
        if chunk.attempts >= ATTEMPTS:
            self._jobs.give_up(chunk.job)

    def revive(self, job: str, indices: Iterable[int]) -> None:
        """Reset the attempts of chunks that are not done, and mark their job as active."""
        for index in indices:
            self._table.update(_key(job, index), Change({"attempts": 0, "lease": 0.0}, states=_PENDING))
        self._jobs.touch(job)


def encode(chunk: Chunk) -> dict[str, Any]:
    """Return the attributes of a new chunk's item."""
    span = {name: getattr(chunk, name) for name in _SPAN}
    return {"span": span, "state": "pending", "attempts": 0, "lease": 0.0}


def decode(item: Attributes) -> Chunk:
    """Return the chunk of an item; raises LightshipError where it is malformed."""
    index = str(item.get("item", "")).removeprefix(_PREFIX)
    stored = {**item, **items.parse(item, "span"), "index": int(index) if index.isdecimal() else index}
    return items.decode(Chunk, stored, name="chunk")


def _key(job: str, index: int) -> Key:
    """Return a chunk's key; sort keys are in the order of the indices."""
    return Key(job, f"{_PREFIX}{index:06}")
