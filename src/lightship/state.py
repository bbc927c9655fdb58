"""What may change about a model: its labels, how its traffic is split, which versions are withdrawn.

One small JSON file per model, ``<name>/state.json``, changed by compare-and-swap only. It also lists the versions, so
that one conditional request tells a reader whether anything is new.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from lightship.errors import NotFound, RegistryError, StateError

PRODUCTION = "production"

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_label(label: str) -> str:
    """Return a label; raises RegistryError where it could not be part of a URL."""
    if not _LABEL.fullmatch(label):
        raise RegistryError(
            f"{label[:80]!r} cannot be a label: use up to 64 letters, digits, '-', '_' and '.', a letter or digit first"
        )
    return label


@dataclass(frozen=True)
class Routing:
    """Which version answers. ``rollback`` goes back to the one before.

    Attributes:
        labels: version by label; ``production`` is the default version.
        traffic: shares of the requests by version, in percent, adding up to 100; empty for no split.
        shadows: fraction of the requests, 0 to 1, that a version also runs without being heard.
    """

    labels: Mapping[str, int] = field(default_factory=dict)
    traffic: Mapping[int, float] = field(default_factory=dict)
    shadows: Mapping[int, float] = field(default_factory=dict)

    @cached_property
    def versions(self) -> frozenset[int]:
        """Every version that it leads to."""
        return frozenset((*self.labels.values(), *self.traffic, *self.shadows))


@dataclass(frozen=True)
class State:
    """A model's versions and routing."""

    versions: tuple[int, ...] = ()
    withdrawn: frozenset[int] = frozenset()
    routing: Routing = Routing()
    previous: Routing | None = None

    @cached_property
    def offered(self) -> tuple[int, ...]:
        """The versions that take new requests."""
        return tuple(version for version in self.versions if version not in self.withdrawn)

    @cached_property
    def default(self) -> int | None:
        """The version labelled production, else the newest that is offered; None where there is none."""
        labelled = self.routing.labels.get(PRODUCTION)
        if labelled in self.offered:
            return labelled
        return self.offered[-1] if self.offered else None

    def reroute(self, routing: Routing) -> State:
        """With another routing, the present one kept for a rollback; raises NotFound for versions not offered."""
        for version in sorted(routing.versions):
            if version not in self.offered:
                known = ", ".join(map(str, self.offered)) or "none"
                raise NotFound(f"there is no version {version} to route to: the versions are {known}")
        return replace(self, routing=routing, previous=self.routing)

    def rollback(self) -> State:
        """With the routing before this one; a second rollback takes the first back. Raises RegistryError."""
        if self.previous is None:
            unchanged = "there is nothing to roll back to: labels and traffic have not been changed yet"
            raise RegistryError(unchanged + self._way_back())
        return self.reroute(self.previous)

    def _way_back(self) -> str:
        """A new version goes live by itself, and that is no change of labels or traffic."""
        if len(self.offered) < 2:
            return ""
        before = self.offered[-2]
        return f"; for version {before} to answer again, say: lightship label NAME {PRODUCTION} {before}"

    def withdraw(self, version: int) -> State:
        """Without new requests for a version; raises NotFound, or RegistryError while requests are routed to it."""
        if version not in self.versions:
            raise NotFound(f"there is no version {version}: the versions are {', '.join(map(str, self.versions))}")
        if version in self.routing.versions:
            raise RegistryError(f"version {version} still has a label or traffic: route its requests elsewhere first")
        return replace(self, withdrawn=self.withdrawn | {version})

    def to_bytes(self) -> bytes:
        """JSON, sorted and indented: people read it."""
        record = asdict(self) | {"withdrawn": sorted(self.withdrawn)}
        return json.dumps(record, indent=2, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes, place: str = "state.json") -> State:
        """The inverse of :meth:`to_bytes`; raises StateError, which names the place, on anything else."""
        try:
            record = json.loads(data)
            previous = record["previous"]
            return cls(
                versions=tuple(int(version) for version in record["versions"]),
                withdrawn=frozenset(int(version) for version in record["withdrawn"]),
                routing=_routing(record["routing"]),
                previous=_routing(previous) if previous else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"{place} holds no state: {type(error).__name__} {error}") from None


def _routing(record: Mapping[str, Any]) -> Routing:
    return Routing(
        labels={str(label): int(version) for label, version in record["labels"].items()},
        traffic={int(version): float(share) for version, share in record["traffic"].items()},
        shadows={int(version): float(share) for version, share in record["shadows"].items()},
    )
