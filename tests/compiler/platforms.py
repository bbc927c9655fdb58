"""Command runner that simulates a machine without certain kernel features.

``python -m tests.compiler.platforms FEATURE… -- COMMAND`` installs a seccomp filter that makes system calls fail as on
such a machine. ``unprivileged`` runs the command as an ordinary user (requires root), ``landlock=N`` reports Landlock
ABI version N.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from lightship.compiler.sandbox.kernel import syscalls

ARM = syscalls.processor() == "aarch64"
LANDLOCK = 444
SECCOMP, PRCTL, UNSHARE, CAPSET, MOUNT = (277, 167, 97, 91, 40) if ARM else (317, 157, 272, 126, 165)

# feature: system call, value of its first argument (None for any), errno that the kernel returns (0: kill the process)
LACKING: dict[str, tuple[int, int | None, int]] = {
    "no-landlock": (LANDLOCK, None, errno.ENOSYS),
    "deadly-landlock": (LANDLOCK, None, 0),
    "no-landlock-rules": (LANDLOCK + 1, None, errno.EPERM),
    "no-landlock-restriction": (LANDLOCK + 2, None, errno.EPERM),
    "no-seccomp": (SECCOMP, 1, errno.EINVAL),
    "no-new-privs": (PRCTL, 38, errno.EPERM),
    "no-namespaces": (UNSHARE, None, errno.EPERM),
    "no-mounts": (MOUNT, None, errno.EACCES),
    "no-capset": (CAPSET, None, errno.EPERM),
    "no-capability-bounds": (PRCTL, 24, errno.EPERM),
}
UNPRIVILEGED_ID = 65534

_ALLOW, _ERROR, _NOTIFY, _KILL = 0x7FFF0000, 0x00050000, 0x7FC00000, 0x80000000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # linux/seccomp.h


def main(features: Sequence[str], command: Sequence[str]) -> int:
    version = next((int(name.split("=")[1]) for name in features if name.startswith("landlock=")), None)
    if "i686" in features:
        syscalls.call("personality", 8)  # PER_LINUX32: uname reports a 32-bit machine
    if "unprivileged" in features:
        drop_privileges()
    ours, theirs = socket.socketpair()
    if pid := os.fork():
        theirs.close()
        if version is not None:
            answer_version(ours, version)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    listener = install([LACKING[name] for name in features if name in LACKING], versions=version is not None)
    if version is not None:
        socket.send_fds(theirs, [b"."], [listener])
        os.close(listener)
    os.execv(command[0], list(command))  # noqa: S606 - this process becomes the command


def drop_privileges() -> None:
    """Become an ordinary user without privileges.

    An interpreter in a folder that only root can read is first made readable in a private mount namespace.
    """
    parents = (Path(sys.base_prefix), *Path(sys.base_prefix).parents)
    private = next((path for path in parents if not world_executable(path)), None)
    if private is not None:
        reveal(Path(sys.base_prefix), private)
    os.setgroups([])
    os.setgid(UNPRIVILEGED_ID)
    os.setuid(UNPRIVILEGED_ID)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)


def world_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o001)


def reveal(prefix: Path, private: Path) -> None:
    """Mount a folder with only the interpreter over a private one, for this process."""
    new_mounts, bind_all, keep_private = 0x00020000, 4096 | 16384, 16384 | 1 << 18
    syscalls.call("unshare", new_mounts)
    syscalls.call("mount", None, b"/", None, keep_private, None)
    kept = os.open(prefix, os.O_PATH)
    syscalls.call("mount", b"none", os.fsencode(private), b"tmpfs", 0, b"mode=755")
    prefix.mkdir(parents=True)
    syscalls.call("mount", f"/proc/self/fd/{kept}".encode(), os.fsencode(prefix), None, bind_all, None)
    os.close(kept)


def install(rules: Sequence[tuple[int, int | None, int]], *, versions: bool) -> int:
    """Install a seccomp filter and return its descriptor.

    With ``versions``, the descriptor receives a notification for each query of the Landlock version.
    """
    steps = [(0x20, 0, 0, 0)]
    for number, argument, answer in rules:
        verdict = (0x06, 0, 0, _ERROR | answer if answer else _KILL)
        if argument is None:
            steps += [(0x15, 0, 1, number), verdict]
        else:
            steps += [(0x15, 0, 4, number), (0x20, 0, 0, 16), (0x15, 0, 1, argument), verdict]
            steps += [(0x20, 0, 0, 0)]
    if versions:  # landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)
        steps += [(0x15, 0, 3, LANDLOCK), (0x20, 0, 0, 32), (0x15, 0, 1, 1), (0x06, 0, 0, _NOTIFY)]
    steps += [(0x06, 0, 0, _ALLOW)]
    code = syscalls.buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = syscalls.buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    if os.geteuid():
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    return syscalls.syscall(SECCOMP, 1, 8 if versions else 0, ctypes.addressof(program))


def answer_version(ours: socket.socket, version: int) -> None:
    """Answer each query with a version until all processes under the filter ended."""
    listener = socket.recv_fds(ours, 1, 1)[1][0]
    while True:
        notification = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, notification)
            fcntl.ioctl(listener, _SEND, struct.pack("=QqiI", struct.unpack_from("=Q", notification)[0], version, 0, 0))
        except OSError:
            return


if __name__ == "__main__":
    at = sys.argv.index("--")
    sys.exit(main(sys.argv[1:at], sys.argv[at + 1 :]))
