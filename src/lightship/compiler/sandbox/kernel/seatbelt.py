"""macOS sandbox: ``sandbox-exec`` starts the child inside a profile.

Written from Apple's documentation and never run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from lightship.compiler.sandbox.kernel import view

_PROGRAM = Path("/usr/bin/sandbox-exec")
_READABLE = ("/usr", "/bin", "/sbin", "/System", "/Library/Frameworks", "/private/var/db/timezone", "/dev")


def prefix(reads: Iterable[str], writes: Iterable[str], *, private: Iterable[str]) -> tuple[str, ...]:
    """Return the arguments before the child's command; empty off macOS.

    Also empty without ``sandbox-exec``. If the profile does not hold, the child's probe fails and nothing is opened.
    """
    if sys.platform != "darwin" or not _PROGRAM.exists():
        return ()
    readable = (os.path.realpath(path) for path in (*view.python_paths(private), *reads))
    return (str(_PROGRAM), "-p", profile(readable, writes))


def profile(reads: Iterable[str], writes: Iterable[str]) -> str:
    """Return a profile that permits access to named paths and little else."""
    return "\n".join(
        (
            "(version 1)",
            "(deny default)",
            "(allow process-exec process-fork sysctl-read)",
            "(allow signal (target self))",
            "(allow file-read-metadata)",
            f"(allow file-read* {_subpaths((*_READABLE, *reads))})",
            f"(allow file-read* file-write* {_subpaths(writes)})",
            '(allow file-write-data (literal "/dev/null"))',
        )
    )


def _subpaths(paths: Iterable[str]) -> str:
    return " ".join(f'(subpath "{_quoted(path)}")' for path in dict.fromkeys(paths))


def _quoted(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')
