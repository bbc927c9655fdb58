"""Test how often a registry in S3 is read, and serving while S3 does not respond."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from lightship import aws
from lightship.errors import RegistryError
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.serving.registry_cache import RegistryCache
from lightship.serving.serving import Options
from lightship.settings import CacheSettings
from tests.bundles import Registries, republish
from tests.http_servers import running
from tests.jobs.faults.proxy import Proxy
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


# Creates a server that is closed at the end of the test.
Make = Callable[..., Answers]


class Connection(Proxy):
    """The connection to S3: counts operations, can be cut, and can block them."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self.operations: Counter[str] = Counter()
        self.cut = False
        self.released = threading.Event()
        self.released.set()

    def fault(self, operation: str) -> str:
        assert self.released.wait(60)
        self.operations[operation] += not self.cut
        return "reset" if self.cut else ""


@pytest.fixture
def connection(bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    with running(Connection(s3_endpoint)) as connection:
        monkeypatch.setenv("AWS_ENDPOINT_URL", connection.endpoint)
        yield connection


@pytest.fixture
def registry(connection: Connection, s3_registry: str, registries: Registries) -> Registry:
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
def test_registry_within_refresh_interval_is_not_read_again(made: Make, connection: Connection, threads: int) -> None:
    answers = made(refresh=3600, threads=threads)
    answers.serving.start()
    connection.operations.clear()
    assert {ask(answers, *route).status for route in ROUTES} == {200}
    for path in ("/v1/models/missing:predict", "/models/missing/predict", "/models/no-one/predict"):
        assert ask(answers, "POST", path, b"{}").status == 404
    assert not +connection.operations


def test_registry_after_refresh_is_listed_once_and_index_is_read_once(
    made: Make, registry: Registry, registries: Registries, connection: Connection
) -> None:
    for name in ("pair", "roots"):
        republish(registry, registries.small / name / "1", name)
    answers = made(refresh=0)
    answers.serving.start()
    connection.operations.clear()
    assert ask(answers, "GET", "/models").status == 200
    assert connection.operations == {"ListObjectsV2": 1, "GetObject": 2}  # the index, and the next model's own state
    connection.operations.clear()
    assert ask(answers, "POST", "/models/modes/predict", b'{"input": [1, 2]}').status == 200
    assert connection.operations == {"GetObject": 1}


def test_listing_of_many_models_without_index_reads_ten_states(
    made: Make, registry: Registry, registries: Registries, connection: Connection, s3_registry: str
) -> None:
    for number in range(14):
        republish(registry, registries.small / "pair" / "1", f"pair{number}")
    delete_index(s3_registry)
    answers = made(refresh=0)
    assert ask(answers, "GET", "/models").status == 200
    for path in ("/models", "/health/ready"):
        connection.operations.clear()
        assert ask(answers, "GET", path).status == 200
        assert connection.operations == {"ListObjectsV2": 1, "GetObject": 11}  # one of them finds no index
    connection.operations.clear()
    answers = made(refresh=0)
    assert ask(answers, "POST", "/models/missing/predict", b"{}").status == 404
    assert connection.operations["ListObjectsV2"] <= 2  # of the registry, and of the missing model
    assert connection.operations["GetObject"] <= 2


# Questions to a process that has read nothing: status, requests to read its answer, and those to ask again.
QUESTIONS = {
    ("GET", "/models"): (200, 3, 3),
    ("GET", "/health/ready"): (200, 3, 3),
    ("POST", "/v2/repository/index"): (200, 3, 3),
    ("POST", "/predict"): (404, 3, 3),
    ("POST", "/models/missing/predict"): (404, 4, 4),
}


@pytest.mark.parametrize("count", [2, 14])
def test_questions_about_many_models_make_few_requests(
    made: Make, registry: Registry, registries: Registries, connection: Connection, count: int
) -> None:
    for number in range(count):
        republish(registry, registries.small / "pair" / "1", f"pair{number}")
    for (method, path), (status, first, again) in QUESTIONS.items():
        answers = made(refresh=0)
        for expected in (first, again, again):
            connection.operations.clear()
            response = ask(answers, method, path, b"{}" if method == "POST" else b"")
            assert (response.status, connection.operations.total()) == (status, expected), path
        assert not answers.serving.loaded()


def test_catalogue_from_index_equals_catalogue_from_manifests(
    made: Make, registry: Registry, registries: Registries, s3_registry: str
) -> None:
    publish = [("example", registries.examples / "quickstart"), ("pair", registries.small / "pair")]
    for name, versions in publish:
        republish(registry, versions / "1", name)
    answers = made(refresh=0)
    from_index = ask(answers, "GET", "/models").body
    answers.serving.start()
    from_models = ask(answers, "GET", "/models").body
    assert from_index == from_models
    delete_index(s3_registry)
    assert ask(made(refresh=0), "GET", "/models").body == from_models
    assert b'"metrics"' in from_models


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route[1])
def test_requests_are_answered_while_s3_is_unreachable(
    made: Make, connection: Connection, threads: int, route: tuple[str, str, bytes]
) -> None:
    answers = made(refresh=0, threads=threads)
    answers.serving.start()
    before = ask(answers, *route)
    connection.cut = True
    after = ask(answers, *route)
    assert (before.status, after.status) == (200, 200)
    assert after.body == before.body or route[1].endswith("/stats")


