"""The shelf: versions that are loaded, each only once, within a limit of memory."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightship.calls import Call, Result
from lightship.errors import LightshipError
from lightship.model import Model
from lightship.registry import Registry
from lightship.serving.counters import Counters

if TYPE_CHECKING:  # Lambda batches nothing, and starts sooner without
    from lightship.serving.batches import Batches, Batching

Key = tuple[str, int]

# Handing a call to a thread and back costs about a tenth of this: shorter calls are run where they are.
QUICK_SECONDS = 0.001

# Bodies of fewer bytes are decoded in a millisecond, strange ones in ten.
_QUICK_BYTES = 16_384


@dataclass(frozen=True)
class Served:
    """A loaded version. ``seconds_per_row`` decides where to run; a long-running server measures it.

    ``batches`` is where calls of one row go that are better run together. Bodies of ``decode_here`` bytes or more are
    decoded in a thread, on a long-running server.
    """

    name: str
    version: int
    model: Model
    seconds_per_row: float = 0.0
    counters: Counters = field(default_factory=Counters)
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
        batching: how to run calls together; None (Lambda) also leaves models unmeasured.
    """

    def __init__(self, registry: Registry, *, retry: float, memory: int, batching: Batching | None) -> None:
        self._registry = registry
        self._retry = retry
        self._memory = memory
        self._batching = batching
        self._loaded: dict[Key, Served] = {}
        self._failed: dict[Key, tuple[LightshipError, float]] = {}
        self._loading = threading.Lock()

    def get(self, key: Key) -> Served | None:
        """A version that is loaded, or None."""
        return self._loaded.get(key)

    def all(self) -> list[Served]:
        """The versions that are loaded, by name and number."""
        return [self._loaded[key] for key in sorted(self._loaded)]

    def load(self, key: Key) -> Served:
        """A version, loaded if it is not yet; raises BundleError, Unavailable or RegistryError."""
        with self._loading:
            if key in self._loaded:
                return self._loaded[key]
            error, until = self._failed.get(key, (None, 0.0))
            if error is not None and time.monotonic() < until:
                raise error
            try:
                served = self._open(*key)
            except LightshipError as failure:
                self._failed[key] = (failure, time.monotonic() + self._retry)
                raise
            self._failed.pop(key, None)
            self._loaded[key] = served
            self._make_room(served)
            return served

    def drop(self, name: str) -> None:
        """Unload every version of a model. What still runs keeps its model until it is done."""
        with self._loading:
            for key in [key for key in self._loaded if key[0] == name]:
                del self._loaded[key]

    def _open(self, name: str, version: int) -> Served:
        model = Model.load(self._registry.open(name, version))
        if self._batching is None:
            return Served(name, version, model)
        seconds, counters = _seconds_per_row(model), Counters()
        batches = self._batching.of(model, counters) if seconds >= QUICK_SECONDS else None
        return Served(name, version, model, seconds, counters, batches, _decode_here(model))

    def _make_room(self, newest: Served) -> None:
        sizes = {key: served.model.bundle.size for key, served in self._loaded.items()}
        others = [served for served in self._loaded.values() if served is not newest]
        others.sort(key=lambda served: served.counters.last)
        while self._memory and others and sum(sizes.values()) > self._memory:
            oldest = others.pop(0)
            del self._loaded[oldest.name, oldest.version], sizes[oldest.name, oldest.version]


def _decode_here(model: Model) -> int:
    kinds = {(spec.kind or {}).get("type") for signature in model.manifest.signatures for spec in signature.inputs}
    return 0 if "image" in kinds else _QUICK_BYTES  # a hundred bytes may be an image of many megapixels


def _seconds_per_row(model: Model) -> float:
    """Time of one recorded row alone, after a first call that warms up."""
    inputs, _ = model.golden()
    signature = model.manifest.signature()
    call = Call({spec.name: inputs[spec.name][:1] if spec.batched else inputs[spec.name] for spec in signature.inputs})
    model.predict(call)
    start = time.perf_counter()
    model.predict(call)
    return time.perf_counter() - start
