"""Tallies: items that count the done chunks of a job.

Each chunk has an attribute of its own, so that counting it twice changes nothing.
"""

from __future__ import annotations

from lightship.errors import LightshipError
from lightship.jobs.ledger.items import Attributes
from lightship.jobs.ledger.records import Result, Tally
from lightship.jobs.ledger.table import FRESH, Change, Key, Table

# Chunks that are counted in one item: small enough to be rewritten with two write capacity units.
GROUP = 64

_PREFIX = "tally#"


class Tallies:
    """The tallies of all jobs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count(self, job: str, index: int, result: Result) -> int:
        """Count a done chunk; return how many chunks of its group are counted.

        Repetitions change nothing.
        """
        counted = f"{result.rows},{result.rejected},{result.gigabyte_seconds:.3g}"
        values = {f"c{index:06}": counted, "updated": self._table.now(), "expires": self._table.expires()}
        key = Key(job, f"{_PREFIX}{index // GROUP:04}")
        return decode(self._table.update(key, Change(values)) or {}).chunks

    def total(self, job: str) -> Tally:
        """Return the progress of a job, including all that was counted before this call."""
        return sum(map(decode, self._table.list(job, _PREFIX)), Tally())

    def reset(self, job: str) -> None:
        """Clear the tallies of an earlier, expired job of this id."""
        for item in self._table.list(job, _PREFIX):
            self._table.put(Key(job, item["item"]), {"updated": 0.0}, life=FRESH)


def decode(item: Attributes) -> Tally:
    """Return the tally of an item; raises LightshipError for a malformed count."""
    counts = [_count(value) for name, value in item.items() if name[0] == "c" and name[1:].isdecimal()]
    rows, rejected, gigabyte_seconds = (sum(numbers) for numbers in zip(*counts, strict=True)) if counts else (0, 0, 0)
    # The first update creates the item, and moto shows it to readers before it has its attributes.
    return Tally(len(counts), int(rows), int(rejected), float(item.get("updated", 0.0)), float(gigabyte_seconds))


def _count(text: str) -> tuple[int, int, float]:
    """Return rows, rejected rows and GB-seconds (0 in items of earlier versions)."""
    try:
        rows, rejected, *rest = text.split(",")
        return int(rows), int(rejected), float(rest[0]) if rest else 0.0
    except (ValueError, AttributeError):
        raise LightshipError(f"an item of the ledger cannot be read: {ascii(text)[:80]} is not a count") from None
