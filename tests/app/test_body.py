"""Bodies within their limits: time, bytes together, and what they may inflate to."""

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


# Makes an application with settings of a test's own.
Make = Callable[..., ASGIApp]


@pytest.fixture(params=WAYS)
def make(request: pytest.FixtureRequest, registries: Registries) -> Make:
    return lambda **settings: request.param(core(registries.examples, **{"max_body": 10 * MEBIBYTE, **settings}))


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("it was waited for to the end")


def test_body_that_does_not_arrive_in_time_gets_408(make: Make) -> None:
    done = ask(make(body_seconds=0.05), "POST", "/predict", body=never)
    assert (done.status, done.code) == (408, "body_timeout")


def test_client_that_goes_before_its_body_is_complete_takes_no_memory(make: Make) -> None:
    messages = iter([{"type": "http.request", "body": b"x" * 1000, "more_body": True}, {"type": "http.disconnect"}])

    async def leave() -> Message:
        return next(messages, {"type": "http.disconnect"})

    app = make(max_body=2000, bodies=4000)
    for _ in range(5):
        messages = iter([{"type": "http.request", "body": b"x" * 1000, "more_body": True}])
        ask(app, "POST", "/predict", body=leave)
    assert ask(app, "POST", "/predict", body=[BODY]).status == 200


def test_bodies_beyond_the_memory_for_them_get_503_and_others_their_answer(make: Make) -> None:
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


def test_released_bodies_count_no_longer() -> None:
    bodies = Bodies(100)
    body = Body(bodies, limit=100)
    body.take(100)
    body.release()
    body.release()
    assert bodies.size == 0


def zipped(body: bytes) -> dict[str, Any]:
    return {"body": [gzip.compress(body)], "headers": [("host", "h"), ("content-encoding", "gzip")]}


def test_body_that_inflates_to_many_times_its_size_gets_413(make: Make) -> None:
    done = ask(make(), "POST", "/predict", **zipped(b'{"input": [' + b"0, " * MEBIBYTE + b"0]}"))
    assert (done.status, done.code) == (413, "too_large")


def test_body_of_a_mebibyte_may_inflate_from_anything(make: Make) -> None:
    assert ask(make(), "POST", "/predict", **zipped(BODY + b" " * 900_000)).status == 200


def test_large_body_and_answer_are_worked_on_in_threads(make: Make) -> None:
    """Of the processor time that the request takes, the event loop's thread takes the smaller part."""
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
