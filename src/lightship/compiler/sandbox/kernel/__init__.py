"""Irreversible confinement of a process by the kernel.

On Linux the process confines itself; on macOS the parent starts it inside a sandbox. :func:`confine` installs all
measures that the ``kernel`` proof needs, or raises; :func:`confine_best_effort` installs those that the machine has.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

from lightship.compiler.sandbox.kernel import capabilities, landlock, namespaces, seccomp, syscalls
from lightship.compiler.sandbox.kernel.view import View
from lightship.compiler.sandbox.unproven import Unproven


def confine(view: View, *, mountpoint: str) -> tuple[str, ...]:
    """Confine this process to a view of the file system; return the measures.

    The network and other processes cannot be reached afterwards. The process must have one thread, because each thread
    is confined separately. ``mountpoint`` is an empty folder. Raises Unproven, which names what the machine lacks. On
    macOS, only names the measure that the parent applied.
    """
    if sys.platform == "darwin":
        return ("sandbox-exec",)  # applied by the parent; the probe checks whether it holds
    if sys.platform != "linux":
        raise Unproven(f"there is no sandbox for {sys.platform}")
    if (threads := len(os.listdir("/proc/self/task"))) != 1:  # noqa: PTH208 - only their number
        raise Unproven(f"the process has {threads} threads before it is confined")
    version, reason = _landlock_version()
    if not version:
        _enter_namespaces(view, mountpoint, reason)
    capabilities.drop()
    _give_up_privileges()
    if version:
        _restrict(view, version)
    seccomp.install(own_signals_only=version < landlock.SCOPES_SIGNALS)
    return ("seccomp", f"landlock {version}" if version else "namespaces")


def confine_best_effort(view: View) -> tuple[str, ...]:
    """Install each measure that the machine supports; return their names."""
    if sys.platform != "linux":
        return ()
    version, _ = _landlock_version()
    steps: dict[str, Callable[[], None]] = {
        "no_new_privs": _give_up_privileges,
        f"landlock {version}": lambda: _restrict(view, version),
        "seccomp": lambda: seccomp.install(own_signals_only=version < landlock.SCOPES_SIGNALS),
        "capabilities": capabilities.drop,  # last: without no_new_privs, seccomp needs CAP_SYS_ADMIN
    }
    if not version:
        del steps[f"landlock {version}"]
    installed = []
    for name, step in steps.items():
        with contextlib.suppress(Unproven, OSError):
            step()
            installed.append(name)
    return tuple(installed)


def _landlock_version() -> tuple[int, str]:
    """Return the version of Landlock, or 0 and why it cannot be used."""
    try:
        version = landlock.abi()
    except OSError as error:
        return 0, f"the kernel has no Landlock ({error.strerror})"
    if version < landlock.OLDEST:
        return 0, f"the kernel's Landlock is version {version} ({landlock.OLDEST} is needed, Linux 6.2)"
    return version, ""


def _enter_namespaces(view: View, mountpoint: str, reason: str) -> None:
    try:
        namespaces.enter(view, mountpoint=mountpoint)
    except OSError as error:
        raise Unproven(f"{reason} and this user cannot create namespaces ({error.strerror})") from None


def _give_up_privileges() -> None:
    try:
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        if syscalls.prctl(syscalls.PR_GET_NO_NEW_PRIVS) != 1:
            raise Unproven("no_new_privs does not hold")
    except OSError as error:
        raise Unproven(f"no_new_privs cannot be set ({error.strerror})") from None


def _restrict(view: View, version: int) -> None:
    try:
        landlock.restrict(view, version=version)
    except OSError as error:
        raise Unproven(f"the kernel refuses Landlock ({error.strerror})") from None
