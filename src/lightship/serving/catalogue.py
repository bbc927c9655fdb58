"""The catalogue: which version of which model answers, loaded when first asked for and only once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lightship.calls import Call, ModelState, Result, Statistics, VersionState
from lightship.errors import LightshipError, NotFound, RegistryError, Unavailable
from lightship.registry import Registry, choose
from lightship.serving.cache import ResponseCache, cache_key
from lightship.serving.shadows import Disagreement
from lightship.serving.shelf import QUICK_SECONDS, Served, Shelf
from lightship.serving.traffic import pick, shadows
from lightship.state import State

if TYPE_CHECKING:
    from lightship.serving.batches import Batching

T = TypeVar("T")


@dataclass(frozen=True)
class _Known:
    state: State
    etag: str | None
    expires: float


class Catalogue:
    """The models of a registry as one server sees them.

    Args:
        registry: where the versions are.
        default: the model that answers where a request names none; with a single model, that one.
        refresh: seconds for which a model's state is believed before a conditional request asks for a newer one.
        threads: for calls that take longer than a millisecond; 0 runs everything where it is (Lambda).
        batch_rows: the most calls of one row to run as one batch in such a thread; 1 for none.
        batch_window: seconds for which a batch may wait to be fuller while another one is running.
        memory: bytes of bundles to keep loaded; beyond it the least recently used are unloaded. 0 for no limit.
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
        caches: Mapping[str, int] | None = None,
    ) -> None:
        self._registry = registry
        self._default = default
        self._refresh = refresh
        batching = _batching(threads, batch_rows, batch_window) if threads else None
        self._executor = batching.executor if batching else None
        self._shelf = Shelf(registry, retry=refresh, memory=memory, batching=batching)
        self._known: dict[str, _Known] = {}
        self._answering: dict[str, int] = {}
        self._caches = {name: ResponseCache(limit) for name, limit in (caches or {}).items()}
        self._unloaded: set[str] = set()
        self._disagreements: dict[tuple[str, int], Disagreement] = {}

    def default_name(self) -> str:
        """The default model's name; raises NotFound where it is not clear which one is meant."""
        if self._default is not None:
            return self._default
        names = self._registry.models()
        if len(names) == 1:
            return names[0]
        if not names:
            raise NotFound(f"there is no model in {self._registry.location}: compile one first")
        raise NotFound(
            f"there are several models ({', '.join(names)}): ask /models/<name>/predict, or set LIGHTSHIP_DEFAULT_MODEL"
        )

    async def get(
        self, name: str | None = None, version: int | None = None, label: str | None = None, *, key: bytes = b""
    ) -> Served:
        """A loaded version: by number, by label, or the one that answers a caller with this key.

        Where that one cannot be loaded and nobody named it, the version that answered before goes on. Raises NotFound,
        BundleError, Unavailable or RegistryError.
        """
        name = name or self._default or self.default_name()
        if name in self._unloaded:
            raise Unavailable(f"model '{name}' was unloaded: load it first")
        state = self._state(name)
        named = None if version is None and label is None else choose(name, state, version, label)
        number = named or pick(state, key) or self._registry.resolve(name)
        served = self._shelf.get((name, number))
        if served is None:
            served = await self.elsewhere(lambda: self._load_or_keep(name, number, named=named is not None))
        if named is None:
            self._answering[name] = served.version
        return served

    async def predict(self, served: Served, call: Call) -> tuple[Result, str | None]:
        """The result of a call, and ``hit`` or ``miss`` where the model has a response cache."""
        cache = self._caches.get(served.name)
        if cache is None:
            return await self._run(served, call), None
        key = cache_key(served.model.bundle.digest, call)
        known = cache.get(key, call)
        if known is not None:
            return known, "hit"
        result = await self._run(served, call)
        cache.put(key, result)
        return result, "miss"

    async def _run(self, served: Served, call: Call) -> Result:
        """Run a call, in a thread where it would keep others waiting, with others where that is cheaper."""
        rows = 1
        for array in call.inputs.values():
            if array.ndim:
                rows = len(array)
                break
        if served.seconds_per_row * rows < QUICK_SECONDS:
            return served.predict(call, rows)
        if served.batches is not None and rows == 1:
            import asyncio

            return await asyncio.wrap_future(served.batches.submit(call))
        return await self.elsewhere(lambda: served.predict(call, rows))

    def shadow(self, served: Served, result: Result, *, key: bytes) -> None:
        """Run the call also on the versions that shadow this one: in a thread, or in line where there is none.

        On Lambda, which freezes after it has answered, in line is the only way: the caller waits for it.
        """
        known = self._known.get(served.name)
        if known is None or not known.state.routing.shadows:
            return
        for version in shadows(known.state, key):
            if version == served.version:
                continue
            if self._executor is None:
                self._compare(served.name, version, result)
            else:
                self._executor.submit(self._compare, served.name, version, result)

    def disagreements(self, name: str) -> dict[int, Disagreement]:
        """What shadows of a model have shown so far, by version."""
        return {version: seen for (model, version), seen in self._disagreements.items() if model == name}

    def load(self, name: str, version: int | None = None) -> Served:
        """A version, by default the default one, loaded if it is not yet. Raises NotFound, BundleError, Unavailable."""
        return self._shelf.load((name, self._registry.resolve(name, version)))

    def loaded(self) -> list[str]:
        """Names of the models that have a version in memory, sorted."""
        return sorted({served.name for served in self._shelf.all()})

    def states(self) -> tuple[ModelState, ...]:
        """Every model as it stands, loaded if it can be."""
        return tuple(self.state(name) for name in self._registry.models())

    def state(self, name: str, version: int | None = None, label: str | None = None) -> ModelState:
        """A model as it stands, seen through one version, by default its default one; raises NotFound."""
        known = self._registry.state(name)
        number = choose(name, known, version, label) or self._registry.resolve(name)
        default = name == self._default or (self._default is None and self._registry.models() == [name])
        try:
            if name in self._unloaded:
                raise Unavailable("it was unloaded")
            model = self.load(name, number).model
            inputs, _ = model.golden()
        except LightshipError as error:
            return ModelState(name, number, known.offered, default, error=error.message)
        digest, example = model.bundle.digest, Call(inputs)
        shadow = {version: seen.to_json() for version, seen in self.disagreements(name).items()}
        return ModelState(name, number, known.offered, default, model.manifest, digest, example=example, shadows=shadow)

    def version_states(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[VersionState, ...]:
        """Every version of a model as it stands, or the one that is asked for; raises NotFound."""
        asked = self._registry.resolve(name, version, label)
        versions = self._registry.versions(name) if version is None and label is None else [asked]
        return tuple(self._version_state(name, number) for number in versions)

    def statistics(self, name: str | None = None, version: int | None = None) -> tuple[Statistics, ...]:
        """What the loaded versions have done, of all models or of one; raises NotFound."""
        if name is not None:
            self._registry.resolve(name, version)
        return tuple(
            served.counters.snapshot(served.name, served.version)
            for served in self._shelf.all()
            if name in (None, served.name) and version in (None, served.version)
        )

    def reload(self, name: str) -> None:
        """Load a model's default version, also after it was unloaded. Raises NotFound, BundleError, Unavailable."""
        self._registry.resolve(name)
        self._unloaded.discard(name)
        self._known.pop(name, None)
        self.load(name)

    def unload(self, name: str) -> None:
        """Forget a model's versions and refuse requests for it until it is loaded again; raises NotFound."""
        self._registry.resolve(name)
        self._unloaded.add(name)
        self._answering.pop(name, None)
        self._shelf.drop(name)

    def close(self) -> None:
        """Let running calls finish and end the threads."""
        if self._executor is not None:
            self._executor.shutdown()

    def _version_state(self, name: str, version: int) -> VersionState:
        labels = self._registry.state(name).routing.labels
        mine = tuple(label for label, number in labels.items() if number == version)
        if name in self._unloaded:
            return VersionState(name, version, "unloaded", labels=mine)
        try:
            self.load(name, version)
        except LightshipError as error:
            return VersionState(name, version, "failed", error.message, mine)
        return VersionState(name, version, "available", labels=mine)

    def _load_or_keep(self, name: str, version: int, *, named: bool) -> Served:
        try:
            return self.load(name, version)
        except LightshipError:
            before = self._shelf.get((name, self._answering.get(name, 0)))
            if named or before is None:
                raise
            return before

    def _state(self, name: str) -> State:
        """A model's state, asked for at most once in ``refresh`` seconds; the last one known while nobody answers."""
        known = self._known.get(name)
        now = time.monotonic()
        if known is not None and now < known.expires:
            return known.state
        try:
            if known is not None and not self._registry.state_changed(name, known.etag):
                state, etag = known.state, known.etag
            else:
                state, etag = self._registry.read_state(name)
        except RegistryError:
            if known is None:
                raise
            state, etag = known.state, known.etag
        self._known[name] = _Known(state, etag, now + self._refresh)
        return state

    def _compare(self, name: str, version: int, heard: Result) -> None:
        seen = self._disagreements.setdefault((name, version), Disagreement())
        try:
            unheard = self.load(name, version).model.predict(heard.call)
        except LightshipError:
            seen.failed += 1
        else:
            seen.record(heard, unheard)

    async def elsewhere(self, work: Callable[[], T]) -> T:
        """Do in a thread what would keep others waiting, or where it is where there are no threads (Lambda)."""
        if self._executor is None:
            return work()
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _batching(threads: int, rows: int, window: float) -> Batching:
    from concurrent.futures import ThreadPoolExecutor  # Lambda has no threads, and starts sooner without

    from lightship.serving.batches import Batching

    return Batching(ThreadPoolExecutor(threads, "lightship"), threads, rows, window)
