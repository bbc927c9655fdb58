"""Router: selects the version that answers a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from lightship.calls import ModelSelector
from lightship.errors import NotFound
from lightship.registry.registry import choose
from lightship.registry.state import State
from lightship.serving.pool import Key, Served
from lightship.serving.registry_cache import RegistryCache
from lightship.serving.traffic import pick

# Returns the key of a client, by which traffic is split; called only where a model's traffic is.
TrafficKey = Callable[[], bytes]


class Target(NamedTuple):
    """The version that answers.

    ``explicit`` is true where the request selects it, so that no other version may answer.
    """

    name: str
    version: int
    explicit: bool
    state: State


class Router:
    """Selection of versions by number, label or traffic split. Thread-safe.

    Attributes:
        last_versions: by model, the version that last answered a request without an explicit version; callers set it
            where :meth:`ready` returns None.

    Args:
        cache: the registry's state.
        loaded: the loaded versions.
        default: the model for requests that name none; None where the registry must have one model only.
    """

    def __init__(self, cache: RegistryCache, loaded: Mapping[Key, Served], default: str | None) -> None:
        self._cache = cache
        self._loaded = loaded
        self._default = default
        self.last_versions: dict[str, int] = {}

    def default_name(self, *, may_read: bool = True) -> str:
        """Return the default model's name.

        Raises NotFound where several models exist and none is configured as the default.
        """
        if self._default is not None:
            return self._default
        names = list(self._cache.states(may_read=may_read))
        if len(names) == 1:
            return names[0]
        if not names:
            raise NotFound("the registry has no model: compile one first")
        raise NotFound(
            f"there are several models ({', '.join(names)}): use /models/<name>/predict, or start the server with "
            "--default or LIGHTSHIP_DEFAULT_MODEL"
        )

    def is_default(self, name: str, *, may_read: bool = True) -> bool:
        """Return whether a model answers requests that name none."""
        return name == (self._default or self.default_of(self._cache.states(may_read=may_read)))

    def default_of(self, names: Collection[str]) -> str | None:
        """Return the default model among these: the configured one, or the only one."""
        return self._default or (next(iter(names)) if len(names) == 1 else None)

    def ready(self, selector: ModelSelector, key: TrafficKey) -> Served | None:
        """Return the version for a request, if the cached state is fresh and it is loaded.

        Returns None where the registry has to be read, or the version loaded, or to raise why it cannot. Raises
        NotFound.
        """
        name = selector.name or self._default
        entry = None if name is None else self._cache.entries.get(name)
        if name is None or entry is None or entry.state is None or time.monotonic() >= entry.expires:
            return None
        state, explicit = entry.state, selector.version is not None or selector.label is not None
        version = _choose(name, state, selector, key) if explicit or state.routing.traffic else state.default
        served = None if version is None else self._loaded.get((name, version))
        if served is not None and not explicit:
            self.last_versions[name] = served.version
        return served

    def target(self, selector: ModelSelector, key: TrafficKey, *, may_read: bool = True) -> Target:
        """Return the version for a request.

        Raises NotFound, RegistryError or NeverRead (see RegistryCache).
        """
        name = selector.name or self.default_name(may_read=may_read)
        state = self._cache.state(name, may_read=may_read)
        version = _choose(name, state, selector, key) if state.versions else None
        if version is None:
            raise self._cache.not_found(name, may_read=may_read)
        return Target(name, version, selector.explicit, state)

    def previous(self, name: str, state: State) -> int | None:
        """Return the version that answered last by default, if it still takes requests."""
        version = self.last_versions.get(name)
        return version if version in state.offered else None


def _choose(name: str, state: State, selector: ModelSelector, key: TrafficKey) -> int | None:
    """Return the version by number, label or traffic; None where none takes requests."""
    return choose(name, state, selector.version, selector.label) if selector.explicit else pick(state, key())
