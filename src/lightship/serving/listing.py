"""Listing of a registry: the names of its models, and its index."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from lightship.documents import INDEX_KEY
from lightship.errors import RegistryError
from lightship.registry.index import Index, IndexedModel
from lightship.registry.registry import Registry

_LOG = logging.getLogger(__name__)


class NeverRead(RegistryError):
    """The registry has to be read first, which the caller did not permit."""


class Listing:
    """The names of the models and the index, read at most once per interval.

    While the registry does not respond, the last ones are used.

    Attributes:
        is_reachable: whether the last reading succeeded.

    Args:
        registry: where the models are.
        refresh: seconds for which names and index are fresh.
    """

    def __init__(self, registry: Registry, refresh: float) -> None:
        self._registry = registry
        self._refresh = refresh
        self._names: tuple[str, ...] | None = None
        self._until = 0.0
        self._checked = -1
        self._index = Index()
        self._models: Mapping[str, IndexedModel] = {}
        self.is_reachable = True

    @property
    def is_fresh(self) -> bool:
        """Return whether the registry was listed within the interval."""
        return self._names is not None and time.monotonic() < self._until

    def __contains__(self, name: str) -> bool:
        return name in (self._names or ())

    def names(self, *, may_read: bool) -> tuple[str, ...]:
        """Return the names of possible models.

        Raises RegistryError where the registry has never been listed, NeverRead where that was not permitted.
        """
        if may_read and not self.is_fresh:
            self._list()
        if self._names is None:
            raise NeverRead("the registry has never been listed")
        return self._names

    def indexed(self, name: str) -> IndexedModel | None:
        """Return a model of the index; None where its own state must be read."""
        return self._models.get(name)

    def next_check(self) -> str | None:
        """Return the next model whose entry is to be compared with its own file.

        The index does not show what was changed by hand, or by Lightship 0.2.0 or earlier.
        """
        names = [name for name in self._names or () if name in self._models]
        self._checked = (self._checked + 1) % len(names) if names else -1
        return names[self._checked] if names else None

    def _list(self) -> None:
        self._until = time.monotonic() + self._refresh
        try:
            names, index = tuple(self._registry.names()), self._registry.index.read(self._index)
        except RegistryError:
            if self._names is None:
                raise
            self.is_reachable = False
        else:
            if index.error and index.error != self._index.error:
                _LOG.warning("%s cannot be used, so that each model is read: %s", INDEX_KEY, index.error)
            self._names, self.is_reachable = names, True
            if index is not self._index:
                self._index, self._models = index, index.models()
        self._until = time.monotonic() + self._refresh
