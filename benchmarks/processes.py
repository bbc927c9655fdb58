"""What a process has used so far, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path


def peak(process: int | str = "self") -> float | None:
    """The most memory that was resident at once, in MiB; None where the system does not say."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def processor_seconds(process: int | str) -> float:
    """Seconds of processor time, all threads and the system's share included, in steps of the system's tick (10 ms)."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def visible() -> bool:
    """Whether this system says these things."""
    return peak() is not None
