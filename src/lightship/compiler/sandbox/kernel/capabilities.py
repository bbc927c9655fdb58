"""Removal of root's capabilities, with which the other measures could be undone."""

from __future__ import annotations

import ctypes
import errno
import struct

from lightship.compiler.sandbox.kernel import syscalls
from lightship.compiler.sandbox.unproven import Unproven

_VERSION_3 = 0x20080522
_SETPCAP = 8
_MAX_CAPABILITIES = 64
_AMBIENT_CLEAR_ALL = 4
# linux/securebits.h: uid 0 and uid changes grant no capabilities, the ambient set cannot grow; all bits locked.
_SECUREBITS = 0b11101111


def drop() -> None:
    """Irreversibly empty the capability sets; raises Unproven if one is not empty.

    The bounding set is emptied, and the securebits are set, only if the process has CAP_SETPCAP, which this requires.
    """
    try:
        effective, *_ = held = _held()
        if effective & 1 << _SETPCAP:
            _empty_bounding()
            syscalls.prctl(syscalls.PR_SET_SECUREBITS, _SECUREBITS)
        if any(held):
            syscalls.prctl(syscalls.PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
            _call("capset", bytes(24))
        left = any(_held())
    except OSError as error:
        raise Unproven(f"capabilities cannot be dropped ({error.strerror})") from None
    if left:
        raise Unproven("some capabilities remain after dropping them")


def _empty_bounding() -> None:
    for capability in range(_MAX_CAPABILITIES):
        try:
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno == errno.EINVAL and capability:  # beyond the last capability of this kernel
                return
            raise


def _held() -> tuple[int, int, int]:
    """Return the effective, permitted and inheritable sets.

    The ambient set is a subset of these.
    """
    low = struct.unpack("=6I", _call("capget", bytes(24)))
    effective, permitted, inheritable = (low[i] | low[i + 3] << 32 for i in range(3))
    return effective, permitted, inheritable


def _call(name: str, sets: bytes) -> bytes:
    header, data = syscalls.buffer(struct.pack("=Ii", _VERSION_3, 0)), syscalls.buffer(sets)
    syscalls.call(name, ctypes.addressof(header), ctypes.addressof(data))
    return data.raw
