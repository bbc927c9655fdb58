"""S3 and a container credentials endpoint, whose credentials can be replaced."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.http_servers import running

_PATH = "/credentials"
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass(frozen=True)
class Use:
    """A request to S3: its access key, and the client's port of its connection."""

    key: str
    port: int
    path: str


class Rotating(ThreadingHTTPServer):
    """A proxy of S3 that keeps connections open, and the endpoint of the credentials.

    Attributes:
        key: the access key that the endpoint returns now, valid for an hour.
        uses: the requests to S3, in order.
        open: ports of the connections that are open now.
        denies: S3 refuses requests with this in their path; None for no request.
    """

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(endpoint).netloc
        self.key = "BEFORE"
        self.uses: list[Use] = []
        self.open: set[int] = set()
        self.changed = threading.Condition()
        self.denies: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a function with SnapStart, without credentials."""
        url = f"http://127.0.0.1:{self.server_port}"
        return {
            "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}{_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
        }

    def wait_for_no_connection(self) -> None:
        """Wait until every connection is closed.

        That includes connections to the credentials endpoint.
        """
        with self.changed:
            assert self.changed.wait_for(lambda: not self.open, 20), self.open


@contextmanager
def rotating(endpoint: str) -> Iterator[Rotating]:
    with running(Rotating(endpoint)) as server:
        yield server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Rotating

    def setup(self) -> None:
        super().setup()
        with self.server.changed:
            self.server.open.add(self.client_address[1])

    def finish(self) -> None:
        super().finish()
        with self.server.changed:
            self.server.open.discard(self.client_address[1])
            self.server.changed.notify_all()

    def do_GET(self) -> None:
        if self.path == _PATH:
            return self._issue()
        (key,) = re.findall(r"Credential=(\w+)/", self.headers["Authorization"])
        self.server.uses.append(Use(key, self.client_address[1], self.path))
        if self.server.denies is not None and self.server.denies in self.path:
            return self._answer(403, {}, _DENIED)
        upstream = HTTPConnection(self.server.target)
        upstream.request(self.command, self.path, headers=dict(self.headers.items()))
        found = upstream.getresponse()
        self._answer(found.status, found.headers, found.read())
        return upstream.close()

    do_HEAD = do_GET  # noqa: N815

    def _issue(self) -> None:
        assert self.headers["Authorization"] == "token"
        expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        names = {"AccessKeyId": self.server.key, "SecretAccessKey": "secret", "Token": self.server.key}
        self._answer(200, {"content-type": "application/json"}, json.dumps(names | {"Expiration": expires}).encode())

    def _answer(self, status: int, headers: Any, body: bytes) -> None:
        self.send_response(status)
        length = headers.get("content-length") if self.command == "HEAD" else None
        for name, value in headers.items():
            if name.lower() not in {"connection", "content-length", "date", "server", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("content-length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
