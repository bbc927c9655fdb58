"""What the Linux kernel offers to keep a parent's secrets and to bound a child; harmless elsewhere."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38

# linux/audit.h, asm/unistd.h: the kernel's name for a processor, and its number of socket(2)
_PROCESSORS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425
_FIRST_X32 = 0x40000000  # x86_64's other way in, with numbers of its own

# linux/bpf_common.h, linux/seccomp.h
_LOAD, _IF_EQUAL, _IF_NOT_LESS, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # the second is EPERM
_NUMBER, _PROCESSOR, _FIRST_ARGUMENT = 0, 4, 16
_MODE_FILTER = 2

_lock = threading.Lock()
_hiding = 0


@contextmanager
def undumpable() -> Iterator[None]:
    """Make /proc/<this process>/environ and its memory unreadable for other processes of the same user.

    Several threads may be inside at once; the last one that leaves undoes it. The superuser reads it all the same.
    """
    global _hiding  # noqa: PLW0603 - the attribute belongs to the process, and so does the count
    with _lock:
        _hiding += 1
        _prctl(_PR_SET_DUMPABLE, 0)
    try:
        yield
    finally:
        with _lock:
            _hiding -= 1
            if not _hiding:
                _prctl(_PR_SET_DUMPABLE, 1)


def confine(limits: Mapping[str, float], parent: int) -> None:
    """Bound this process for good: die with ``parent``, gain no privileges, open no network connection, and keep to
    :class:`sandbox.Limits`.

    The CPU limit sends SIGXCPU, a file over its limit fails with EFBIG, memory over its limit is a MemoryError or an
    abort of the library that asked for it.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _refuse_network()
    _bound(resource.RLIMIT_CPU, int(limits["cpu_seconds"]), spare=5)
    _bound(resource.RLIMIT_AS, int(limits["memory_bytes"]))
    _bound(resource.RLIMIT_FSIZE, int(limits["file_bytes"]))
    _bound(resource.RLIMIT_CORE, 0)


def _bound(kind: int, value: int, spare: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    wanted = value + spare
    top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (min(value, top), top))


def _refuse_network() -> None:
    """Let socket(2) make sockets of the file system's only: clouds hand out credentials, and work, over HTTP.

    The kernel's seccomp filter also covers whatever this process starts. Refused are other families of addresses,
    io_uring, which opens sockets of its own, and system calls of another processor's numbering.
    """
    if sys.platform != "linux" or platform.machine() not in _PROCESSORS:
        return
    processor, socket_number = _PROCESSORS[platform.machine()]
    steps = (  # operation, where it is true, where it is false (both count steps to skip), operand
        (_LOAD, 0, 0, _PROCESSOR),
        (_IF_EQUAL, 0, 7, processor),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_NOT_LESS, 5, 0, _FIRST_X32),
        (_IF_EQUAL, 4, 0, _IO_URING_SETUP),
        (_IF_EQUAL, 0, 2, socket_number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_EQUAL, 0, 1, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program))


def _prctl(option: int, value: int, address: int = 0) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, ctypes.c_void_p(address), 0, 0)
