"""A question about a registry to a process that has read nothing, and again.

``python -m benchmarks.registry_questions`` reads parameters from standard input and writes figures to standard output
(JSON). The process answers as on Lambda, and its cached states are always due. Requests are counted in the log of the
server. The first time includes opening the connection.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.registries import QUESTIONS
from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.settings import CacheSettings


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    method, path, body, expected = QUESTIONS[parameters["question"]]
    log = Path(parameters["log"])
    times, requests = [], []
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(parameters["location"], cache=CacheSettings(Path(folder), 2**30))
        dispatcher = Dispatcher(Serving(registry, Options(refresh=0)))
        for _ in range(1 + parameters["asked"]):
            before, start = _lines(log), time.perf_counter()
            response = dispatcher.answer(Request(method, path, body=body.encode(), caller="benchmark"))
            times.append((time.perf_counter() - start) * 1000)
            requests.append(_lines(log) - before)
            assert response is not None
            assert response.status == expected, response.body
    figures = {"first_ms": times[0], "first_requests": requests[0], "again_ms": median(times[1:])}
    json.dump({**figures, "again_requests": max(requests[1:])}, sys.stdout)


def _lines(log: Path) -> int:
    """Return the number of requests in a log."""
    return log.read_bytes().count(b" HTTP/1.1")


if __name__ == "__main__":
    main()
