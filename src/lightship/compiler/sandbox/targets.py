"""Targets of the probe outside the sandbox: a file, sockets and a process.

The parent keeps them reachable while the child tries to reach them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECRET = b"secret"


@dataclass(frozen=True)
class Targets:
    """Addresses that every process of the user can reach without a sandbox.

    Attributes:
        folder: a folder outside the job, which contains the file ``secret``.
        tcp, tcp6, udp: ports that listen on the loopback address; 0 where the machine has no such socket.
        path: the address of a listening UNIX socket in ``folder``.
        abstract: the name of an abstract UNIX socket (Linux) without its leading zero byte; empty on other systems.
        pid: the parent's process id.
    """

    folder: str
    tcp: int
    tcp6: int
    udp: int
    path: str
    abstract: str
    pid: int


@contextlib.contextmanager
def provide() -> Iterator[Targets]:
    """Create the file and the sockets; they exist while the context is open."""
    with tempfile.TemporaryDirectory(prefix="lightship-probe-") as folder, contextlib.ExitStack() as stack:
        Path(folder, "secret").write_bytes(SECRET)
        path, abstract = f"{folder}/socket", f"lightship-{secrets.token_hex(8)}" if sys.platform == "linux" else ""

        def listen(family: int, kind: int, address: str | tuple[str, int]) -> int:
            return stack.enter_context(_bound(family, kind, address))

        listen(socket.AF_UNIX, socket.SOCK_STREAM, path)
        if abstract:
            listen(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{abstract}")
        yield Targets(
            folder=os.path.realpath(folder),
            tcp=listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            tcp6=listen(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
            udp=listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            path=path,
            abstract=abstract,
            pid=os.getpid(),
        )


@contextlib.contextmanager
def _bound(family: int, kind: int, address: str | tuple[str, int]) -> Iterator[int]:
    """Bind a socket for the duration of the context and yield its port.

    Yields 0 for a UNIX socket, and where the socket cannot be bound, as on a machine without IPv6.
    """
    with contextlib.ExitStack() as stack:
        try:
            sock = stack.enter_context(socket.socket(family, kind))
            sock.bind(address)
            if kind == socket.SOCK_STREAM:
                sock.listen()
            name = sock.getsockname()
        except OSError:
            name = ("", 0)
        yield name[1] if isinstance(name, tuple) else 0
