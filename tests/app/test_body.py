"""Test the limits of request bodies: time, total memory and compression ratio."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from typing import Any

import pytest

from lightship.app.body import Bodies, Body
from lightship.app.messages import ASGIApp
from tests.app.asgi import Exchange, Message, ask, exchange
from tests.bundles import Registries
from tests.serve import WAYS, core

BODY = b'{"input": [1.0, 2.0, 3.0]}'
MEBIBYTE = 1024 * 1024


# Creates an application with the settings of a test.
Make = Callable[..., ASGIApp]


@pytest.fixture(params=WAYS)
def make(request: pytest.FixtureRequest, registries: Registries) -> Make:
    return lambda **settings: request.param(core(registries.examples, **{"max_body": 10 * MEBIBYTE, **settings}))


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("the request waited for the whole body")


def test_body_beyond_time_limit_gets_408(make: Make) -> None:
    done = ask(make(body_seconds=0.05), "POST", "/predict", body=never)
    assert (done.status, done.code) == (408, "body_timeout")


def test_body_of_disconnected_client_frees_memory(make: Make) -> None:
    messages = iter([{"type": "http.request", "body": b"x" * 1000, "more_body": True}, {"type": "http.disconnect"}])

    async def leave() -> Message:
        return next(messages, {"type": "http.disconnect"})

    app = make(max_body=2000, bodies=4000)
    for _ in range(5):
        messages = iter([{"type": "http.request", "body": b"x" * 1000, "more_body": True}])
        ask(app, "POST", "/predict", body=leave)
    assert ask(app, "POST", "/predict", body=[BODY]).status == 200


def test_bodies_beyond_memory_limit_get_503_and_others_are_answered(make: Make) -> None:
    app = make(max_body=1000, bodies=2000)

    async def all_at_once() -> list[Exchange]:
        complete = asyncio.Event()
        waiting = asyncio.Semaphore(0)

        def slow() -> Any:
            parts = iter([b"x" * 900])

            async def receive() -> Message:
                part = next(parts, None)
                if part is None:
                    waiting.release()
                    await complete.wait()
                return {"type": "http.request", "body": part or b"", "more_body": part is not None}

            return receive

        held = [asyncio.create_task(exchange(app, "POST", "/predict", body=slow())) for _ in range(2)]
        for _ in held:
            await waiting.acquire()
        refused = await exchange(app, "POST", "/predict", body=[b"x" * 900])
        live = await exchange(app, "GET", "/health/live")
        complete.set()
        await asyncio.gather(*held)
        return [refused, live, await exchange(app, "POST", "/predict", body=[BODY])]

    refused, live, later = asyncio.run(all_at_once())
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "overloaded", "1")
    assert (live.status, later.status) == (200, 200)


def test_released_body_is_not_counted() -> None:
    bodies = Bodies(100)
    body = Body(bodies, limit=100)
    body.take(100)
    body.release()
    body.release()
    assert bodies.size == 0


def zipped(body: bytes) -> dict[str, Any]:
    return {"body": [gzip.compress(body)], "headers": [("host", "h"), ("content-encoding", "gzip")]}


def test_body_beyond_compression_ratio_gets_413(make: Make) -> None:
    done = ask(make(), "POST", "/predict", **zipped(b'{"input": [' + b"0, " * MEBIBYTE + b"0]}"))
    assert (done.status, done.code) == (413, "too_large")


def test_small_body_inflates_to_mebibyte_at_any_ratio(make: Make) -> None:
    assert ask(make(), "POST", "/predict", **zipped(BODY + b" " * 900_000)).status == 200


def test_large_body_and_response_are_processed_in_threads(make: Make) -> None:
    """Compare the processor time of the event loop's thread with that of the process."""
    row = b"[14.1, 19.3, 0.09]"
    body = b'{"input": [' + b", ".join([row[:-1] + b"%d]" % (number % 1000) for number in range(100_000)]) + b"]}"
    app, packed = make(threads=True), gzip.compress(body, 1)
    headers = [("host", "h"), ("content-encoding", "gzip"), ("accept-encoding", "gzip")]

    async def measured() -> tuple[Exchange, float]:
        own, every = time.thread_time(), time.process_time()
        done = await exchange(app, "POST", "/predict", body=[packed], headers=headers)
        return done, (time.thread_time() - own) / (time.process_time() - every)

    done, share = asyncio.run(measured())
    assert done.status == 200
    assert len(gzip.decompress(done.body).split(b",")) == 100_000
    assert share < 0.5
