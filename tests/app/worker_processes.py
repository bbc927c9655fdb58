"""The workers of a running server, and connections to each of them."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 30.0


@dataclass
class Client:
    """A connection that is kept, and the process that accepted it."""

    connection: http.client.HTTPConnection
    worker: int

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the response."""
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        response = self.connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def workers(server: int) -> list[int]:
    """Return the processes of a server's workers."""
    return [int(word) for word in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


def until(condition: Any) -> Any:
    """Wait until a condition is true, and return its value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


@contextmanager
def clients(server: int, port: int) -> Iterator[list[Client]]:
    """Yield connections, of which each worker has accepted at least one."""
    with ExitStack() as opened:
        found: list[Client] = []
        deadline = time.monotonic() + PATIENCE
        while {client.worker for client in found} != {*workers(server)}:
            assert time.monotonic() < deadline
            found.append(_client(opened, server, port))
        yield found


def accepting(server: int, port: int, *, connections: int) -> set[int]:
    """Return the workers that accepted some of so many new connections."""
    with ExitStack() as opened:
        return {_client(opened, server, port).worker for _ in range(connections)}


def _client(opened: ExitStack, server: int, port: int) -> Client:
    connection = opened.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)))
    connection.request("GET", "/health/live")
    connection.getresponse().read()
    return Client(connection, _owner(server, port, connection.sock.getsockname()[1]))


def _owner(server: int, port: int, client: int) -> int:
    """Return the worker that accepted the connection from a port of the client."""
    ends = f":{port:04X}", f":{client:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    inode = next(row[9] for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1]))
    return next(worker for worker in workers(server) if f"socket:[{inode}]" in _sockets(worker))


def _sockets(process: int) -> set[str]:
    return {str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink()}
