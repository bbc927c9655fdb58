"""The index of a registry in S3: interrupted, overtaken and concurrent writers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from lightship.cli import lightship
from lightship.errors import RegistryError
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.serving.registry_cache import RegistryCache
from lightship.stores.s3 import S3Store
from tests.bundles import republish
from tests.http_servers import running
from tests.jobs.faults.proxy import Proxy
from tests.stores.indexes import Faulty, assert_index_is_state, counted, index_of, number, opened

# Opens the registry through a proxy.
Through = Callable[[Callable[[int], object]], Registry]


@pytest.fixture
def interrupted(faulty: Faulty, s3_registry: str, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Return a registry whose requests go through the proxy."""
    with monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", faulty.endpoint)
        through = opened(s3_registry)
        through.names()  # opens the connection
    return through


LABEL_REQUESTS = 7


def test_label_makes_seven_requests(
    faulty: Faulty, interrupted: Registry, registry: Registry, bundle: Path, store: S3Store
) -> None:
    republish(registry, bundle, "modes")
    faulty.begin(lambda _: "")
    interrupted.change("modes", counted)
    assert faulty.requests == LABEL_REQUESTS
    assert_index_is_state(store, "modes")


@pytest.mark.parametrize("fault", ["reset", "lost"])
@pytest.mark.parametrize("request_number", range(1, LABEL_REQUESTS + 1))
def test_writer_stopped_at_each_request_leaves_correct_answers(
    faulty: Faulty,
    interrupted: Registry,
    registry: Registry,
    bundle: Path,
    store: S3Store,
    request_number: int,
    fault: str,
) -> None:
    for name in ("modes", "other"):
        republish(registry, bundle, name)
    faulty.stop(request_number, fault)
    with suppress(RegistryError):
        interrupted.change("modes", counted)
    assert faulty.injected
    cache = RegistryCache(registry, 0)
    assert number(cache.states()["modes"]) == number(registry.state("modes"))
    assert registry.models() == ["modes", "other"]
    registry.change("modes", counted)
    assert number(cache.states()["modes"]) == number(registry.state("modes"))
    assert_index_is_state(store, "modes", "other")


@pytest.mark.parametrize("request_number", [4, 5])
def test_rebuild_completes_interrupted_change(
    faulty: Faulty,
    interrupted: Registry,
    registry: Registry,
    bundle: Path,
    store: S3Store,
    s3_registry: str,
    request_number: int,
) -> None:
    republish(registry, bundle, "modes")
    faulty.stop(request_number, "reset")
    with suppress(RegistryError):
        interrupted.change("modes", counted)
    assert index_of(store).pending
    result = CliRunner().invoke(lightship, ["index", "--registry", s3_registry])
    assert (result.exit_code, "1 model" in result.output) == (0, True), result.output
    assert_index_is_state(store, "modes")


class Observed(Proxy):
    """A proxy that calls ``before`` with the number of each request first."""

    def __init__(self, endpoint: str, before: Callable[[int], object]) -> None:
        super().__init__(endpoint)
        self.before = before

    def fault(self, operation: str) -> str:
        super().fault(operation)
        self.before(self.requests)
        return ""


@pytest.fixture
def through(s3_endpoint: str, s3_registry: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """Return a function that opens the registry behind an observed proxy."""
    with ExitStack() as stack:

        def open_through(before: Callable[[int], object]) -> Registry:
            proxy = stack.enter_context(running(Observed(s3_endpoint, lambda _: None)))
            with monkeypatch.context() as patched:
                patched.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
                registry = opened(s3_registry)
                registry.names()
            proxy.begin(lambda _: "")
            proxy.before = before
            return registry

        yield open_through


def differing(store: S3Store) -> list[str]:
    """Return the models that are not pending, but have another state."""
    etags = {name: indexed.etag for name, indexed in index_of(store).models().items()}
    return [name for name, etag in etags.items() if store.changed(f"{name}/state.json", etag)]


def relabel(registry: Registry) -> None:
    registry.change("modes", counted)


def rebuild(registry: Registry) -> None:
    registry.index.rebuild(registry.names)


@pytest.mark.parametrize("overtake", [relabel, rebuild])
@pytest.mark.parametrize("request_number", range(1, LABEL_REQUESTS + 1))
def test_writer_overtaken_at_each_request_is_never_unnoticed(
    registry: Registry,
    bundle: Path,
    store: S3Store,
    through: Through,
    overtake: Callable[[Registry], None],
    request_number: int,
) -> None:
    republish(registry, bundle, "modes")
    found: list[list[str]] = []

    def before(request: int) -> None:
        found.append(differing(store))
        if request == request_number:
            overtake(registry)
            found.append(differing(store))

    through(before).change("modes", counted)
    assert len(found) >= LABEL_REQUESTS
    assert not any(found)
    assert number(registry.state("modes")) == (2 if overtake is relabel else 1)
    assert_index_is_state(store, "modes")


def test_finishing_writer_keeps_token_of_later_writer(
    registry: Registry, bundle: Path, store: S3Store, through: Through
) -> None:
    republish(registry, bundle, "modes")
    marked, released = threading.Event(), threading.Event()
    found: list[list[str]] = []

    def before_later(request: int) -> None:
        found.append(differing(store))
        if request == 4:  # its token is set, its state is not yet written
            marked.set()
            assert released.wait(60)

    later = through(before_later)
    with ThreadPoolExecutor(1) as pool:
        writing: list[Future[State]] = []

        def before_earlier(request: int) -> None:
            if request == 5:  # its state is written
                writing.append(pool.submit(later.change, "modes", counted))
                assert marked.wait(60)

        through(before_earlier).change("modes", counted)
        released.set()
        assert number(writing[0].result(60)) == 2
    assert len(found) >= LABEL_REQUESTS
    assert not any(found)
    assert_index_is_state(store, "modes")


def test_concurrent_writers_never_read_older_states(
    s3_registry: str, registry: Registry, bundle: Path, store: S3Store
) -> None:
    names = [f"model{index}" for index in range(4)]
    for name in names:
        republish(registry, bundle, name)
    written = dict.fromkeys(names, 0)
    lock = threading.Lock()

    def write(worker: int) -> None:
        own = opened(s3_registry)
        cache = RegistryCache(own, 0)
        for turn in range(8):
            name = names[(worker * 3 + turn) % len(names)]
            now = number(own.change(name, counted))
            with lock:
                written[name] = max(written[name], now)
                least = dict(written)
            seen = {each: number(state) for each, state in cache.states().items()}
            assert {each: seen[each] >= least[each] for each in names} == dict.fromkeys(names, True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert sum(number(registry.state(name)) for name in names) == 32
    assert_index_is_state(store, *names)
