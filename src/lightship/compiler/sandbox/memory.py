"""Memory available to a child, and memory that a child uses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Share of the available memory that a child may use, measured when it starts.
SHARE = 0.75

_MEBIBYTE = 1024**2
_HEADROOM, _HEADROOM_PER_CPU = 1024 * _MEBIBYTE, 64 * _MEBIBYTE
_CGROUPS = Path("/sys/fs/cgroup")
# Files with the limit and the usage, and the key of the reclaimable part in memory.stat: cgroup v2, then v1.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


@dataclass(frozen=True)
class Usage:
    """Resource usage of a process group.

    ``bytes`` is resident memory that the kernel cannot reclaim (anonymous and shared), on macOS all resident memory;
    ``processes`` is the number of processes.
    """

    bytes: int
    processes: int


def share(*, ceiling: int | None = None) -> int:
    """Return the number of bytes that a child may use.

    It is ``SHARE`` of the least that the machine and the cgroups of this process have available now; on macOS, of all
    memory. ``ceiling`` is a further upper bound for environments where neither of them reports the limit, such as
    Lambda.
    """
    return int(SHARE * min(_candidates() if ceiling is None else (ceiling, *_candidates())))


def data_limit(limit: int) -> int:
    """Return RLIMIT_DATA in bytes for a child that may use ``limit`` bytes.

    It is higher than ``limit``, because the stacks of threads are mapped and barely used.
    """
    return limit + _HEADROOM + (os.cpu_count() or 1) * _HEADROOM_PER_CPU


def formatted(amount: int) -> str:
    """Return a number of bytes with its unit, such as 1.5 GiB."""
    return f"{amount / 1024**3:.1f} GiB" if amount >= 1024**3 else f"{amount / _MEBIBYTE:.0f} MiB"


def _candidates() -> Iterator[int]:
    yield _of_machine()
    if sys.platform == "linux":
        yield from _of_cgroups()


def _of_machine() -> int:
    if sys.platform == "linux":
        return _table(Path("/proc/meminfo"))["MemAvailable:"] * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_cgroups() -> Iterator[int]:
    """Yield the bytes left in each memory cgroup that contains this process.

    A container sees its own cgroup as the root.
    """
    for folder in {folder for line in _lines(Path("/proc/self/cgroup")) for folder in _folders(line)}:
        for limit, usage, droppable in _FILES:
            try:
                most = (folder / limit).read_text().strip()
                if most.isdecimal():
                    used = int((folder / usage).read_text())
                    yield max(0, int(most) - used + _table(folder / "memory.stat").get(droppable, 0))
            except OSError:
                continue


def _folders(line: str) -> Iterator[Path]:
    """Yield a cgroup's folder and its parents.

    ``line`` is a line of /proc/self/cgroup: ``id:controllers:path``.
    """
    _, controllers, path = line.split(":", 2)
    if controllers in {"", "memory"}:
        root = _CGROUPS / controllers
        folder = root / path.lstrip("/")
        while folder.is_relative_to(root):
            yield folder
            folder = folder.parent


def _table(path: Path) -> dict[str, int]:
    """Return the first two columns of a kernel file as a dictionary."""
    return {words[0]: int(words[1]) for line in _lines(path) if len(words := line.split()) > 1 and words[1].isdecimal()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def usage(group: int) -> Usage:
    """Return the current resource usage of a process group."""
    sizes = list(_resident(group) if sys.platform == "linux" else _resident_by_ps(group))
    return Usage(sum(sizes), len(sizes))


def _resident(group: int) -> Iterator[int]:
    wanted = str(group)
    for name in os.listdir("/proc"):  # noqa: PTH208 - runs several times a second: Path objects cost too much
        if name.isdecimal() and _group_of(name) == wanted:
            table = _table(Path("/proc", name, "status"))
            yield (table.get("RssAnon:", 0) + table.get("RssShmem:", 0)) * 1024


def _group_of(pid: str) -> str | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - see above
            stat = file.read()
    except OSError:
        return None
    return stat.rpartition(b")")[2].split()[2].decode()  # after the name in parentheses: state, parent, group


def _resident_by_ps(group: int) -> Iterator[int]:
    listing = subprocess.run(["/bin/ps", "-axo", "pgid=,rss="], capture_output=True, text=True, check=False).stdout
    for line in listing.splitlines():
        pgid, kibibytes = line.split()
        if int(pgid) == group:
            yield int(kibibytes) * 1024
