"""Test that slow decoding runs in a thread while other requests are answered."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import pytest

from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options
from tests.bundles import Registries
from tests.protocols.right_requests import PICTURE
from tests.serve import Answers

IMAGE = base64.b64encode(PICTURE)
LONG = b" " * 20_000  # leading spaces are valid JSON; a body with many rows would also run in a thread


@pytest.fixture(scope="module")
def answers(registries: Registries) -> Iterator[Answers]:
    answers = Answers(Registry(str(registries.examples)), Options(default="quickstart"), threads=1)
    answers.serving.start()  # so that no load runs in a thread
    yield answers
    answers.close()


def order(answers: Answers, *requests: Request) -> list[str]:
    """Return the paths of concurrent requests, in the order of their responses."""
    answered = []

    async def ask(request: Request) -> None:
        response = await answers.answer_soon(request)
        assert response.status == 200, response.body
        answered.append(request.path)

    async def ask_all() -> None:
        await asyncio.gather(*map(ask, requests))

    asyncio.run(ask_all())
    return answered


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", LONG + b'{"input": [1, 2, 3]}'),
        ("/models/digits/predict", b'{"input": "%b"}' % IMAGE),
        ("/v1/models/quickstart:predict", LONG + b'{"instances": [[1, 2, 3]]}'),
        ("/v1/models/digits:predict", b'{"instances": [{"b64": "%b"}]}' % IMAGE),
        (
            "/v2/models/quickstart/infer",
            LONG + b'{"inputs": [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}',
        ),
        ("/invocations", LONG + b'{"inputs": [[1, 2, 3]]}'),
    ],
)
def test_slow_decoding_does_not_block_other_requests(answers: Answers, path: str, body: bytes) -> None:
    slow = Request("POST", path, headers={"content-type": "application/json"}, body=body, caller="me")
    assert order(answers, slow, Request("GET", "/health/live")) == ["/health/live", path]


def test_short_body_is_decoded_in_line(answers: Answers) -> None:
    quick = Request("POST", "/predict", body=b'{"input": [1, 2, 3]}', caller="me")
    assert order(answers, quick, Request("GET", "/health/live")) == ["/predict", "/health/live"]