def test_slow_s3_delays_requests_briefly_and_cached_state_is_used(made: Make, connection: Connection) -> None:
    """Check that requests and readiness wait for a slow S3 for a moment only."""
    answers = made(refresh=0.001, threads=2)
    answers.serving.start()

    async def all_at_once() -> list[int]:
        headers = {"content-type": "application/json"}
        requests = [Request(method, path, "", headers, body, "me") for method, path, body in ROUTES]
        connection.released.clear()
        try:
            responses = await asyncio.gather(*(answers.answer_soon(request) for request in requests))
        finally:
            connection.released.set()
        return [response.status for response in responses]

    assert asyncio.run(all_at_once()) == [200] * len(ROUTES)


def test_unknown_model_names_are_not_cached(registry: Registry, connection: Connection) -> None:
    cache = RegistryCache(registry, 3600)
    assert cache.names() == ("modes",)
    connection.operations.clear()
    assert {cache.state(f"missing{number}").versions for number in range(50)} == {()}
    assert not +connection.operations
    assert cache.last("missing1") is None


def test_forget_reads_names_and_states_again(registry: Registry, registries: Registries) -> None:
    cache = RegistryCache(registry, 3600)
    assert cache.names() == ("modes",)
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "pair" / "1", "pair")
    assert cache.names() == ("modes",)
    cache.forget()
    found = {name: state.versions for name, state in cache.states().items() if isinstance(state, State)}
    assert found == {"modes": (1, 2), "pair": (1,)}


def test_own_change_is_listed_before_index_is_read_again(registry: Registry) -> None:
    cache = RegistryCache(registry, 3600)
    cache.states()
    for number in range(1, 4):

        def change(state: State, label: str = f"label{number}") -> State:
            return state.reroute(state.routing.with_label(label, 1, name="modes"))

        cache.change("modes", change)
        state = cache.states()["modes"]
        assert isinstance(state, State)
        assert len(state.routing.labels) == number


def test_unreachable_registry_without_cached_state_raises(registry: Registry, connection: Connection) -> None:
    connection.cut = True
    cache = RegistryCache(registry, 3600)
    for question in (cache.names, lambda: cache.state("modes")):
        with pytest.raises(RegistryError, match="EndpointConnectionError"):
            question()
    connection.cut = False
    assert cache.names() == ("modes",)
    assert cache.state("modes").default == 1


def delete_index(location: str) -> None:
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    client = aws.client("s3")
    client.delete_object(Bucket=bucket, Key=f"{prefix}/index.json")
    client.close()
