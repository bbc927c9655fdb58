"""Test the access log's lines, also with a slow or closed output."""

from __future__ import annotations

import io
import json
import threading

from lightship.telemetry.access import AccessLog, line
from tests.telemetry.exchanges import exchange


def test_line_has_every_field() -> None:
    assert json.loads(line(exchange())) == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "correlation": "my-id",
        "method": "POST",
        "path": "/models/churn/predict",
        "status": 200,
        "error": None,
        "bytes": 42,
        "milliseconds": 3.457,
        "model": "churn",
        "version": 3,
        "rows": 2,
        "caller": "token",
    }


def test_line_of_hostile_request_is_one_line_of_printable_ascii() -> None:
    text = line(exchange(method="GET" * 20, path="/\x00\n\r\x1b\x7f\x85\u2028\ud800" + "é" * 5000))
    assert text.isascii() and text.isprintable() and len(text) < 8000
    assert json.loads(text)["path"].startswith("/\x00\n\r\x1b\x7f\x85\u2028")


class Blocked(io.StringIO):
    """An output that blocks until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.opened = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        assert self.opened.wait(60)
        return super().write(text)

    def close(self) -> None:
        """Stay open for the test to read."""


def test_log_with_blocked_output_drops_and_counts_lines() -> None:
    stream = Blocked()
    log = AccessLog(stream)
    log(exchange(path="/first"))
    assert stream.asked.wait(60)
    for number in range(10_003):
        log(exchange(path=f"/{number}"))
    stream.opened.set()
    log.close(60)
    records = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert [record["path"] for record in records if "path" in record] == ["/first", *map("/{}".format, range(10_000))]
    assert [record for record in records if "path" not in record] == [{"lost": 3}]


def test_log_with_closed_output_continues() -> None:
    stream = io.StringIO()
    stream.close()
    log = AccessLog(stream)
    log(exchange())
    log.close(60)
    assert not any(thread.name == "lightship-access-log" for thread in threading.enumerate())
