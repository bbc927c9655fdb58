"""Landlock: restriction of the process to named files. See linux/landlock.h.

Landlock restricts neither reading nor changing file metadata, nor connecting to a UNIX socket; seccomp does
(:mod:`lightship.compiler.sandbox.kernel.seccomp`).
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

from lightship.compiler.sandbox.kernel import syscalls
from lightship.compiler.sandbox.kernel.view import View

# Version of Linux 6.2. Before it, a readable file could be truncated.
OLDEST = 3
# Version that restricts signals to processes outside the sandbox.
SCOPES_SIGNALS = 6

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_VERSION = 1 << 0
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK, _TRUNCATE, _IOCTL_DEV = 1 << 6, 1 << 9, 1 << 11, 1 << 14, 1 << 15
_ONLY_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_WRITE_DEVICE = _READ_FILE | _WRITE_FILE
_NEVER = _EXECUTE | _MAKE_CHAR | _MAKE_SOCK | _MAKE_BLOCK | _IOCTL_DEV  # refused even in the child's own folders


def abi() -> int:
    """Return the kernel's Landlock ABI version; raises OSError without Landlock."""
    return syscalls.syscall(_CREATE_RULESET, None, 0, _VERSION)


def restrict(view: View, *, version: int) -> None:
    """Restrict this process and its descendants to a view; raises OSError."""
    handled = (1 << (16 if version >= 5 else 15)) - 1
    ruleset = _ruleset(handled, version)
    try:
        for path in view.reads:
            _allow(ruleset, path, _READ)
        for path in view.devices:
            _allow(ruleset, path, _WRITE_DEVICE)
        for path in view.writes:
            _allow(ruleset, path, handled & ~_NEVER)
        syscalls.syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _ruleset(handled: int, version: int) -> int:
    fields = [handled]
    if version >= 4:
        fields.append(0b11)  # network: bind and connect TCP sockets
    if version >= SCOPES_SIGNALS:
        fields.append(0b11)  # scope: abstract UNIX sockets and signals
    attributes = syscalls.buffer(struct.pack(f"={len(fields)}Q", *fields))
    return syscalls.syscall(_CREATE_RULESET, ctypes.addressof(attributes), len(attributes), 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _ONLY_FILES
        rule = syscalls.buffer(struct.pack("=Qi", rights, descriptor))
        syscalls.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.addressof(rule), 0)
    finally:
        os.close(descriptor)
