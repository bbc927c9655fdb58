"""What is asked of a registry in S3 and how often, and what goes on while it does not answer."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from lightship.errors import RegistryError
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.serving.registry_cache import RegistryCache
from lightship.serving.serving import Options
from lightship.settings import CacheSettings
from tests.bundles import Registries, republish
from tests.serve import Answers

ROUTES = [
    ("POST", "/predict", b'{"input": [1, 2]}'),
    ("POST", "/models/modes/predict", b'{"input": [1, 2]}'),
    ("POST", "/models/modes/versions/1/predict", b'{"input": [1, 2]}'),
    ("POST", "/v1/models/modes:predict", b'{"instances": [[1, 2]]}'),
    ("POST", "/invocations", b'{"inputs": [1, 2]}'),
    ("GET", "/models", b""),
    ("GET", "/models/modes", b""),
    ("GET", "/health/ready", b""),
    ("GET", "/ping", b""),
    ("GET", "/v1/models/modes", b""),
    ("GET", "/v1/models/modes/metadata", b""),
    ("GET", "/v2/models/modes", b""),
    ("GET", "/v2/models/modes/ready", b""),
    ("GET", "/v2/models/modes/stats", b""),
    ("GET", "/v2/health/ready", b""),
    ("POST", "/v2/repository/index", b""),
]


# Makes a dispatcher that is closed at the end of the test.
Make = Callable[..., Answers]


class Line:
    """The line to S3: counts what is asked, can be cut, and can keep us waiting."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.cut = False
        self.released = threading.Event()
        self.released.set()

    def __call__(self, model: Any, **_: Any) -> None:
        assert self.released.wait(60)
        if self.cut:
            raise EndpointConnectionError(endpoint_url="s3")
        self.asked[model.name] += 1


@pytest.fixture
def line(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Line:
    session, line = boto3.Session(), Line()
    session.events.register("before-call.s3", line)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", session)
    return line


@pytest.fixture
def registry(line: Line, s3_registry: str, registries: Registries) -> Registry:
    registry = Registry(s3_registry, cache=CacheSettings.from_environment())
    republish(registry, registries.small / "modes" / "1", "modes")
    return registry


@pytest.fixture
def made(registry: Registry) -> Iterator[Make]:
    everything: list[Answers] = []

    def make(refresh: float, threads: int = 0) -> Answers:
        everything.append(Answers(registry, Options(refresh=refresh), threads=threads))
        return everything[-1]

    yield make
    for answers in everything:
        answers.close()


def ask(answers: Answers, method: str, path: str, body: bytes = b"") -> Response:
    headers = {"content-type": "application/json"}
    return answers.answer(Request(method, path, headers=headers, body=body, caller="me"))


@pytest.mark.parametrize("threads", [0, 2])
def test_in_an_interval_the_registry_is_asked_once_whatever_is_asked_of_us(
    made: Make, line: Line, threads: int
) -> None:
    answers = made(refresh=3600, threads=threads)
    answers.serving.start()
    line.asked.clear()
    assert {ask(answers, *route).status for route in ROUTES} == {200}
    for path in ("/v1/models/nobody:predict", "/models/nobody/predict", "/models/no-one/predict"):
        assert ask(answers, "POST", path, b"{}").status == 404
    assert not line.asked


def test_after_an_interval_there_is_one_listing_and_one_question_for_each_model(
    made: Make, registry: Registry, registries: Registries, line: Line
) -> None:
    for name in ("pair", "roots"):
        republish(registry, registries.small / name / "1", name)
    answers = made(refresh=0)
    answers.serving.start()
    line.asked.clear()
    assert ask(answers, "GET", "/models").status == 200
    assert line.asked == {"ListObjectsV2": 1, "GetObject": 3}
    line.asked.clear()
    assert ask(answers, "POST", "/models/modes/predict", b'{"input": [1, 2]}').status == 200
    assert line.asked == {"GetObject": 1}


def test_question_about_all_of_many_models_asks_for_ten_of_their_states(
    made: Make, registry: Registry, registries: Registries, line: Line
) -> None:
    for number in range(14):
        republish(registry, registries.small / "pair" / "1", f"pair{number}")
    answers = made(refresh=0)
    assert ask(answers, "GET", "/models").status == 200
    for path in ("/models", "/health/ready"):
        line.asked.clear()
        assert ask(answers, "GET", path).status == 200
        assert line.asked == {"ListObjectsV2": 1, "GetObject": 10}
    line.asked.clear()
    answers = made(refresh=0)
    assert ask(answers, "POST", "/models/nobody/predict", b"{}").status == 404
    assert line.asked["ListObjectsV2"] <= 2  # of the registry, and of what may be the model
    assert line.asked["GetObject"] <= 1


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route[1])
def test_while_s3_cannot_be_reached_everything_goes_on(
    made: Make, line: Line, threads: int, route: tuple[str, str, bytes]
) -> None:
    answers = made(refresh=0, threads=threads)
    answers.serving.start()
    before = ask(answers, *route)
    line.cut = True
    after = ask(answers, *route)
    assert (before.status, after.status) == (200, 200)
    assert after.body == before.body or route[1].endswith("/stats")


def test_while_s3_keeps_us_waiting_nobody_but_one_request_waits(made: Make, line: Line) -> None:
    """And that one, and readiness, for a moment only: after it, what is cache goes on."""
    answers = made(refresh=0.001, threads=2)
    answers.serving.start()

    async def all_at_once() -> list[int]:
        headers = {"content-type": "application/json"}
        requests = [Request(method, path, "", headers, body, "me") for method, path, body in ROUTES]
        line.released.clear()
        try:
            responses = await asyncio.gather(*(answers.answer_soon(request) for request in requests))
        finally:
            line.released.set()
        return [response.status for response in responses]

    assert asyncio.run(all_at_once()) == [200] * len(ROUTES)


def test_what_strangers_make_up_is_asked_for_once_and_not_remembered(registry: Registry, line: Line) -> None:
    cache = RegistryCache(registry, 3600)
    assert cache.names() == ("modes",)
    line.asked.clear()
    assert {cache.state(f"nobody{number}").versions for number in range(50)} == {()}
    assert not line.asked
    assert cache.last("nobody1") is None


def test_a_registry_that_never_answered_says_so(registry: Registry, line: Line) -> None:
    line.cut = True
    cache = RegistryCache(registry, 3600)
    for question in (cache.names, lambda: cache.state("modes")):
        with pytest.raises(RegistryError, match="EndpointConnectionError"):
            question()
    line.cut = False
    assert cache.names() == ("modes",)
    assert cache.state("modes").default == 1
