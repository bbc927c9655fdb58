"""Probe: attempts to escape the sandbox, which must fail before a file is opened.

The attempts in ``POSSIBLE`` are also made before the confinement and must succeed then: an attempt that fails without a
sandbox proves nothing.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable
from ctypes import addressof, create_string_buffer
from pathlib import Path
from struct import pack

from lightship.compiler.sandbox.kernel import syscalls
from lightship.compiler.sandbox.targets import Targets
from lightship.compiler.sandbox.unproven import Unproven

Attempt = Callable[[Targets], object]

_PTRACE_SEIZE = 0x4206  # attaches without stopping the process, in case the attempt succeeds
_NEW_USER = 0x10000000
_FOLDERS = {"linux": "/proc/self/fd", "darwin": "/dev/fd"}
_REFUSALS = frozenset({errno.EPERM, errno.EACCES})


def read_file(targets: Targets) -> None:
    """Read a file outside the job."""
    Path(targets.folder, "secret").read_bytes()


def list_folder(targets: Targets) -> None:
    """List a folder outside the job."""
    os.listdir(targets.folder)  # noqa: PTH208 - only whether it is permitted


def write_file(targets: Targets) -> None:
    """Create a file outside the job."""
    path = Path(targets.folder, "written")
    path.write_bytes(b"")
    path.unlink()


def overwrite_file(targets: Targets) -> None:
    """Open a file outside the job for writing."""
    Path(targets.folder, "secret").open("r+b").close()


def change_mode(targets: Targets) -> None:
    """Change the mode of a file outside the job."""
    Path(targets.folder, "secret").chmod(0o600)


def send_signal(targets: Targets) -> None:
    """Send the parent signal 0, which has no effect."""
    os.kill(targets.pid, 0)


def connect_tcp(targets: Targets) -> None:
    """Connect to a TCP port."""
    _connect(socket.AF_INET, ("127.0.0.1", targets.tcp))


def connect_tcp_ipv6(targets: Targets) -> None:
    """Connect to a TCP port over IPv6."""
    _connect(socket.AF_INET6, ("::1", targets.tcp6))


def send_udp(targets: Targets) -> None:
    """Send a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"", ("127.0.0.1", targets.udp))


def connect_unix_path(targets: Targets) -> None:
    """Connect to a UNIX socket by its path."""
    _connect(socket.AF_UNIX, targets.path)


def connect_unix_abstract(targets: Targets) -> None:
    """Connect to an abstract UNIX socket."""
    _connect(socket.AF_UNIX, f"\0{targets.abstract}")


def open_netlink(targets: Targets) -> None:
    """Open a netlink socket."""
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()  # type: ignore[attr-defined,unused-ignore]


def open_pair(targets: Targets) -> None:
    """Open a socket pair, one end of which could be connected to another address."""
    for sock in socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM):
        sock.close()


def read_environment(targets: Targets) -> None:
    """Read the parent's environment."""
    Path(f"/proc/{targets.pid}/environ").read_bytes()


def read_status(targets: Targets) -> None:
    """Read the parent's /proc status, which every user may read."""
    Path(f"/proc/{targets.pid}/status").read_bytes()


def list_descriptors(targets: Targets) -> None:
    """List the parent's open descriptors."""
    os.listdir(f"/proc/{targets.pid}/fd")  # noqa: PTH208 - only whether it is permitted


def open_memory(targets: Targets) -> None:
    """Open the parent's memory as a file."""
    Path(f"/proc/{targets.pid}/mem").open("rb").close()


def read_memory(targets: Targets) -> None:
    """Read the parent's memory with process_vm_readv."""
    byte = create_string_buffer(1)
    vector = create_string_buffer(pack("@PN", addressof(byte), 1))
    syscalls.call("process_vm_readv", targets.pid, addressof(vector), 1, addressof(vector), 1, 0)


def trace(targets: Targets) -> None:
    """Attach to the parent with ptrace."""
    syscalls.call("ptrace", _PTRACE_SEIZE, targets.pid, 0, 0)


def make_namespace(targets: Targets) -> None:
    """Create a user namespace, which grants capabilities inside it."""
    syscalls.call("unshare", _NEW_USER)


def _connect(family: int, address: str | tuple[str, int]) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(1)
        sock.connect(address)


# Attempts that succeed without a sandbox on every machine; they are made before the confinement, too.
POSSIBLE: tuple[Attempt, ...] = (read_file, list_folder, write_file, overwrite_file, change_mode, send_signal)
NETWORK: tuple[Attempt, ...] = (connect_tcp, connect_tcp_ipv6, send_udp, connect_unix_path, open_pair)
LINUX: tuple[Attempt, ...] = (
    connect_unix_abstract,
    open_netlink,
    read_environment,
    read_status,
    list_descriptors,
    open_memory,
    read_memory,
    trace,
    make_namespace,
)


def check_before(targets: Targets, *, events: int) -> None:
    """Check that the attempts succeed without a sandbox; raises Unproven.

    Checks also that the process inherited no descriptors but the standard streams and ``events``, the pipe of events.
    """
    for attempt in POSSIBLE:
        if (found := _try(attempt, targets)) != "possible":
            raise Unproven(f"the probe cannot run: {attempt.__name__} fails without a sandbox ({found})")
    if inherited := _descriptors() - {0, 1, 2, events}:
        raise Unproven(f"the process inherited open descriptors ({', '.join(map(str, sorted(inherited)))})")


def findings(targets: Targets) -> dict[str, str]:
    """Make all attempts; return the result of each by its name.

    A result is ``possible`` or the name of the error (errno) that refused the attempt.
    """
    attempts = (*POSSIBLE, *NETWORK, *(LINUX if sys.platform == "linux" else ()))
    return {attempt.__name__: _try(attempt, targets) for attempt in attempts}


def check_after(targets: Targets, *, hidden: bool) -> None:
    """Check that every attempt is refused; raises Unproven, which names the others.

    ``hidden`` accepts ENOENT as a refusal: in a mount namespace, paths outside the view do not exist.
    """
    refusals = {errno.errorcode[number] for number in _REFUSALS | ({errno.ENOENT} if hidden else set())}
    possible = [f"{name} ({found})" for name, found in findings(targets).items() if found not in refusals]
    if possible:
        raise Unproven(
            f"the sandbox does not hold, these attempts of the probe were not refused: {', '.join(possible)}"
        )


def _try(attempt: Attempt, targets: Targets) -> str:
    try:
        attempt(targets)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "possible"


def _descriptors() -> set[int]:
    found = {int(name) for name in os.listdir(_FOLDERS[sys.platform])}  # noqa: PTH208 - names, not paths
    return {number for number in found if _is_open(number)}


def _is_open(number: int) -> bool:
    """Return whether a descriptor is open.

    The one that ``os.listdir`` used to list them is closed by now.
    """
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
