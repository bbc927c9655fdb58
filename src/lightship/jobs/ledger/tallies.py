"""Tallies: items that count the chunks of a job which are done, each chunk under a name of its own."""

from __future__ import annotations

from lightship.errors import LightshipError
from lightship.jobs.ledger.items import Attributes
from lightship.jobs.ledger.records import Result, Tally
from lightship.jobs.ledger.table import FRESH, Change, Key, Table

# Chunks that are counted by one item: small enough to be rewritten in two units of write capacity.
GROUP = 64

_PREFIX = "tally#"


class Tallies:
    """The tallies of all jobs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count(self, job: str, index: int, result: Result) -> int:
        """Count a chunk that is done, once however often; returns how many chunks of its group are counted now."""
        counted = f"{result.rows},{result.rejected},{result.gigabyte_seconds:.3g}"
        values = {f"c{index:06}": counted, "updated": self._table.now(), "expires": self._table.expires()}
        key = Key(job, f"{_PREFIX}{index // GROUP:04}")
        return decode(self._table.update(key, Change(values)) or {}).chunks

    def total(self, job: str) -> Tally:
        """Return the progress of a job; everything that was counted before this call is in it."""
        return sum(map(decode, self._table.list(job, _PREFIX)), Tally())

    def reset(self, job: str) -> None:
        """Forget what was counted for an earlier job of this id, which has expired."""
        for item in self._table.list(job, _PREFIX):
            self._table.put(Key(job, item["item"]), {"updated": 0.0}, life=FRESH)


def decode(item: Attributes) -> Tally:
    """Return the tally of an item; raises LightshipError where a count is not two or three numbers."""
    counts = [_count(value) for name, value in item.items() if name[0] == "c" and name[1:].isdecimal()]
    rows, rejected, gigabyte_seconds = (sum(numbers) for numbers in zip(*counts, strict=True)) if counts else (0, 0, 0)
    # Its first update makes the item, and moto shows it to readers before it has what the update puts into it.
    return Tally(len(counts), int(rows), int(rejected), float(item.get("updated", 0.0)), float(gigabyte_seconds))


def _count(text: str) -> tuple[int, int, float]:
    """Return rows, rejected rows and gigabyte-seconds, which an earlier version did not count."""
    try:
        rows, rejected, *rest = text.split(",")
        return int(rows), int(rejected), float(rest[0]) if rest else 0.0
    except (ValueError, AttributeError):
        raise LightshipError(f"an item of the ledger cannot be read: {ascii(text)[:80]} is not a count") from None
