"""Endpoint: the reserved address and port of a server and its workers."""

from __future__ import annotations

import errno
import ipaddress
import socket

from lightship.errors import SettingError


class Endpoint:
    """A reserved address and port.

    granian sets SO_REUSEPORT, with which a second server would silently receive half of the requests. A socket without
    this option can be bound only if no other socket has the port. The reserved socket does not listen, and sets the
    option once it is bound: from then on, other sockets of the same user with this option may be bound too. Systems
    other than Linux do not share the port then: there, a server calls :meth:`close` before it listens.

    Attributes:
        address: the numeric address.
        port: the port.
        url: with the host as it was given, ``localhost`` for all addresses.

    Args:
        host: the address to listen on, or a name of it.
        port: the port, 0 for any free port.
        shared: whether another process of this user has reserved the port, and shares it with this one.

    Raises SettingError where the port is in use, or the host is not this machine's.
    """

    def __init__(self, host: str, port: int, *, shared: bool = False) -> None:
        self._socket = _bound(host, port, shared=shared)
        self.address, self.port, *_ = self._socket.getsockname()
        shown = "localhost" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104
        self.url = f"http://{shown}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Return whether only processes of this machine can connect."""
        return ipaddress.ip_address(self.address).is_loopback

    def close(self) -> None:
        """Release the port."""
        self._socket.close()


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reserved = socket.socket(family, socket.SOCK_STREAM)
    try:
        if shared:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((host, port))
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        reserved.close()
        other = ": choose another with --port" if error.errno == errno.EADDRINUSE else ""
        raise SettingError(f"cannot listen on {host} port {port}: {error.strerror}{other}") from None
    return reserved
