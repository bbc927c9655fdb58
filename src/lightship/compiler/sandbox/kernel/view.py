"""The part of the file system that the child may read or write."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# The system's programs and libraries, and the files in /etc that their loader and clock read.
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
# Files in /proc of the child and of the machine; none of another process.
_PROC = ("cmdline", "fd", "limits", "maps", "stat", "statm", "status")
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/sys/vm/overcommit_memory")


@dataclass(frozen=True)
class View:
    """Absolute paths without symbolic links.

    ``reads`` may be read and executed, ``devices`` read and written, ``writes`` are folders that may be changed.
    """

    reads: tuple[str, ...]
    devices: tuple[str, ...]
    writes: tuple[str, ...]


def view(reads: Iterable[str], writes: Iterable[str], *, private: Iterable[str]) -> View:
    """Return the view for a job's paths and this Python.

    Paths that do not exist are omitted.
    """
    own = f"/proc/{os.getpid()}"
    proc = (*(f"{own}/{name}" for name in _PROC), *_MACHINE)
    return View(
        reads=_existing((*_SYSTEM, *python_paths(private), *proc, *reads)),
        devices=_existing(_DEVICES),
        writes=_existing(writes),
    )


def python_paths(private: Iterable[str]) -> Iterable[str]:
    """Return the paths of this Python, its modules and its libraries.

    Includes LD_LIBRARY_PATH. Paths that contain a ``private`` folder, /etc or /proc, as ``PYTHONPATH=/`` would, are
    omitted.
    """
    return _without(_python(), ("/etc", "/proc", *private))


def _python() -> Iterable[str]:
    yield from (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *filter(None, sys.path))
    yield from filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))


def _without(paths: Iterable[str], private: Iterable[str]) -> Iterable[str]:
    excluded = [Path(os.path.realpath(path)) for path in private]
    return (path for path in paths if not any(folder.is_relative_to(os.path.realpath(path)) for folder in excluded))


def _existing(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the resolved paths without duplicates, parents first."""
    return tuple(sorted({os.path.realpath(path) for path in paths if Path(path).exists()}))
