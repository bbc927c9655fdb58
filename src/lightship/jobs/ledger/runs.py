"""Runs of schedules, and model versions pinned by an event or a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lightship.jobs.ledger import items
from lightship.jobs.ledger.table import Change, Key, Table


@dataclass(frozen=True)
class Pin:
    """A model's version and its bundle's digest.

    Earlier versions of Lightship did not store the digest.
    """

    version: int
    digest: str = ""


@dataclass(frozen=True)
class LastRun:
    """Time of a schedule's last run, ISO 8601 (empty: never), and its jobs' ids."""

    time: str = ""
    jobs: tuple[str, ...] = ()


class Runs:
    """The last run of each schedule, and the pinned versions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def pin(self, token: str, pin: Pin) -> Pin:
        """Store a pin under a token unless it has one; return the stored pin."""
        key = Key(f"pin#{token}", "pin")
        if self._table.put(key, {"facts": asdict(pin)}):
            return pin
        return items.decode(_Pinned, self._table.get(key), name="pin").facts

    def last(self, schedule: str) -> LastRun:
        """Return the last run of a schedule."""
        return items.decode(LastRun, self._table.get(_key(schedule)), name="run")

    def begin(self, schedule: str, run: LastRun) -> bool:
        """Record the start of a run; return False where a later run has begun."""
        values = {**asdict(run), "expires": self._table.expires()}
        change = Change(values, when="(attribute_not_exists(job) OR #time <= :new_time)")
        return self._table.update(_key(schedule), change) is not None


@dataclass(frozen=True)
class _Pinned:
    facts: Pin


def _key(schedule: str) -> Key:
    return Key(f"schedule#{schedule}", "run")
