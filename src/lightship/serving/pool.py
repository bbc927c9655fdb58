"""ModelPool: loaded versions within a memory limit, each loaded once."""

from __future__ import annotations

import logging
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
from lightship.settings import NO_TRANSFORMS, TransformSettings
from lightship.tensors import Signature

if TYPE_CHECKING:  # Lambda batches nothing, and starts faster without
    from lightship.serving.batches import Batches, Batching

_LOG = logging.getLogger(__name__)

Key = tuple[str, int]

# Passing a call to a thread and back takes about a tenth of this: shorter calls run in line.
QUICK_SECONDS = 0.001

# Decoding smaller bodies takes a millisecond at most, ten for malicious ones.
_QUICK_BYTES = 16_384


class MemoryLimitReached(Unavailable):
    """Loading a spare version would evict another one."""


class Served(NamedTuple):
    """A loaded version.

    Attributes:
        since: the Unix time of its loading, in seconds.
        headers: the headers of its responses, with its name and number.
        seconds_per_row: by signature, None for the default one; measured by a long-running server, to decide where
            calls run.
        batches: runs calls of one row together, where that is faster.
        inline_bytes: size in bytes of a body, or of the strings of a call, from which a long-running server decodes
            or runs it in a thread.
    """

    name: str
    version: int
    model: Model
    counters: Counters
    since: float
    headers: Mapping[str, str] = MappingProxyType({})
    seconds_per_row: Mapping[str | None, float] = MappingProxyType({})
    batches: Batches | None = None
    inline_bytes: int = sys.maxsize

    def predict(self, call: Call) -> Result:
        """Run a call and count it."""
        start = time.perf_counter_ns()
        try:
            result = self.model.predict(call)
        except Exception:
            self.counters.count_failure(start)
            raise
        self.counters.count_execution(call.rows, start)
        return result


class Loading(NamedTuple):
    """How versions are loaded.

    Attributes:
        transforms: the user's transforms that they may use.
        batching: how calls are batched; None (Lambda) also disables measuring models.
    """

    transforms: TransformSettings = NO_TRANSFORMS
    batching: Batching | None = None


