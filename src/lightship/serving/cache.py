"""Response cache: results of earlier calls, for models that enable it.

The key is the digest of the bundle, the signature, the outputs and the input tensors: differences of JSON formatting do
not matter, and a version never answers for another one.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lightship.calls import Call, Result
from lightship.tensors import Array, Signature

if TYPE_CHECKING:
    from lightship.serving.pool import Served

# Headers of responses of a model with a response cache.
HIT = {"lightship-cache": "hit"}
MISS = {"lightship-cache": "miss"}

_OVERHEAD = 500  # approximate overhead of an entry in bytes


class Lookup(NamedTuple):
    """A look-up: its key, the cached result if any, and its duration in nanoseconds."""

    key: bytes
    result: Result | None
    nanoseconds: int


class ResponseCache:
    """Results by key, up to ``limit`` bytes of tensors. Thread-safe.

    Beyond the limit the least recently used results are dropped.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._entries: OrderedDict[bytes, tuple[Signature, dict[str, Array], int]] = OrderedDict()
        self._lock = threading.Lock()

    def look_up(self, served: Served, call: Call) -> Lookup:
        """Look up a call, and count it if its result is cached."""
        start = time.perf_counter_ns()
        key = cache_key(served.model.bundle.digest, call)
        result = self.get(key, call)
        if result is not None:
            served.counters.count_hit(call.rows, start)
        return Lookup(key, result, time.perf_counter_ns() - start)

    def keep(self, served: Served, lookup: Lookup, result: Result) -> None:
        """Store the result of a call that was not found, and count the miss."""
        start = time.perf_counter_ns()
        self.put(lookup.key, result)
        served.counters.count_miss(time.perf_counter_ns() - start + lookup.nanoseconds)

    def get(self, key: bytes, call: Call) -> Result | None:
        """Return the cached result for a key, as the result of this call."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            signature, outputs, _ = self._entries[key]
        return Result(call, signature, outputs)

    def put(self, key: bytes, result: Result) -> None:
        """Store a result's outputs, unless they are larger than the whole cache."""
        size = _OVERHEAD + sum(_bytes(array) for array in result.outputs.values())
        with self._lock:
            if size > self._limit or key in self._entries:
                return
            self._entries[key] = result.signature, {name: _own(array) for name, array in result.outputs.items()}, size
            self._size += size
            while self._size > self._limit:
                self._size -= self._entries.popitem(last=False)[1][-1]


def cache_key(digest: str, call: Call) -> bytes:
    """Return the SHA-256 of everything that the result depends on."""
    key = hashlib.sha256()
    for text in (digest, call.signature or "", *call.outputs):
        key.update(b"%d:" % len(text) + text.encode())
    for name, array in sorted(call.inputs.items()):
        key.update(f"|{name}|{array.dtype}|{array.shape}|".encode())
        if array.dtype == np.object_:
            for item in array.ravel():
                key.update(b"%d:" % len(item) + item)
        else:
            key.update(np.ascontiguousarray(array).data)
    return key.digest()


def _own(array: Array) -> Array:
    """Return an array that owns its memory: a row of a batch would keep the batch."""
    return array if array.base is None else array.copy()


def _bytes(array: Array) -> int:
    return array.nbytes if array.dtype != np.object_ else sum(len(item) for item in array.ravel())
