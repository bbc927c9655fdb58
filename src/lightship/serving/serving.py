"""Serving: the models of a registry, found, loaded and run.

A version is loaded when it is first asked for, and only once. Synchronous; :mod:`lightship.serving.concurrent` adds a
server's threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightship.calls import Call, ModelState, Result
from lightship.errors import LightshipError
from lightship.registry.registry import Registry, choose
from lightship.serving.cache import ResponseCache
from lightship.serving.pool import Key, ModelPool, NoRoom, Served
from lightship.serving.registry_cache import RegistryCache
from lightship.serving.router import Asked, Router, Target
from lightship.serving.shadows import Shadows
from lightship.serving.status import ModelStatus
from lightship.serving.traffic import shadows

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from lightship.serving.batches import Batching


@dataclass(frozen=True)
class Options:
    """How models are served.

    Attributes:
        default: the model for requests that name none; None where the only model is meant.
        refresh: seconds for which a model's state is fresh.
        memory: bytes of bundles to keep loaded; beyond it the least recently used are evicted. 0 for no limit.
        idle: seconds after its last call for which a version that no longer answers by default is kept.
        caches: bytes of results to keep, by name of a model that has a response cache.
    """

    default: str | None = None
    refresh: float = 2.0
    memory: int = 0
    idle: float = 600.0
    caches: Mapping[str, int] = field(default_factory=dict)


class Serving:
    """The models of a registry as one process serves them. Thread-safe.

    Attributes:
        cache: the registry's state.
        router: which version answers.
        pool: the loaded versions.
        status: what is reported of them.
        starting: true while :meth:`start` loads models.
        caches: whether some model has a response cache.

    Args:
        registry: where the versions are.
        options: see :class:`Options`.
        batching: how a long-running server batches calls; None for not at all.
        shadow_executor: where shadow versions run; None runs them in line.
    """

    def __init__(
        self,
        registry: Registry,
        options: Options | None = None,
        *,
        batching: Batching | None = None,
        shadow_executor: Executor | None = None,
    ) -> None:
        options = options or Options()
        self._default = options.default
        self.caches = bool(options.caches)
        self._responses = {name: ResponseCache(limit) for name, limit in options.caches.items()}
        self.cache = RegistryCache(registry, options.refresh)
        self.router = Router(self.cache, options.default)
        self.pool = ModelPool(
            registry, retry=options.refresh, memory=options.memory, idle=options.idle, batching=batching
        )
        self._shadows = Shadows(self.pool, shadow_executor)
        self.status = ModelStatus(self.cache, self.router, self.pool, self._shadows)
        self.starting = False

    def find(self, asked: Asked) -> Served:
        """Return the version that answers a request, loading it if needed.

        Where the request names no version and the chosen one fails to load, the version that answered before is used.
        Raises NotFound, BundleError, Unavailable or RegistryError.
        """
        target = self.router.fresh(asked) or self.resolve(asked)
        served = self.pool.get((target.name, target.version)) or self._load(target)
        if not target.explicit:
            self.router.answered(served)
        return served

    def resolve(self, asked: Asked, *, ask: bool = True) -> Target:
        """Return which version answers a request, reading the registry where it is due; evict what is not needed.

        Raises as :meth:`Router.target`.
        """
        target = self.router.target(asked, ask=ask)
        state = target.state
        needed = {*state.routing.versions, state.default, self.router.previous(target.name, state)}
        self.pool.tidy(target.name, offered=state.offered, needed=needed)
        return target

    def previous(self, target: Target) -> Served | None:
        """Return the loaded version that answered before, where the request names no version."""
        if target.explicit:
            return None
        return self.pool.get((target.name, self.router.previous(target.name, target.state) or 0))

    def responses(self, served: Served) -> ResponseCache | None:
        """Return the response cache of a version's model; None without one, and for stateful models."""
        return None if served.model.stateful else self._responses.get(served.name)

    def predict(self, served: Served, call: Call) -> tuple[Result, str | None]:
        """Run a call; returns its result, and ``hit`` or ``miss`` where the model has a response cache."""
        cache = self.responses(served)
        if cache is None:
            return served.predict(call), None
        lookup = cache.look_up(served, call)
        if lookup.result is not None:
            return lookup.result, "hit"
        result = served.predict(call)
        cache.keep(served, lookup, result)
        return result, "miss"

    def shadow(self, served: Served, result: Result, *, key: bytes) -> None:
        """Run a call also on the versions that shadow this one.

        On Lambda, which freezes after the response, in line is the only way: the client waits for it.
        """
        state = self.cache.last(served.name)
        if state is None or not state.routing.shadows:
            return
        for version in shadows(state, key):
            if version != served.version:
                self._shadows.run(served.name, version, result)

    def start(self) -> tuple[ModelState, ...]:
        """Load every model's default version, the default model first, as far as there is memory for them.

        A failure is reported in the model's state and does not stop the others.
        """
        self.starting = True
        try:
            for name in sorted(self.cache.names(), key=lambda name: name != self._default):
                try:
                    self.load(name, spare=True)
                except NoRoom:
                    break  # the others are loaded when they are asked for
                except LightshipError:
                    continue
        finally:
            self.starting = False
        return self.status.models()

    def load(self, name: str, version: int | None = None, *, spare: bool = False) -> Served:
        """Load a version, by default the default one; ``spare`` as in :meth:`ModelPool.load`.

        Raises NotFound, BundleError or Unavailable.
        """
        state = self.cache.state(name)
        number = (choose(name, state, version, None) or state.default) if state.versions else None
        if number is None:
            raise self.cache.not_found(name)
        served = self.pool.load((name, number), spare=spare)
        if version is None:
            self.router.answered(served)
        return served

    def load_default(self) -> None:
        """Load the default model; its status tells of a failure."""
        with suppress(LightshipError):
            self.load(self.router.default_name())

    def unproven_default(self, *, ask: bool = True) -> Key | None:
        """Return the default model's version if it was never loaded, and no earlier one answers; raises NotFound."""
        name = self.router.default_name(ask=ask)
        state = self.cache.state(name, ask=ask)
        previous = self.router.previous(name, state)
        if state.default is None or self.pool.was_loaded((name, state.default)):
            return None
        return None if previous and self.pool.get((name, previous)) else (name, state.default)

    def prove_default(self) -> None:
        """Load the default model if it has never been loaded: only then is it known to be ready."""
        with suppress(LightshipError):
            if (key := self.unproven_default()) is not None:
                self.pool.load(key)

    def retries(self) -> list[Key]:
        """Return the default versions that failed to load and may be tried again."""
        return [key for key in self.pool.retries() if (state := self.cache.last(key[0])) and state.default == key[1]]

    def retry_failed(self) -> None:
        """Try again to load the default versions that failed, where there is room for them."""
        for key in self.retries():
            with suppress(LightshipError):
                self.pool.load(key, spare=True)

    def loaded(self) -> list[tuple[str, int]]:
        """Return the loaded versions by name and number."""
        return [(served.name, served.version) for served in self.pool.all()]

    def reload(self, name: str) -> ModelState:
        """Load a model's default version, also after :meth:`unload`. Raises NotFound, BundleError or Unavailable."""
        self.cache.expire(name)
        self._check_exists(name)
        self.pool.allow(name)
        self.load(name)
        return self.status.model(name)

    def unload(self, name: str) -> None:
        """Evict a model's versions and refuse requests for it until :meth:`reload`; raises NotFound."""
        self._check_exists(name)
        self.router.forget(name)
        self.pool.unload(name)

    def _check_exists(self, name: str) -> None:
        if not self.cache.state(name).versions:
            raise self.cache.not_found(name)

    def _load(self, target: Target) -> Served:
        try:
            return self.pool.load((target.name, target.version))
        except LightshipError:
            previous = self.previous(target)
            if previous is None:
                raise
            return previous
