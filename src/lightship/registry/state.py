"""State of a model: its versions, labels, traffic split and withdrawn versions.

One small JSON file per model, ``<name>/state.json``, changed by compare-and-swap only. It also lists the versions, so
that one conditional request detects every change.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from lightship.errors import NotFound, RegistryError, RoutingConflict, StateError, UnknownLabel

PRODUCTION = "production"

# Maximum number of history entries: the oldest are dropped.
MAX_ENTRIES = 50

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_label(label: str) -> str:
    """Return a label; raises RegistryError where it does not fit into a URL."""
    if not _LABEL.fullmatch(label):
        raise RegistryError(
            f"{label[:80]!r} is not a label: use up to 64 characters of A-Z, a-z, 0-9, '-', '_' and '.', a letter "
            "or digit first"
        )
    return label


@dataclass(frozen=True)
class Routing:
    """Routing of requests to versions.

    Attributes:
        labels: version by label; ``production`` is the default version.
        traffic: shares of the requests by version, in percent, adding up to 100; empty for no split.
        shadows: fraction of the requests, 0 to 1, that are mirrored to a version, by version.
    """

    labels: Mapping[str, int] = field(default_factory=dict)
    traffic: Mapping[int, float] = field(default_factory=dict)
    shadows: Mapping[int, float] = field(default_factory=dict)

    @cached_property
    def versions(self) -> frozenset[int]:
        """Return every version with a label, traffic or shadow traffic."""
        return frozenset((*self.labels.values(), *self.traffic, *self.shadows))

    def with_label(self, label: str, version: int | None, *, name: str) -> Routing:
        """Return the routing with a label on a version; None removes the label.

        ``name`` is the model's, for the message. Raises UnknownLabel for removing a label that does not exist.
        """
        labels = dict(self.labels)
        if version is not None:
            labels[label] = version
        elif labels.pop(label, None) is None:
            existing = ", ".join(sorted(labels)) or "none"
            raise UnknownLabel(f"model '{name[:80]}' has no label '{label[:80]}': the labels are {existing}")
        return replace(self, labels=labels)


@dataclass(frozen=True)
class Entry:
    """Entry of the history: a routing and the change that set it.

    Attributes:
        number: counted from 1; numbers of dropped entries are not used again.
        routing: the routing after the change.
        change: the command, as ``label production 2``.
        at: time in UTC as ISO 8601; None where it was not recorded.
        before: number of the entry that a rollback from this one restores; None for the first entry.
    """

    number: int
    routing: Routing
    change: str
    at: str | None = None
    before: int | None = None


@dataclass(frozen=True)
class State:
    """State of a model: its versions, its routing and the history, oldest first.

    The last entry of the history is the current routing. A state without recorded history has an empty one.
    """

    versions: tuple[int, ...] = ()
    withdrawn: frozenset[int] = frozenset()
    routing: Routing = Routing()
    history: tuple[Entry, ...] = ()

    @cached_property
    def offered(self) -> tuple[int, ...]:
        """Return the versions that take new requests: those not withdrawn."""
        return tuple(version for version in self.versions if version not in self.withdrawn)

    @cached_property
    def default(self) -> int | None:
        """Return the version labelled production, else the newest offered; None without."""
        labelled = self.routing.labels.get(PRODUCTION)
        if labelled in self.offered:
            return labelled
        return self.offered[-1] if self.offered else None

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Return the history, with an entry added for a current routing that has none."""
        last = self.history[-1] if self.history else None
        if last and last.routing == self.routing:
            return self.history
        if last:
            entry = Entry(last.number + 1, self.routing, "changed without an entry", before=last.number)
            return (*self.history, entry)[-MAX_ENTRIES:]
        return (Entry(1, self.routing, "before the first recorded change"),)

    @property
    def previous(self) -> Routing | None:
        """Return the routing that a rollback restores; None without an earlier one."""
        before = self.previous_entry
        return before.routing if before else None

    @property
    def previous_entry(self) -> Entry | None:
        """Return the entry that a rollback restores; None where there is none to restore."""
        return self._entry(self.entries[-1].before)

    def reroute(self, routing: Routing, *, change: str = "changed", at: str | None = None) -> State:
        """Return the state with another routing and a new history entry.

        Returns itself where the routing is the current one. ``at`` is the time, by default now. Raises NotFound for
        versions that do not exist or are withdrawn.
        """
        if routing == self.routing:
            return self
        self._check_offered(routing)
        return self._record(routing, change, at, before=self.entries[-1].number)

    def rollback(self, to: int | None = None, *, name: str = "NAME", at: str | None = None) -> State:
        """Return the state with the previous routing, or that of entry ``to``.

        ``name`` is the model's, for the commands in messages. Returns itself where that is the current routing.
        Repeated rollbacks go further back, never to the routing just left. Raises NotFound for an entry that is not in
        the history, RoutingConflict where there is no earlier entry or a version was withdrawn.
        """
        entry = self._entry(to) if to is not None else self._before(name)
        if entry is None:
            numbers = f"{self.entries[0].number} to {self.entries[-1].number}"
            raise NotFound(f"there is no entry {to} in the history: it has {numbers}")
        if entry.routing == self.routing:
            return self
        if withdrawn := sorted(entry.routing.versions.difference(self.offered)):
            raise RoutingConflict(
                f"entry {entry.number} routes to version {withdrawn[0]}, which was withdrawn: choose another entry "
                f"with `lightship rollback {name} --to N`, see `lightship history {name}`"
            )
        return self._record(entry.routing, f"rollback to {entry.number}", at, before=entry.before)

    def _before(self, name: str) -> Entry:
        """Return the entry before the current one; raises RoutingConflict."""
        number = self.entries[-1].before
        if number is None:
            unchanged = "there is nothing to roll back to: this is the first of the recorded labels and traffic"
            raise RoutingConflict(unchanged + self.rollback_hint(name))
        if (entry := self._entry(number)) is None:
            raise RoutingConflict(
                f"there is nothing to roll back to: entry {number} is older than the {MAX_ENTRIES} kept"
            )
        return entry

    def rollback_hint(self, name: str) -> str:
        """Return how to go back from a version that is the default only as the newest.

        Without the label production a new version becomes the default, which a rollback cannot undo: the routing did
        not change. Returns "" in any other case.
        """
        if len(self.offered) < 2 or self.routing.traffic or self.routing.labels.get(PRODUCTION) in self.offered:
            return ""
        newest, before = self.offered[-1], self.offered[-2]
        return (
            f"; version {newest} is the default because it is the newest and none is labelled {PRODUCTION}: to make "
            f"version {before} the default, run: lightship label {name} {PRODUCTION} {before}"
        )

    def withdraw(self, version: int) -> State:
        """Return the state with a version withdrawn: it takes no new requests.

        Raises NotFound, or RoutingConflict while requests are routed to it.
        """
        if version not in self.versions:
            raise NotFound(f"there is no version {version}: the versions are {', '.join(map(str, self.versions))}")
        if version in self.routing.versions:
            raise RoutingConflict(f"version {version} still has a label or traffic: move them to another version first")
        if version in self.withdrawn:
            return self
        return replace(self, withdrawn=self.withdrawn | {version})

    def _record(self, routing: Routing, change: str, at: str | None, *, before: int | None) -> State:
        now = at or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        entry = Entry(self.entries[-1].number + 1, routing, change, now, before)
        return replace(self, routing=routing, history=(*self.entries, entry)[-MAX_ENTRIES:])

    def _entry(self, number: int | None) -> Entry | None:
        return next((entry for entry in self.entries if entry.number == number), None)

    def _check_offered(self, routing: Routing) -> None:
        for version in sorted(routing.versions):
            if version not in self.offered:
                offered = ", ".join(map(str, self.offered)) or "none"
                withdrawn = f", and {version} was withdrawn" if version in self.withdrawn else ""
                raise NotFound(f"there is no version {version} to route to: the versions are {offered}{withdrawn}")

    def to_bytes(self) -> bytes:
        """Return JSON, sorted and indented for human readers.

        ``previous`` is for versions of Lightship without a history: they roll back to it.
        """
        previous = asdict(self.previous) if self.previous else None
        record = asdict(self) | {"withdrawn": sorted(self.withdrawn), "previous": previous}
        return json.dumps(record, indent=2, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes, path: str = "state.json") -> State:
        """Read what :meth:`to_bytes` returned; raises StateError, which names the path."""
        try:
            return cls.from_json(json.loads(data))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise StateError(f"{path} is not a state file: {type(error).__name__} {error}") from None

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> State:
        """Read the object of a state file.

        Raises KeyError, TypeError, ValueError, AttributeError or OverflowError for anything else.
        """
        routing = _routing(record["routing"])
        return cls(
            versions=tuple(int(version) for version in record["versions"]),
            withdrawn=frozenset(int(version) for version in record["withdrawn"]),
            routing=routing,
            history=_history(record, routing),
        )


def _history(record: Mapping[str, Any], routing: Routing) -> tuple[Entry, ...]:
    """Return the history entries in a state file.

    Files of Lightship 0.1.0 hold only the current and the previous routing: two entries.
    """
    if "history" in record:
        return tuple(map(_read_entry, record["history"]))
    previous = _routing(record["previous"]) if record["previous"] else routing
    if previous == routing:
        return ()
    first = Entry(1, previous, "before the last change, recorded by Lightship 0.1.0")
    return (first, Entry(2, routing, "the last change, recorded by Lightship 0.1.0", before=1))


def _read_entry(record: Mapping[str, Any]) -> Entry:
    at, before = record["at"], record["before"]
    return Entry(
        number=int(record["number"]),
        routing=_routing(record["routing"]),
        change=str(record["change"]),
        at=None if at is None else str(at),
        before=None if before is None else int(before),
    )


def _routing(record: Mapping[str, Any]) -> Routing:
    return Routing(
        labels={str(label): int(version) for label, version in record["labels"].items()},
        traffic={int(version): float(share) for version, share in record["traffic"].items()},
        shadows={int(version): float(share) for version, share in record["shadows"].items()},
    )
