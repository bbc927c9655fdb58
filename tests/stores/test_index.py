"""The index of a registry in S3: interrupted, concurrent and foreign writers."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lightship import documents
from lightship.cli import lightship
from lightship.errors import LightshipError, NotFound, RegistryError, RoutingConflict
from lightship.registry.index import Index
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.serving.registry_cache import RegistryCache
from lightship.settings import CacheSettings
from lightship.stores.s3 import S3Store
from tests.bundles import Registries, republish
from tests.jobs.faults.proxy import Proxy, running

KEY = documents.INDEX_KEY

# Opens the registry through a proxy.
Through = Callable[[Callable[[int], object]], Registry]


@pytest.fixture
def bundle(registries: Registries) -> Path:
    return registries.small / "modes" / "1"


@pytest.fixture
def registry(s3_registry: str) -> Registry:
    return opened(s3_registry)


@pytest.fixture
def store(s3_registry: str) -> S3Store:
    return S3Store(s3_registry.removeprefix("s3://"), cache=CacheSettings.from_environment())


def opened(location: str) -> Registry:
    return Registry(location, cache=CacheSettings.from_environment())


def counted(state: State) -> State:
    """Return the state with a higher number, kept as the fraction of a shadow."""
    return state.reroute(replace(state.routing, shadows={1: number(state) / 1000 + 0.001}))


def number(state: object) -> int:
    assert isinstance(state, State)
    return round(state.routing.shadows.get(1, 0) * 1000)


def index_of(store: S3Store) -> Index:
    stored = store.read(KEY)
    assert stored is not None
    return Index.from_bytes(*stored)


def assert_index_is_state(store: S3Store, *names: str) -> None:
    index = index_of(store)
    assert not index.pending
    for name in names:
        found, indexed = store.read(f"{name}/state.json"), index.models()[name]
        assert found is not None
        assert indexed.etag == found[1]
        assert indexed.state == replace(State.from_bytes(found[0]), history=())


class Faulty(Proxy):
    """A proxy that interrupts a writer at a request, and lets it make no other one."""

    def stop(self, request: int, fault: str) -> None:
        self.begin(lambda number: "" if number < request else fault if number == request else "reset")


@pytest.fixture
def faulty(bucket: str, s3_endpoint: str) -> Iterator[Faulty]:
    with running(Faulty(s3_endpoint)) as proxy:
        yield proxy


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


MALFORMED = {
    "empty": b"",
    "other JSON": b"[]",
    "other object": b"{}",
    "later schema": b'{"schema": 2, "pending": {}, "models": {}}',
    "pending of another type": b'{"schema": 1, "pending": {"modes": 1}, "models": {}}',
    "models of another type": b'{"schema": 1, "pending": {}, "models": [1]}',
    "entry of another type": b'{"schema": 1, "pending": {}, "models": {"modes": [], "\\ud800": {}}}',
    "huge number": b'{"schema": 1, "pending": {}, "models": {"modes": ' + b"9" * 5000 + b"}}",
    "deep": b"[" * 100_000,
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_index_is_not_used_and_replaced(
    registry: Registry, bundle: Path, store: S3Store, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    republish(registry, bundle, "modes")
    registry.change("modes", counted)
    put(store, content)
    with caplog.at_level(logging.WARNING):
        cache = RegistryCache(registry, 0)
        assert [number(cache.states()["modes"]) for _ in range(3)] == [1, 1, 1]
    logged = [record for record in caplog.records if KEY in record.getMessage()]
    assert len(logged) == (0 if b'{"modes": []' in content else 1)
    registry.change("modes", counted)
    assert_index_is_state(store, "modes")


def test_index_beyond_limit_is_not_read_and_changes_are_refused(
    registry: Registry, bundle: Path, store: S3Store
) -> None:
    republish(registry, bundle, "modes")
    put(store, bytes(documents.INDEX + 1))
    assert number(RegistryCache(registry, 0).states()["modes"]) == 0
    with pytest.raises(RegistryError, match=rf"{KEY} .*{documents.INDEX:,}"):
        registry.change("modes", counted)
    assert number(registry.state("modes")) == 0


def test_overview_of_another_type_is_read_from_manifest(registry: Registry, bundle: Path, store: S3Store) -> None:
    republish(registry, bundle, "modes")
    record = json.loads(index_of(store).to_bytes())
    record["models"]["modes"]["default"]["metrics"] = 3
    put(store, json.dumps(record).encode())
    cache = RegistryCache(registry, 0)
    assert cache.states()["modes"] == replace(registry.state("modes"), history=())
    assert cache.overview("modes", 1) is None


def test_state_changed_without_index_is_noticed_in_turn(registry: Registry, bundle: Path, store: S3Store) -> None:
    """Check writers that keep no index: Lightship 0.2.0, and copies by hand."""
    names = ("modes", "other", "third")
    for name in names:
        republish(registry, bundle, name)
    cache = RegistryCache(registry, 0)
    cache.states()
    stored = store.read("other/state.json")
    assert stored is not None
    assert store.write("other/state.json", counted(State.from_bytes(stored[0])).to_bytes(), if_match=stored[1])
    listed = [number(cache.states()["other"]) for _ in range(2 * len(names))]
    assert listed == sorted(listed)
    assert listed[len(names) :] == [1] * len(names)
    registry.index.rebuild(registry.names)
    assert_index_is_state(store, *names)


def test_model_published_without_index_is_listed_at_once(registry: Registry, bundle: Path, store: S3Store) -> None:
    republish(registry, bundle, "modes")
    cache = RegistryCache(registry, 0)
    before = index_of(store)
    republish(registry, bundle, "added")
    put(store, before.to_bytes())
    assert [*cache.states()] == registry.models() == ["added", "modes"]


def test_deleted_model_is_not_listed(registry: Registry, bundle: Path, store: S3Store) -> None:
    for name in ("modes", "gone"):
        republish(registry, bundle, name)
    index = index_of(store)
    put(store, index.updated("never", index.models()["gone"]).to_bytes())
    assert [*RegistryCache(registry, 0).states()] == registry.models() == ["gone", "modes"]
    with pytest.raises(NotFound, match="gone, modes"):
        registry.resolve("never")


def test_overview_after_label_and_withdrawal_is_of_default_version(
    registry: Registry, registries: Registries, store: S3Store
) -> None:
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "pair" / "1", "modes")
    digests = [registry.manifest("modes", version)[1] for version in (1, 2)]

    def shown() -> Any:
        return (index_of(store).models()["modes"].overview or {}).get("digest")

    assert shown() == digests[1]
    registry.change("modes", lambda state: state.reroute(state.routing.with_label("production", 1, name="modes")))
    assert shown() == digests[0]
    registry.change("modes", lambda state: state.withdraw(2))
    assert shown() == digests[0]


def test_refused_change_leaves_no_pending_model(registry: Registry, bundle: Path, store: S3Store) -> None:
    republish(registry, bundle, "modes")
    for refused in (lambda state: state.withdraw(9), lambda state: state.rollback(name="modes")):
        with pytest.raises((NotFound, RoutingConflict)):
            registry.change("modes", refused)
    assert_index_is_state(store, "modes")


def test_models_command_reads_no_model(
    registry: Registry, bundle: Path, faulty: Faulty, s3_registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("modes", "other", "third"):
        republish(registry, bundle, name)
    slow = CliRunner().invoke(lightship, ["models", "--json", "--registry", s3_registry])
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.endpoint)
    faulty.begin(lambda _: "")
    fast = CliRunner().invoke(lightship, ["models", "--json", "--registry", s3_registry])
    assert (fast.exit_code, fast.output) == (0, slow.output)
    assert faulty.requests == 2
    records = json.loads(fast.output)
    assert [record["name"] for record in records] == ["modes", "other", "third"]
    assert {record["digest"] for record in records} == {registry.open("modes").digest}


def test_folder_has_no_index(tmp_path: Path, bundle: Path) -> None:
    registry = Registry(str(tmp_path / "models"))
    republish(registry, bundle, "modes")
    registry.change("modes", counted)
    assert not list((tmp_path / "models").glob("*index*"))
    result = CliRunner().invoke(lightship, ["index", "--registry", str(tmp_path / "models")])
    assert (result.exit_code, "needs no index" in result.output) == (0, True)


def put(store: S3Store, content: bytes) -> None:
    """Write other content as the index."""
    stored = store.read(KEY)
    assert store.write(KEY, content, if_match=stored[1] if stored else None)


def test_index_rebuilt_from_nothing_lists_models_with_valid_state(
    registry: Registry, bundle: Path, store: S3Store, s3_registry: str
) -> None:
    for name in ("modes", "broken", "other"):
        republish(registry, bundle, name)
    stored = store.read("broken/state.json")
    assert stored is not None
    assert store.write("broken/state.json", b"{}", if_match=stored[1])
    put(store, b"nothing")
    result = CliRunner().invoke(lightship, ["index", "--registry", s3_registry])
    assert (result.exit_code, "2 models" in result.output) == (0, True), result.output
    assert_index_is_state(store, "modes", "other")
    states = RegistryCache(registry, 0).states()
    assert isinstance(states["broken"], LightshipError)
