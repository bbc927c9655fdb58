"""Memory and processor time of a process, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path


def peak(process: int | str = "self") -> float | None:
    """Return the peak resident memory in MiB, or None without /proc."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def private(process: int | str) -> float:
    """Return the MiB of memory that a process wrote and shares with no other."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return next(int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Private_Dirty:"))


def children(process: int) -> list[int]:
    """Return the processes that a process started."""
    return [
        int(child)
        for thread in Path(f"/proc/{process}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]


def command(process: int) -> list[str]:
    """Return the words of a process's command."""
    return Path(f"/proc/{process}/cmdline").read_text().split("\0")[:-1]


def processor_seconds(process: int | str) -> float:
    """Return the user and system time of all threads in seconds.

    The resolution is the system's tick (10 ms).
    """
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def available() -> bool:
    """Return whether this system has these figures."""
    return peak() is not None
