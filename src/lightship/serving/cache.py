"""The response cache: answers to calls that were asked before, for models that opted in.

The key is the bundle's digest, the signature, the outputs and the input tensors themselves: JSON's spelling does not
matter, and one version never answers for another.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from lightship.calls import Call, Result
from lightship.tensors import Array, Signature

_OVERHEAD = 500  # bytes of bookkeeping for an entry, roughly


class ResponseCache:
    """Results by key, the least recently used forgotten beyond ``limit`` bytes of tensors. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._entries: OrderedDict[bytes, tuple[Signature, dict[str, Array], int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes, call: Call) -> Result | None:
        """What was answered to this key, as the answer to this call."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            signature, outputs, _ = self._entries[key]
        return Result(call, signature, outputs)

    def put(self, key: bytes, result: Result) -> None:
        """Remember an answer, not what was asked; one that is larger than the whole cache is not remembered."""
        size = _OVERHEAD + sum(_bytes(array) for array in result.outputs.values())
        with self._lock:
            if size > self._limit or key in self._entries:
                return
            self._entries[key] = result.signature, {name: _own(array) for name, array in result.outputs.items()}, size
            self._size += size
            while self._size > self._limit:
                self._size -= self._entries.popitem(last=False)[1][-1]


def cache_key(digest: str, call: Call) -> bytes:
    """SHA-256 over everything that the answer depends on."""
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
    """A row of a batch would keep the whole batch in memory."""
    return array if array.base is None else array.copy()


def _bytes(array: Array) -> int:
    return array.nbytes if array.dtype != np.object_ else sum(len(item) for item in array.ravel())
