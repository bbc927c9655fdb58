"""An S3 with one object, whose bytes are generated.

moto would hold the complete object. It runs in a process of its own, so that the memory of a reader is measured alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context

from benchmarks.jobs.inputs import COLUMNS

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Generated:
    """A CSV file of repeated rows."""

    block: bytes
    repeated: int

    def __post_init__(self) -> None:
        self._twice = self.block * 2

    @property
    def size(self) -> int:
        """Return the size of the file in bytes."""
        return len(COLUMNS) + self.repeated * len(self.block)

    def read(self, start: int, end: int) -> bytes:
        """Return bytes from ``start`` to at most ``end``, and at most one block."""
        if start < len(COLUMNS):
            return COLUMNS[start : min(end, len(COLUMNS))]
        offset = (start - len(COLUMNS)) % len(self.block)
        return self._twice[offset : offset + min(end - start, len(self.block))]


@contextmanager
def served(file: Generated) -> Iterator[str]:
    """Yield the URL of a server that has the file under any key.

    It drops what is put.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(file)) as server:
        process = get_context("fork").Process(target=server.serve_forever, daemon=True)
        process.start()
        yield f"http://127.0.0.1:{server.server_port}"
        process.terminate()
        process.join()


def _handler(file: Generated) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = _RANGE.fullmatch(self.headers.get("Range", "bytes=0-"))
            assert found is not None, self.headers["Range"]
            start = int(found[1])
            end = min(int(found[2]) + 1, file.size) if found[2] else file.size
            self._answer(206, end - start, {"Content-Range": f"bytes {start}-{end - 1}/{file.size}"})
            while start < end:
                data = file.read(start, end)
                self.wfile.write(data)
                start += len(data)

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(200, 0, {})

        def _answer(self, status: int, length: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            fixed = {"Content-Length": str(length), "ETag": '"0"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
            for name, value in (fixed | headers).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
