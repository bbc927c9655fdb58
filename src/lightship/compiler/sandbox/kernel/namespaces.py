"""Namespaces: a file system root with only the view, and no network.

Used where Landlock is missing or too old. A user namespace permits an ordinary user to create the others. There is no
PID namespace; seccomp refuses signals to other processes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lightship.compiler.sandbox.kernel import syscalls
from lightship.compiler.sandbox.kernel.view import View

# linux/sched.h, sys/mount.h
_NEWNS, _NEWIPC, _NEWUSER, _NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _REC, _PRIVATE = 32, 4096, 16384, 1 << 18
_DETACH = 2
# Mount flags that a user namespace cannot remove.
_LOCKED = {"ro": _RDONLY, "nosuid": _NOSUID, "nodev": _NODEV, "noexec": _NOEXEC, "noatime": 1024, "nodiratime": 2048}
_LOCKED["relatime"] = 1 << 21

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def enter(view: View, *, mountpoint: str) -> None:
    """Move this process into namespaces whose root contains only a view.

    ``mountpoint`` is an empty folder for the new root. The process must have one thread. Raises OSError.
    """
    _unshare()
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("lightship", mountpoint, "tmpfs", _NOSUID | _NODEV, b"mode=755,size=1m")
    root = Path(mountpoint)
    for path in sorted({*view.reads, *view.devices, *view.writes}):
        _bind(path, root, recursive=path not in view.writes)
    _link_folders(root)
    for path in _mounts(root):
        writable = any(path == f"{root}{folder}" for folder in view.writes)
        if path != str(root):
            _remount(path, _mounts(root)[path], read_only=not writable)
    _link_proc(root)
    _remount(str(root), _mounts(root)[str(root)], read_only=True)
    _pivot(root)


def _unshare() -> None:
    user, group = os.geteuid(), os.getegid()
    syscalls.call("unshare", _NEWUSER | _NEWNS | _NEWNET | _NEWIPC)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _bind(path: str, root: Path, *, recursive: bool) -> None:
    target = Path(f"{root}{path}")
    if not target.exists():  # it exists if a parent folder was bound before
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(path).is_dir():
            target.mkdir()
        else:
            target.touch()
    _mount(path, str(target), None, _BIND | (_REC if recursive else 0))


def _link_folders(root: Path) -> None:
    """Create the links of the root folder, such as /lib, which point into /usr.

    Most systems have them, and programs name the links.
    """
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        link = Path("/", name)
        if link.is_symlink():
            (root / name).symlink_to(link.readlink())


def _link_proc(root: Path) -> None:
    """Add /proc/self and /proc/<pid>/exe as links.

    TensorFlow ends the process where it cannot read the second.
    """
    own = root / "proc" / str(os.getpid())
    own.mkdir(parents=True, exist_ok=True)
    (root / "proc/self").symlink_to(own.name)
    (own / "exe").symlink_to(Path("/proc/self/exe").readlink())


def _mounts(root: Path) -> dict[str, list[str]]:
    """Return the mounts at and below a folder in mount order, with their options."""
    return {path: options for path, options in _mountinfo() if path == str(root) or path.startswith(f"{root}/")}


def _mountinfo() -> Iterator[tuple[str, list[str]]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split(" ")
        path = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        yield path, fields[5].split(",")


def _remount(path: str, options: list[str], *, read_only: bool) -> None:
    flags = sum(_LOCKED[option] for option in options if option in _LOCKED) | _NOSUID
    _mount(None, path, None, _REMOUNT | _BIND | flags | (_RDONLY if read_only else 0))


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: bytes | None = None) -> None:
    syscalls.call("mount", _path(source), _path(target), _path(kind), flags, data)


def _path(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def _pivot(root: Path) -> None:
    """Make a folder the root and unmount the old root.

    Between the two system calls, both roots are mounted at ".", the old one on top.
    """
    here = Path.cwd()
    os.chdir(root)
    syscalls.syscall(_PIVOT_ROOT[syscalls.processor()], b".", b".")
    syscalls.call("umount2", b".", _DETACH)
    os.chdir(here)
