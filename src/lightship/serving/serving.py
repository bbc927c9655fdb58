"""The catalogue: which version of which model answers, loaded when first asked for and only once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from lightship.calls import Call, ModelState, Result
from lightship.errors import LightshipError, Unavailable
from lightship.registry.registry import Registry, choose
from lightship.registry.state import State
from lightship.serving.cache import ResponseCache, cache_key
from lightship.serving.pool import QUICK_SECONDS, Key, NoRoom, Served, Shelf
from lightship.serving.registry_cache import Known
from lightship.serving.shadows import Shadows
from lightship.serving.status import Standings
from lightship.serving.traffic import pick, shadows

if TYPE_CHECKING:
    from lightship.serving.threads import Threads

T = TypeVar("T")


class Catalogue:
    """The models of a registry as one server sees them. ``standings`` tells how they stand.

    ``starting`` is true while :meth:`start` loads them.

    Args:
        registry: where the versions are.
        default: the model that answers where a request names none; with a single model, that one.
        refresh: seconds for which a model's state is believed before a conditional request asks for a newer one.
        threads: for calls that take longer than a millisecond; 0 runs everything where it is (Lambda).
        batch_rows: the most calls of one row to run as one batch in such a thread; 1 for none.
        batch_window: seconds for which a batch may wait to be fuller while another one is running.
        memory: bytes of bundles to keep loaded; beyond it the least recently used are unloaded. 0 for no limit.
        idle: seconds for which a version that nothing leads to any more is kept after it was last asked for.
        caches: bytes of answers to keep, for each model that has a response cache.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        default: str | None = None,
        refresh: float = 2.0,
        threads: int = 0,
        batch_rows: int = 8,
        batch_window: float = 0.0,
        memory: int = 0,
        idle: float = 600.0,
        caches: Mapping[str, int] | None = None,
    ) -> None:
        self._default = default
        self._threads = _threads(threads, batch_rows, batch_window) if threads else None
        self._known = Known(registry, refresh)
        batching = self._threads.batching if self._threads else None
        self._shelf = Shelf(registry, retry=refresh, memory=memory, idle=idle, batching=batching)
        self._shadows = Shadows(
            lambda *key: self._shelf.load(key, spare=True), self._threads.shadows if self._threads else None
        )
        self._answering: dict[str, int] = {}
        self.starting = False
        self._unloaded: set[str] = set()
        self._caches = {name: ResponseCache(limit) for name, limit in (caches or {}).items()}
        self.standings = Standings(
            registry,
            self._known,
            self._shelf,
            self._shadows,
            default=default,
            unloaded=self._unloaded,
            answering=self._answering,
            retry=self._retry,
        )

    def default_name(self) -> str:
        """The default model's name; raises NotFound where it is not clear which one is meant."""
        return self.standings.default_name()

    async def get(
        self, name: str | None = None, version: int | None = None, label: str | None = None, *, key: bytes = b""
    ) -> Served:
        """A loaded version: by number, by label, or the one that answers a caller with this key.

        Where nobody named it, the version that answered before goes on: where the new one cannot be loaded, and on a
        long-running server while it is being loaded. Raises NotFound, BundleError, Unavailable or RegistryError.
        """
        model = name or self._default or await self._only()
        if model in self._unloaded:
            raise Unavailable(f"model '{model}' was unloaded: load it first")
        state = self._known.recent(model) or await self._asked(model)
        named = None if version is None and label is None else choose(model, state, version, label)
        number = named or pick(state, key)
        if number is None:
            raise await self.told(lambda ask: self._known.unknown(model, ask=ask))
        served = self._shelf.get((model, number))
        if served is None:
            served = await self._load((model, number), None if named else self._before(model, state))
        if named is None:
            self._answering[model] = served.version
        return served

    async def predict(self, served: Served, call: Call) -> tuple[Result, str | None]:
        """The result of a call, and ``hit`` or ``miss`` where the model has a response cache."""
        cache = self._caches.get(served.name)
        if cache is None or served.model.stateful:
            return await self._run(served, call), None
        start = time.perf_counter_ns()
        key = cache_key(served.model.bundle.digest, call)
        known = cache.get(key, call)
        if known is not None:
            served.counters.hit(call.rows, start)
            return known, "hit"
        looked = time.perf_counter_ns()
        result = await self._run(served, call)
        ran = time.perf_counter_ns()
        cache.put(key, result)
        served.counters.missed(time.perf_counter_ns() - ran + looked - start)
        return result, "miss"

    async def _run(self, served: Served, call: Call) -> Result:
        """Run a call, in a thread where it would keep others waiting, with others where that is cheaper."""
        rows = call.rows
        if self._threads is None or served.seconds_per_row.get(call.signature, 0.0) * rows < QUICK_SECONDS:
            return served.predict(call, rows)
        if rows == 1 and served.batches is not None and served.batches.takes(call):
            return await self._threads.result(served.batches.submit(call))
        return await self.elsewhere(lambda: served.predict(call, rows))

    def shadow(self, served: Served, result: Result, *, key: bytes) -> None:
        """Run the call also on the versions that shadow this one: in a thread, or in line where there is none.

        On Lambda, which freezes after it has answered, in line is the only way: the caller waits for it.
        """
        state = self._known.last(served.name)
        if state is None or not state.routing.shadows:
            return
        for version in shadows(state, key):
            if version != served.version:
                self._shadows.run(served.name, version, result)

    async def ready(self) -> bool:
        """Whether the default model can be asked; should nobody have asked for it yet, it is loaded to find out."""
        if self.starting:
            return False
        tell = self.standings
        try:
            state = await self.told(lambda ask: tell.state(tell.default_name(ask=ask), ask=ask))
            if state.version and state.error is None and not self._shelf.was_loaded((state.name, state.version)):
                await self.get(state.name)
        except LightshipError:
            return False
        return state.ready

    async def told(self, tell: Callable[[bool], T]) -> T:
        """What ``tell(True)`` finds by asking the registry; should that take long, ``tell(False)`` by what is known.

        On a long-running server nobody else waits for it.
        """
        return tell(True) if self._threads is None else await self._threads.told(tell)

    async def elsewhere(self, work: Callable[[], T]) -> T:
        """The result of work that would keep others waiting: of a thread that runs models, where there are any."""
        return work() if self._threads is None else await self._threads.result(self._threads.calls.submit(work))

    async def aside(self, work: Callable[[], T]) -> T:
        """The result of work that loads models: on a long-running server nobody else waits for it."""
        return work() if self._threads is None else await self._threads.result(self._threads.loads.submit(work))

    def start(self) -> tuple[ModelState, ...]:
        """Load every model's default version, as far as there is memory for them; the default model comes first.

        One that fails is a state with an error, and does not stop the others. Until this ends, :meth:`ready` is false.
        """
        self.starting = True
        try:
            for name in sorted(self._known.names(), key=lambda name: name != self._default):
                try:
                    self.load(name, spare=True)
                except NoRoom:
                    break  # the others are loaded when they are asked for
                except LightshipError:
                    continue
        finally:
            self.starting = False
        return self.standings.states()

    def load(self, name: str, version: int | None = None, *, spare: bool = False) -> Served:
        """A version, by default the default one, loaded if it is not yet; ``spare`` is as in :meth:`Shelf.load`.

        Raises NotFound, BundleError or Unavailable.
        """
        state = self._known.state(name)
        number = choose(name, state, version, None) if state.versions else None
        number = number or state.default
        if number is None:
            raise self._known.unknown(name)
        served = self._shelf.load((name, number), spare=spare)
        if version is None:
            self._answering[name] = number
        return served

    def loaded(self) -> list[str]:
        """Names of the models that have a version in memory, sorted."""
        return sorted({name for name, _ in self.loaded_versions()})

    def loaded_versions(self) -> list[tuple[str, int]]:
        """The versions that are in memory, by name and number."""
        return [(served.name, served.version) for served in self._shelf.all()]

    def reload(self, name: str) -> ModelState:
        """Load a model's default version, also after it was unloaded. Raises NotFound, BundleError, Unavailable."""
        self._known.expire(name)
        if not self._known.state(name).versions:
            raise self._known.unknown(name)
        self._unloaded.discard(name)
        self.load(name)
        return self.standings.state(name)

    def unload(self, name: str) -> None:
        """Forget a model's versions and refuse requests for it until it is loaded again; raises NotFound."""
        if not self._known.state(name).versions:
            raise self._known.unknown(name)
        self._unloaded.add(name)
        self._answering.pop(name, None)
        self._shelf.drop(name)

    def close(self) -> None:
        """Let running calls finish and end the threads."""
        if self._threads is not None:
            self._threads.close()

    async def _only(self) -> str:
        return await self.told(lambda ask: self.standings.default_name(ask=ask))

    async def _asked(self, name: str) -> State:
        return await self.told(lambda ask: self._ask(name, ask=ask))

    def _ask(self, name: str, *, ask: bool) -> State:
        """A model's state from the registry, and room for what it says that nobody needs; raises NotFound."""
        state = self._known.ask(name) if ask else self._known.state(name, ask=False)
        if not state.versions:
            raise self._known.unknown(name, ask=ask)
        needed = {*state.routing.versions, state.default, self._answering.get(name)}
        self._shelf.tidy(name, offered=state.offered, needed=needed)
        return state

    def _before(self, name: str, state: State) -> Served | None:
        """The version that answered before, where it is loaded and still takes requests."""
        number = self._answering.get(name, 0)
        return self._shelf.get((name, number)) if number in state.offered else None

    async def _load(self, key: Key, before: Served | None) -> Served:
        """A version, or the one before it: where it fails, and on a long-running server until it is loaded."""
        if self._threads is None:
            try:
                return self._shelf.load(key)
            except LightshipError:
                if before is None:
                    raise
                return before
        if before is None:
            return await self._threads.shared(self._threads.once(key, self._shelf.load))
        self._retry(key)
        return before

    def _retry(self, key: Key) -> None:
        """Load a version in a thread, or in line where there is none, unless it has failed a moment ago."""
        if self._threads is None:
            with suppress(LightshipError):
                self._shelf.load(key)
        elif not self._shelf.resting(key):
            self._threads.once(key, self._shelf.load)


def _threads(calls: int, rows: int, window: float) -> Threads:
    from lightship.serving.threads import Threads  # Lambda has none, and starts sooner without

    return Threads(calls, rows, window)