class ModelPool:
    """The loaded versions. Thread-safe.

    Attributes:
        loaded: the loaded versions by name and number, read-only.

    Args:
        registry: where the bundles are.
        retry: seconds after which loading a version that failed may be tried again.
        memory: bytes of bundles to keep; the least recently used beyond it are evicted. 0 for no limit.
        idle: seconds after its last call for which a version without label and traffic is kept, unless it is the
            default.
        loading: see :class:`Loading`.
    """

    def __init__(self, registry: Registry, *, retry: float, memory: int, idle: float, loading: Loading) -> None:
        self._registry = registry
        self._retry = retry
        self._memory = memory
        self._idle = idle
        self._options = loading
        self._loaded: dict[Key, Served] = {}
        self.loaded: Mapping[Key, Served] = MappingProxyType(self._loaded)
        self._failures: dict[Key, tuple[LightshipError, float]] = {}
        self._unloaded: set[str] = set()
        self._once_loaded: set[Key] = set()
        self._sizes: dict[Key, int] = {}
        self._loading: dict[Key, threading.Lock] = {}
        self._changing = threading.Lock()

    def all(self) -> list[Served]:
        """Return the loaded versions by name and number."""
        return sorted(self._loaded.values(), key=lambda served: (served.name, served.version))

    def failure(self, key: Key) -> LightshipError | None:
        """Return the error of a version whose last loading failed."""
        failure = self._failures.get(key)
        return None if failure is None else failure[0]

    def due(self, key: Key) -> bool:
        """Return whether a version may be loaded now.

        It may if it has not failed, or if the retry interval has passed.
        """
        failure = self._failures.get(key)
        return failure is None or time.monotonic() >= failure[1]

    def retries(self) -> list[Key]:
        """Return the versions that failed to load and whose retry interval has passed."""
        return [key for key in list(self._failures) if self.due(key)]

    def was_loaded(self, key: Key) -> bool:
        """Return whether a version has ever been loaded, even if it was evicted since."""
        return key in self._once_loaded

    def load(self, key: Key, *, spare: bool = False) -> Served:
        """Return a version, after loading it if needed.

        A ``spare`` version evicts no other one: MemoryLimitReached is raised where it does not fit. Also raises
        BundleError, Unavailable or RegistryError.
        """
        self.check_allowed(key[0])
        with self._loading.setdefault(key, threading.Lock()):
            if key in self._loaded:
                return self._loaded[key]
            self.check_due(key)
            if spare:
                self._check_memory(key)
            try:
                served = self._open(*key)
            except Exception as error:
                refusal = _as_lightship_error(error, key)
                self._failures[key] = (refusal, time.monotonic() + self._retry)
                raise refusal from error
            self._failures.pop(key, None)
            self._add(key, served, spare=spare)
            return served

    def check_allowed(self, name: str) -> None:
        """Raise Unavailable for a model that an operator unloaded."""
        if name in self._unloaded:
            raise Unavailable(f"model '{name}' was unloaded: load it first")

    def check_due(self, key: Key) -> None:
        """Raise the error of a version that failed to load within the retry interval."""
        failure = self._failures.get(key)
        if failure is not None and time.monotonic() < failure[1]:
            raise failure[0].with_traceback(None)  # the same error is raised many times: it would accumulate tracebacks

    def forget_failures(self) -> None:
        """Permit loading versions that failed before the retry interval has passed."""
        with self._changing:
            self._failures.clear()

    def _add(self, key: Key, served: Served, *, spare: bool) -> None:
        self._sizes[key] = served.model.bundle.size
        with self._changing:
            if spare:
                self._check_memory(key)
            if key[0] not in self._unloaded:  # else unloaded during loading
                self._loaded[key] = served
                self._evict_others(served)
        self._once_loaded.add(key)

    def is_unloaded(self, name: str) -> bool:
        """Return whether an operator unloaded a model."""
        return name in self._unloaded

    def allow(self, name: str) -> None:
        """Undo :meth:`unload`; the versions are loaded on their next use."""
        self._unloaded.discard(name)

    def unload(self, name: str) -> None:
        """Evict a model's versions and refuse requests for it from now on.

        Running calls keep their version until they end.
        """
        self._unloaded.add(name)
        with self._changing:
            for key in [key for key in self._loaded if key[0] == name]:
                del self._loaded[key]

    def evict_unneeded(self, name: str, *, offered: Collection[int], needed: Collection[int | None]) -> None:
        """Evict versions that are not ``offered``, and idle ones that are not ``needed``.

        Also forgets the failures of versions that are not offered.
        """
        with self._changing:
            for served in [served for served in self._loaded.values() if served.name == name]:
                last = max(served.counters.last, served.since)
                idle = served.version not in needed and time.time() - last >= self._idle
                if idle or served.version not in offered:
                    del self._loaded[name, served.version]
            for key in [key for key in self._failures if key[0] == name and key[1] not in offered]:
                del self._failures[key]

    def _open(self, name: str, version: int) -> Served:
        transforms, batching = self._options
        model = Model.load(self._registry.bundle(name, version), transforms=transforms)
        headers = {"lightship-model": name, "lightship-version": str(version)}
        served = Served(name, version, model, Counters(), time.time(), headers)
        if batching is None:
            return served
        if model.transformed:  # its calls run in threads of their own, never together
            return served._replace(inline_bytes=_inline_bytes(model))
        seconds = _seconds_by_signature(model)
        batches = batching.of(model, served.counters) if max(seconds.values()) >= QUICK_SECONDS else None
        return served._replace(seconds_per_row=seconds, batches=batches, inline_bytes=_inline_bytes(model))

    def _check_memory(self, key: Key) -> None:
        """Raise MemoryLimitReached where a version of known size would evict another one."""
        size = self._sizes.get(key, 0)
        used = sum(served.model.bundle.size for served in list(self._loaded.values()))
        if self._memory and used + size > self._memory:
            raise MemoryLimitReached(
                f"{size} bytes beside the {used} in use are over the limit of {self._memory} bytes"
            )

    def _evict_others(self, newest: Served) -> None:
        sizes = {key: served.model.bundle.size for key, served in self._loaded.items()}
        others = [served for served in self._loaded.values() if served is not newest]
        others.sort(key=lambda served: served.counters.last)
        while self._memory and others and sum(sizes.values()) > self._memory:
            oldest = others.pop(0)
            del self._loaded[oldest.name, oldest.version], sizes[oldest.name, oldest.version]


def _as_lightship_error(error: Exception, key: Key) -> LightshipError:
    """Return the error to raise until the next attempt; log an unexpected one."""
    if isinstance(error, LightshipError):
        return error
    _LOG.error("version %s of model '%s' could not be loaded", key[1], key[0], exc_info=error)
    return LightshipError("the version could not be loaded")


def _inline_bytes(model: Model) -> int:
    specs = (spec for signature in model.manifest.signatures for spec in signature.inputs)
    return min((_QUICK_BYTES, *(kind_of(spec).cheap_bytes for spec in specs)))


def _seconds_by_signature(model: Model) -> dict[str | None, float]:
    seconds: dict[str | None, float] = {each.name: _seconds(model, each) for each in model.manifest.signatures}
    return seconds | {None: seconds[model.manifest.signature().name]}


def _seconds(model: Model, signature: Signature) -> float:
    """Return the seconds for one recorded row, after a first call as a warm-up.

    Where rows are not known to be independent, the whole recorded batch runs, and its time is the upper bound.
    """
    from lightship.bundle.golden import smallest_call  # Lambda does not measure models

    inputs, _ = model.golden(signature.name)
    call = Call(smallest_call(inputs, signature), signature.name)
    model.predict(call)
    start = time.perf_counter()
    model.predict(call)
    return time.perf_counter() - start
