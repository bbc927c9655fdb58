"""Memory: how much this machine can give to a child, and how much a child really uses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What a child may use of the memory that is available when it starts.
SHARE = 0.75

_MEBIBYTE = 1024**2
_HEADROOM, _HEADROOM_PER_CPU = 1024 * _MEBIBYTE, 64 * _MEBIBYTE
_CGROUPS = Path("/sys/fs/cgroup")
# Limit, usage, and the part of the usage that the kernel can drop: cgroup v2, then v1.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


@dataclass(frozen=True)
class Usage:
    """What a process group uses: bytes that cannot be dropped (anonymous and shared), and its processes."""

    bytes: int
    processes: int


def share(*, ceiling: int | None = None) -> int:
    """Return the bytes that a child may use: ``SHARE`` of what the machine and its cgroups have available now.

    ``ceiling`` is what this process may use at most where neither says so, as on Lambda.
    """
    return int(SHARE * min(_candidates() if ceiling is None else (ceiling, *_candidates())))


def data_limit(limit: int) -> int:
    """Return how many bytes of private memory may be mapped where ``limit`` may be used: stacks of threads add up."""
    return limit + _HEADROOM + (os.cpu_count() or 1) * _HEADROOM_PER_CPU


def formatted(amount: int) -> str:
    """Return bytes as people write them."""
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
    """What is left in each memory cgroup around this process; a container sees its own one as the root."""
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
    """Return a cgroup's folder and those around it; a line of /proc/self/cgroup is ``id:controllers:path``."""
    _, controllers, path = line.split(":", 2)
    if controllers in {"", "memory"}:
        root = _CGROUPS / controllers
        folder = root / path.lstrip("/")
        while folder.is_relative_to(root):
            yield folder
            folder = folder.parent


def _table(path: Path) -> dict[str, int]:
    """Return the first two columns of a file of the kernel."""
    return {words[0]: int(words[1]) for line in _lines(path) if len(words := line.split()) > 1 and words[1].isdecimal()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def usage(group: int) -> Usage:
    """Return what the processes of a group use now."""
    sizes = list(_resident(group) if sys.platform == "linux" else _resident_by_ps(group))
    return Usage(sum(sizes), len(sizes))


def _resident(group: int) -> Iterator[int]:
    wanted = str(group)
    for name in os.listdir("/proc"):  # noqa: PTH208 - a few times a second: no Path for each process
        if name.isdecimal() and _group_of(name) == wanted:
            table = _table(Path("/proc", name, "status"))
            yield (table.get("RssAnon:", 0) + table.get("RssShmem:", 0)) * 1024


def _group_of(pid: str) -> str | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - see above
            stat = file.read()
    except OSError:
        return None
    return stat.rpartition(b")")[2].split()[2].decode()  # after the name, which may hold spaces: state, parent, group


def _resident_by_ps(group: int) -> Iterator[int]:
    listing = subprocess.run(["/bin/ps", "-axo", "pgid=,rss="], capture_output=True, text=True, check=False).stdout
    for line in listing.splitlines():
        pgid, kibibytes = line.split()
        if int(pgid) == group:
            yield int(kibibytes) * 1024
