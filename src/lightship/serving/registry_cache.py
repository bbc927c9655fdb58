"""What the registry is known to say: asked again at most once in an interval, and believed while it does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from lightship.bundle import Manifest
from lightship.errors import NotFound, RegistryError, StateError
from lightship.registry.registry import Registry
from lightship.registry.state import State

# Models whose states are asked for again by one question about all of them.
_QUESTIONS = 10


class NeverRead(RegistryError):
    """Nothing is known that could be told without asking."""


@dataclass
class _Entry:
    """The last state of one model, if there has been any, and what was wrong with the last answer."""

    state: State | None
    etag: str | None
    error: RegistryError | None
    expires: float


class Known:
    """The names and states of a registry's models, and what their versions say of themselves. Safe for threads.

    In ``refresh`` seconds there is one listing, and one question for each model: a conditional one where its state is
    known. Who finds it due asks; everybody else goes on with what is known, and so does he without an answer.
    """

    def __init__(self, registry: Registry, refresh: float) -> None:
        self._registry = registry
        self._refresh = refresh
        self._entries: dict[str, _Entry] = {}
        self._manifests: dict[tuple[str, int], tuple[Manifest, str]] = {}
        self._names: tuple[str, ...] | None = None
        self._listed_until = 0.0
        self._answers = True
        self._first = threading.Lock()

    def recent(self, name: str) -> State | None:
        """A model's state without a question; None where one is due, which the caller has to :meth:`ask`.

        Raises StateError or RegistryError where none has ever been read.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None
        now = time.monotonic()
        if now >= entry.expires:
            entry.expires = now + self._refresh
            return None
        return entry.state or _state(entry)

    def last(self, name: str) -> State | None:
        """A model's state as it was known last, however long ago; None where there is none."""
        entry = self._entries.get(name)
        return None if entry is None else entry.state

    def ask(self, name: str) -> State:
        """A model's state, asked for now; an empty one where there is no such model. Raises as :meth:`recent`."""
        entry = self._entries.get(name)
        if entry is not None:
            self._entries[name] = entry = self._answer(name, entry)
            return _state(entry)
        with self._first:
            entry = self._entries.get(name)
            if entry is None:
                if self._names is not None and time.monotonic() < self._listed_until and name not in self._names:
                    return State()
                entry = self._answer(name, _Entry(None, None, None, 0.0))
                if entry.state != State() and (entry.error is None or isinstance(entry.error, StateError)):
                    self._entries[name] = entry  # and not what strangers make up
            return _state(entry)

    def state(self, name: str, *, ask: bool = True) -> State:
        """A model's state, asked for where that is due; without ``ask``, as it is known. Raises as :meth:`recent`."""
        if ask:
            return self.recent(name) or self.ask(name)
        entry = self._entries.get(name)
        if entry is None:
            raise NeverRead(f"model '{name[:80]}' has never been read")
        return _state(entry)

    def all(self, *, ask: bool = True) -> Mapping[str, State | RegistryError]:
        """The states of all models that have a version which takes requests, or why a state has never been read.

        Raises RegistryError where the registry has never been listed, NeverRead where ``ask`` would have been needed.
        """
        if ask and (self._names is None or time.monotonic() >= self._listed_until):
            self._list()
        if self._names is None:
            raise NeverRead("the registry has never been listed")
        found: dict[str, State | RegistryError] = {}
        asked = self._due() if ask and self._answers else frozenset()
        for name in self._names:
            known = name in self._entries and name not in asked
            try:
                state = self.state(name, ask=ask and not known)
            except NeverRead:
                raise
            except RegistryError as error:
                found[name] = error
            else:
                found.update({name: state} if state.offered else {})
        return found

    def _due(self) -> frozenset[str]:
        """The models whose states were read longest ago: not all of hundreds are asked for at once."""
        now = time.monotonic()
        due = sorted((entry.expires, name) for name, entry in self._entries.items() if now >= entry.expires)
        return frozenset(name for _, name in due[:_QUESTIONS])

    def names(self) -> tuple[str, ...]:
        """The names of :meth:`all`."""
        return tuple(self.all())

    def trouble(self, name: str) -> StateError | None:
        """Why a model's state can no longer be read, although one is known from before."""
        entry = self._entries.get(name)
        return entry.error if entry is not None and isinstance(entry.error, StateError) else None

    def manifest(self, name: str, version: int, *, ask: bool = True) -> tuple[Manifest, str]:
        """What a version says of itself, and its digest: it never changes, and is read once.

        Raises NotFound, BundleError or RegistryError.
        """
        key = name, version
        if key not in self._manifests:
            if not ask:
                raise NeverRead(f"the manifest of {name}/{version} has never been read")
            self._manifests[key] = self._registry.manifest(name, version)
        return self._manifests[key]

    def unknown(self, name: str, *, ask: bool = True) -> NotFound:
        """What to say of a model that is not there: which ones are."""
        if ask and (self._names is None or time.monotonic() >= self._listed_until):
            self._list()
        if self._names is None:
            raise NeverRead("the registry has never been listed")
        names = [known for known in self._names if self._may_answer(known)]
        return NotFound(f"there is no model '{name[:80]}': the models are {', '.join(names) or 'none'}")

    def _may_answer(self, name: str) -> bool:
        """Whether a model has a version that takes requests, as far as that is known without a question."""
        entry = self._entries.get(name)
        return entry is None or entry.state is None or bool(entry.state.offered)

    def expire(self, name: str) -> None:
        """Whoever wants to know next asks."""
        if (entry := self._entries.get(name)) is not None:
            entry.expires = 0.0

    def _answer(self, name: str, known: _Entry) -> _Entry:
        """What the registry says now; what is known where it says nothing of use."""
        state, etag = known.state, known.etag
        error: RegistryError | None = None
        try:
            if self._registry.state_changed(name, etag):
                state, etag = self._registry.read_state(name)
        except RegistryError as failure:
            error = failure
        return _Entry(state, etag, error, time.monotonic() + self._refresh)

    def _list(self) -> None:
        self._listed_until = time.monotonic() + self._refresh
        try:
            self._names, self._answers = tuple(self._registry.names()), True
        except RegistryError:
            if self._names is None:
                raise
            self._answers = False
        self._listed_until = time.monotonic() + self._refresh


def _state(entry: _Entry) -> State:
    if entry.state is None:
        assert entry.error is not None  # noqa: S101 - an answer is a state or an error
        raise entry.error.with_traceback(None)  # raised many times, it would gather all of them
    return entry.state
