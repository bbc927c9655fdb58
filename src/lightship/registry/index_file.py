"""Reading and changing ``index.json`` of a registry.

A change of a model's state has three writes, so that the index never has an older state than a model's own file:

1. the index: a token of this change, set after the state was read;
2. ``state.json``, if its etag is still the one that was read;
3. the index: the state, read after the index, if the index is still the one that was read.

Write 3 removes the change's own tokens, and those that it saw before write 2: the changes that set them have written
their state before, or will fail to, because its etag is another one. Tokens set later keep the model pending.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from lightship.documents import INDEX_KEY
from lightship.errors import RegistryError, RoutingConflict, StateError, UnreadableFile
from lightship.registry.index import Index, IndexedModel
from lightship.registry.state import State
from lightship.stores.base import Store

_LOG = logging.getLogger(__name__)

# Seconds for which other writers may win: before a state is changed, and afterwards, when nothing can be lost.
_MARKING = 120.0
_FINISHING = 60.0
_REBUILDING = 300.0

# The first and the longest pause between two attempts, in seconds; each is shortened at random.
_PAUSE = 0.02
_LONGEST = 4.0

# Models that are read at the same time for a new index.
_THREADS = 16

ReadState = Callable[[str], tuple[State, str | None]]
Describe = Callable[[str, int], Mapping[str, Any] | None]


class IndexFile:
    """The index of a store. Thread-safe. A store without an index has an empty one.

    Args:
        store: where it is.
        read_state: see :meth:`lightship.registry.registry.Registry.read_state`.
        describe: returns the overview of a version as JSON, or None where it cannot be read.
    """

    def __init__(self, store: Store, read_state: ReadState, describe: Describe) -> None:
        self._store = store
        self._read_state = read_state
        self._describe = describe
        self._lock = threading.Lock()  # threads of one process wait for each other, without conflicts

    def read(self, cached: Index | None = None) -> Index:
        """Return the index, which is ``cached`` while that has not changed.

        It is empty where there is none, and has an error where it cannot be used. Raises RegistryError where the store
        does not respond.
        """
        if not self._store.indexed:
            return Index()
        try:
            if cached is not None and cached.etag is not None and not self._store.changed(INDEX_KEY, cached.etag):
                return cached
            return self._read()
        except UnreadableFile as error:
            return Index(error=error.message)

    @property
    def is_kept(self) -> bool:
        """Return whether the store has an index."""
        return self._store.indexed

    @contextmanager
    def changing(self, name: str, *, published: bool = False) -> Iterator[Change]:
        """Begin the change of a model's state; at the end, the index has the new one.

        The model stays pending where the index cannot be written any more. ``published`` states that the overview of
        the default version must be read again.
        """
        change = Change(self, name)
        try:
            yield change
        finally:
            if change.tokens and self._store.indexed:
                self._finish(change, published=published)

    def mark(self, name: str, token: str) -> set[str]:
        """Make a model pending with a token, and return the tokens of other changes.

        Raises RegistryError, or RoutingConflict where other writers win every attempt.
        """
        others: set[str] = set()

        def marked(index: Index) -> Index | None:
            tokens = index.pending.get(name, ())
            others.update(each for each in tokens if each != token)
            return None if token in tokens else index.marked(name, token)

        if self._store.indexed and not self._change(marked, seconds=_MARKING):
            raise RoutingConflict(f"other writers changed {INDEX_KEY} for {_MARKING:.0f} seconds: try again")
        return others

    def rebuild(self, names: Callable[[], Collection[str]]) -> int:
        """Write the index of the models in the store, and return their number.

        Models stop to be pending after an interrupted change. Raises RegistryError, or RoutingConflict where other
        writers win every attempt.
        """
        from concurrent.futures import ThreadPoolExecutor  # imported here: only this command needs threads

        rebuilt: dict[str, IndexedModel] = {}

        def complete(index: Index) -> Index:
            found = names()
            interrupted = {name: tokens for name, tokens in index.pending.items() if self._touch(name)}
            with ThreadPoolExecutor(_THREADS) as pool:
                models = dict(zip(found, pool.map(self._indexed, found), strict=True))
            rebuilt.clear()
            rebuilt.update({name: indexed for name, indexed in models.items() if indexed is not None})
            return index.rebuilt(rebuilt, without=interrupted)

        if self._store.indexed and not self._change(complete, seconds=_REBUILDING):
            raise RoutingConflict(f"other writers changed {INDEX_KEY} for {_REBUILDING:.0f} seconds: try again")
        return len(rebuilt)

    def _finish(self, change: Change, *, published: bool) -> None:
        name = change.name

        def finished(index: Index) -> Index | None:
            entry = index.entries.get(name)
            indexed = self._indexed(name, None if published else entry)
            if change.tokens.isdisjoint(index.pending.get(name, ())) and _etag(entry) == (indexed and indexed.etag):
                return None  # a later change has done it
            return index.updated(name, indexed, without=change.tokens | change.superseded)

        try:
            if self._change(finished, seconds=_FINISHING):
                return
            reason = f"other writers changed it for {_FINISHING:.0f} seconds"
        except RegistryError as error:
            reason = error.message
        _LOG.warning("model '%s' stays pending in %s until its next change: %s", name, INDEX_KEY, reason)

    def _indexed(self, name: str, before: Any = None) -> IndexedModel | None:
        """Return a model for the index; None where its own file must be read.

        ``before`` is the present entry, whose overview is used where the versions are the same.
        """
        try:
            state, etag = self._read_state(name)
        except StateError:
            return None
        if etag is None or not state.versions:
            return None
        indexed = IndexedModel(replace(state, history=()), etag)
        if state.default is None:
            return indexed
        overview = _overview(before, state) or self._describe(name, state.default)
        return indexed._replace(overview=overview)

    def _touch(self, name: str) -> bool:
        """Give a model's state another etag, so that interrupted changes cannot write it."""
        key = f"{name}/state.json"
        try:
            stored = self._store.read(key)
        except UnreadableFile:
            return False
        return stored is not None and self._store.write(key, stored[0] + b"\n", if_match=stored[1])

    def _change(self, change: Callable[[Index], Index | None], *, seconds: float) -> bool:
        """Change the index by compare-and-swap; return whether an attempt succeeded.

        ``change`` may be called several times; None writes nothing. Raises RegistryError.
        """
        import random  # imported here: servers only read

        end, pause = time.monotonic() + seconds, _PAUSE
        while True:
            with self._lock:
                index = self._read()
                changed = change(index)
                if changed is None or self._store.write(INDEX_KEY, changed.to_bytes(), if_match=index.etag):
                    return True
            if time.monotonic() >= end:
                return False
            time.sleep(random.uniform(0, pause))  # noqa: S311 - not for security
            pause = min(2 * pause, _LONGEST)

    def _read(self) -> Index:
        stored = self._store.read(INDEX_KEY)
        return Index() if stored is None else Index.from_bytes(*stored)


class Change:
    """The change of a model's state, in several attempts.

    Attributes:
        name: of the model.
        tokens: the tokens that it has set.
        superseded: tokens of other changes, which can no longer write the state.
    """

    def __init__(self, file: IndexFile, name: str) -> None:
        self._file = file
        self._seen: set[str] = set()
        self.name = name
        self.tokens: set[str] = set()
        self.superseded: set[str] = set()

    def begin(self) -> None:
        """Make the model pending; called after its state was read, before each write.

        Raises RegistryError, or RoutingConflict where other writers win every attempt.
        """
        token = os.urandom(8).hex()
        self.tokens.add(token)
        self._seen |= self._file.mark(self.name, token)

    def written(self) -> None:
        """Record that the state was written with another etag."""
        self.superseded |= self._seen


def _etag(entry: Any) -> str | None:
    return entry.get("etag") if isinstance(entry, Mapping) else None


def _overview(entry: Any, state: State) -> Mapping[str, Any] | None:
    """Return the overview in an entry of the same versions and default version."""
    try:
        same = entry["versions"] == list(state.versions) and entry["default"]["version"] == state.default
        return dict(entry["default"]) if same else None
    except (KeyError, TypeError, ValueError):
        return None
