"""The shelf: versions that are loaded, each only once, within a limit of memory."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from lightship.calls import Call, Result
from lightship.errors import LightshipError, Unavailable
from lightship.inputs import kind_of
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.serving.counters import Counters
from lightship.tensors import Signature

if TYPE_CHECKING:  # Lambda batches nothing, and starts sooner without
    from lightship.serving.batches import Batches, Batching

Key = tuple[str, int]

# Handing a call to a thread and back costs about a tenth of this: shorter calls are run where they are.
QUICK_SECONDS = 0.001

# Bodies of fewer bytes are decoded in a millisecond, strange ones in ten.
_QUICK_BYTES = 16_384


class NoRoom(Unavailable):
    """A version that answers no caller would unload another one."""


class Served(NamedTuple):
    """A loaded version. ``seconds_per_row`` decides where to run; a long-running server measures it.

    It is by signature; None stands for the default one.
    ``batches`` is where calls of one row go that are better run together. Bodies of ``decode_here`` bytes or more are
    decoded in a thread, on a long-running server. ``since`` is the Unix time of its loading, in seconds.
    """

    name: str
    version: int
    model: Model
    counters: Counters
    since: float
    seconds_per_row: Mapping[str | None, float] = MappingProxyType({})
    batches: Batches | None = None
    decode_here: int = sys.maxsize

    def predict(self, call: Call, rows: int) -> Result:
        """Run a call and count it."""
        start = time.perf_counter_ns()
        try:
            result = self.model.predict(call)
        except Exception:
            self.counters.failed(start)
            raise
        self.counters.done(rows, start)
        return result


class Shelf:
    """Loaded versions by name and number.

    Args:
        registry: where the bundles are.
        retry: seconds after which a version that could not be loaded is tried again.
        memory: bytes of bundles to keep; beyond it the least recently used are unloaded. 0 for no limit.
        idle: seconds for which a version that no longer answers by default is kept after it was last asked for.
        batching: how to run calls together; None (Lambda) also leaves models unmeasured.
    """

    def __init__(
        self, registry: Registry, *, retry: float, memory: int, idle: float, batching: Batching | None
    ) -> None:
        self._registry = registry
        self._retry = retry
        self._memory = memory
        self._idle = idle
        self._batching = batching
        self._loaded: dict[Key, Served] = {}
        self._failed: dict[Key, tuple[LightshipError, float]] = {}
        self._whole: set[Key] = set()
        self._sizes: dict[Key, int] = {}
        self._loading: dict[Key, threading.Lock] = {}
        self._moving = threading.Lock()

    def get(self, key: Key) -> Served | None:
        """A version that is loaded, or None."""
        return self._loaded.get(key)

    def all(self) -> list[Served]:
        """The versions that are loaded, by name and number."""
        return sorted(self._loaded.values(), key=lambda served: (served.name, served.version))

    def failure(self, key: Key) -> LightshipError | None:
        """Why a version could not be loaded the last time that it was tried."""
        return self._failed[key][0] if key in self._failed else None

    def resting(self, key: Key) -> bool:
        """Whether a version could not be loaded, and it is too soon to try again."""
        return key in self._failed and time.monotonic() < self._failed[key][1]

    def was_loaded(self, key: Key) -> bool:
        """Whether a version has ever been loaded, also where memory has made it go since."""
        return key in self._whole

    def load(self, key: Key, *, spare: bool = False) -> Served:
        """A version, loaded if it is not yet; raises BundleError, Unavailable or RegistryError.

        A ``spare`` one, which answers no caller, unloads no other version: without room for it, NoRoom is raised.
        """
        with self._loading.setdefault(key, threading.Lock()):
            if key in self._loaded:
                return self._loaded[key]
            error, until = self._failed.get(key, (None, 0.0))
            if error is not None and time.monotonic() < until:
                raise error.with_traceback(None)  # raised many times, it would gather all of them
            if spare:
                self._check_room(key)
            try:
                served = self._open(*key)
            except Exception as failure:
                self._failed[key] = (_known(failure), time.monotonic() + self._retry)
                raise
            self._failed.pop(key, None)
            self._sizes[key] = served.model.bundle.size
            with self._moving:
                if spare:
                    self._check_room(key)
                self._loaded[key] = served
                self._make_room(served)
            self._whole.add(key)
            return served

    def drop(self, name: str) -> None:
        """Unload every version of a model. What still runs keeps its model until it is done."""
        with self._moving:
            for key in [key for key in self._loaded if key[0] == name]:
                del self._loaded[key]

    def tidy(self, name: str, *, offered: Collection[int], needed: Collection[int | None]) -> None:
        """Unload a model's versions that are withdrawn, and those that nobody needs nor has asked for in a while."""
        with self._moving:
            for served in [served for served in self._loaded.values() if served.name == name]:
                asked = max(served.counters.last, served.since)
                idle = served.version not in needed and time.time() - asked >= self._idle
                if idle or served.version not in offered:
                    del self._loaded[name, served.version]

    def _open(self, name: str, version: int) -> Served:
        model = Model.load(self._registry.bundle(name, version))
        served = Served(name, version, model, Counters(), time.time())
        if self._batching is None:
            return served
        seconds = _seconds_by_signature(model)
        batches = self._batching.of(model, served.counters) if max(seconds.values()) >= QUICK_SECONDS else None
        return served._replace(seconds_per_row=seconds, batches=batches, decode_here=_decode_here(model))

    def _check_room(self, key: Key) -> None:
        """Raise NoRoom where a version of known size would push out another one."""
        size = self._sizes.get(key, 0)
        used = sum(served.model.bundle.size for served in list(self._loaded.values()))
        if self._memory and used + size > self._memory:
            raise NoRoom(f"{size} bytes beside the {used} in use are over the limit of {self._memory} bytes")

    def _make_room(self, newest: Served) -> None:
        sizes = {key: served.model.bundle.size for key, served in self._loaded.items()}
        others = [served for served in self._loaded.values() if served is not newest]
        others.sort(key=lambda served: served.counters.last)
        while self._memory and others and sum(sizes.values()) > self._memory:
            oldest = others.pop(0)
            del self._loaded[oldest.name, oldest.version], sizes[oldest.name, oldest.version]


def _known(failure: Exception) -> LightshipError:
    """Return the error to raise until the next try; what is not ours is in the log of the first one."""
    return failure if isinstance(failure, LightshipError) else LightshipError("the version could not be loaded")


def _decode_here(model: Model) -> int:
    specs = (spec for signature in model.manifest.signatures for spec in signature.inputs)
    return min((_QUICK_BYTES, *(kind_of(spec).cheap_bytes for spec in specs)))


def _seconds_by_signature(model: Model) -> dict[str | None, float]:
    seconds: dict[str | None, float] = {each.name: _seconds(model, each) for each in model.manifest.signatures}
    return seconds | {None: seconds[model.manifest.signature().name]}


def _seconds(model: Model, signature: Signature) -> float:
    """Return the time of one recorded row, after a first call that warms up.

    Where rows are not known to be independent, the whole recorded batch runs, and its time is the upper bound.
    """
    from lightship.bundle.golden import smallest_call  # Lambda measures nothing

    inputs, _ = model.golden(signature.name)
    call = Call(smallest_call(inputs, signature), signature.name)
    model.predict(call)
    start = time.perf_counter()
    model.predict(call)
    return time.perf_counter() - start
