"""System calls for which Python has no function.

Every result is checked: a call that fails raises OSError.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_CAP_AMBIENT = 47

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *values: int) -> int:
    """Call prctl(2)."""
    return call("prctl", option, *values, *[0] * (4 - len(values)))


def syscall(number: int, *values: int | bytes | None) -> int:
    """Make a system call by its number."""
    return call("syscall", number, *values)


def call(name: str, *values: int | bytes | None) -> int:
    """Call a function of the C library and return its result.

    Integers are passed as longs, bytes and None as pointers.
    """
    arguments = [ctypes.c_long(value) if isinstance(value, int) else value for value in values]
    result = int(_libc[name](*arguments))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def processor() -> str:
    """Return the name of the processor, on which seccomp and syscall numbers depend."""
    return platform.machine() if sys.maxsize > 2**32 else f"32-bit {platform.machine()}"


def buffer(data: bytes) -> ctypes.Array[ctypes.c_char]:
    """Return a buffer with an address; keep a reference while the kernel uses it."""
    return ctypes.create_string_buffer(data, len(data))
