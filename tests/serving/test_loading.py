"""Loading beside answering: a version whose manifest is a pipe loads for as long as nobody writes into it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lightship.calls import Call
from lightship.dispatch.dispatcher import Service, answer
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Catalogue
from tests.bundles import Registries, republish

PATIENCE = 30.0


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> Registry:
    registry = Registry(str(tmp_path / "models"))
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "pair" / "1", "pair")
    return registry


@pytest.fixture
def catalogue(registry: Registry) -> Iterator[Catalogue]:
    catalogue = Catalogue(registry, default="modes", refresh=0, threads=2)
    catalogue.start()
    yield catalogue
    catalogue.close()


class Pipe:
    """A version's manifest as a pipe: whoever opens the bundle waits until :meth:`write`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = path.read_bytes()
        path.unlink()
        os.mkfifo(path)

    def write(self) -> None:
        if self._data:
            self._path.write_bytes(self._data)
            self._data = b""


@contextmanager
def held(catalogue: Catalogue, registry: Registry, version: int) -> Iterator[Pipe]:
    """A version that the server knows of, so that no request has to ask for it first, and that does not load."""
    pipe = Pipe(registry.path("modes", version) / "manifest.json")
    assert catalogue.standings.statistics("modes", version) == ()
    try:
        yield pipe
    finally:
        pipe.write()


async def post(service: Service, path: str, body: bytes) -> tuple[int, str]:
    response = await asyncio.wait_for(answer(service, Request("POST", path, body=body, caller="me")), PATIENCE)
    assert response is not None
    return response.status, response.headers.get("lightship-version", "")


async def until(service: Service, version: str) -> None:
    """Ask until this version answers."""
    async with asyncio.timeout(PATIENCE):
        while await post(service, "/models/modes/predict", b'{"input": [1, 2]}') != (200, version):
            await asyncio.sleep(0.01)


def test_while_a_new_version_loads_the_one_before_answers(
    catalogue: Catalogue, registry: Registry, registries: Registries
) -> None:
    service = Service(catalogue)

    async def go_live() -> None:
        version = republish(registry, registries.small / "modes" / "1", "modes")
        with held(catalogue, registry, version) as pipe:
            for _ in range(3):
                assert await post(service, "/models/modes/predict", b'{"input": [1, 2]}') == (200, "1")
            pair = b'{"input": {"a": [1, 2], "b": [1]}}'
            assert await post(service, "/models/pair/predict", pair) == (200, "1")
            await asyncio.to_thread(pipe.write)
        await until(service, str(version))

    asyncio.run(go_live())


def test_whoever_names_a_version_waits_for_it_and_keeps_nobody_waiting(
    catalogue: Catalogue, registry: Registry, registries: Registries
) -> None:
    service = Service(catalogue)

    async def ask_for_it() -> None:
        version = republish(registry, registries.small / "modes" / "1", "modes")
        with held(catalogue, registry, version) as pipe:
            paths = [f"/models/modes/versions/{version}/predict"] * 20
            waiting = [asyncio.ensure_future(post(service, path, b'{"input": [1, 2]}')) for path in paths]
            republish(registry, registries.small / "roots" / "1", "roots")
            assert await post(service, "/models/roots/predict", b'{"input": [4, 9]}') == (200, "1")
            assert not any(task.done() for task in waiting)
            await asyncio.to_thread(pipe.write)
            assert await asyncio.gather(*waiting) == [(200, str(version))] * 20

    asyncio.run(ask_for_it())


def test_readiness_does_not_wait_for_what_is_loading(
    catalogue: Catalogue, registry: Registry, registries: Registries
) -> None:
    service = Service(catalogue)
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"production": 1})))

    async def ask_for_it() -> None:
        version = republish(registry, registries.small / "modes" / "1", "modes")
        with held(catalogue, registry, version) as pipe:
            waiting = asyncio.ensure_future(post(service, f"/models/modes/versions/{version}/predict", b"{}"))
            for path in ("/v1/models/modes", "/ping", "/health/ready", "/v2/health/ready", "/models"):
                request = Request("GET", path, caller="me")
                response = await asyncio.wait_for(answer(service, request), PATIENCE)
                assert response is not None
                assert response.status == 200
            assert not waiting.done()
            await asyncio.to_thread(pipe.write)
            assert (await waiting)[0] == 400

    asyncio.run(ask_for_it())


def test_shadows_beyond_what_is_worth_keeping_are_dropped_and_counted(
    catalogue: Catalogue, registry: Registry, registries: Registries
) -> None:
    service = Service(catalogue)
    version = republish(registry, registries.small / "modes" / "1", "modes")
    labels, sampled = {"production": 1}, {version: 1.0}
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels=labels, shadows=sampled)))

    async def ask_often() -> None:
        with held(catalogue, registry, version) as pipe:
            for number in range(100):
                body = b'{"input": [1, %d]}' % number
                assert await post(service, "/models/modes/predict", body) == (200, "1")
            served = await catalogue.get("pair")
            slow = served._replace(seconds_per_row={None: 1.0})  # goes to the threads that answer
            result, _ = await asyncio.wait_for(catalogue.predict(slow, Call(served.model.golden()[0])), PATIENCE)
            assert result.outputs
            await asyncio.to_thread(pipe.write)

    asyncio.run(ask_often())
    catalogue.close()
    seen = catalogue.standings.state("modes").shadows[version]
    assert (seen["compared"], seen["dropped"], seen["failed"]) == (32, 68, 0)


def loaded(catalogue: Catalogue) -> list[int]:
    return [entry.version for entry in catalogue.standings.statistics("modes")]


def go_live(catalogue: Catalogue, registry: Registry, bundle: Path, times: int) -> None:
    for _ in range(times):
        version = republish(registry, bundle, "modes")
        assert asyncio.run(catalogue.get("modes")).version == version


def test_what_nothing_leads_to_any_more_is_unloaded(registry: Registry, registries: Registries) -> None:
    bundle = registries.small / "modes" / "1"
    catalogue = Catalogue(registry, refresh=0, idle=0)
    go_live(catalogue, registry, bundle, 5)
    assert loaded(catalogue) == [5, 6]
    asyncio.run(catalogue.get("modes"))
    assert loaded(catalogue) == [6]
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"canary": 2})))
    asyncio.run(catalogue.get("modes", label="canary"))
    asyncio.run(catalogue.get("modes"))
    assert loaded(catalogue) == [2, 6]


def test_what_was_asked_for_lately_stays_and_what_was_withdrawn_does_not(
    registry: Registry, registries: Registries
) -> None:
    catalogue = Catalogue(registry, refresh=0)
    go_live(catalogue, registry, registries.small / "modes" / "1", 3)
    asyncio.run(catalogue.get("modes", 1))
    assert loaded(catalogue) == [1, 2, 3, 4]
    registry.change("modes", lambda state: state.withdraw(2))
    asyncio.run(catalogue.get("modes"))
    assert loaded(catalogue) == [1, 3, 4]


def test_a_version_that_was_withdrawn_does_not_answer_while_another_one_loads(
    catalogue: Catalogue, registry: Registry, registries: Registries
) -> None:
    service = Service(catalogue)
    version = republish(registry, registries.small / "modes" / "1", "modes")
    registry.change("modes", lambda state: state.withdraw(1))

    async def ask_for_it() -> None:
        with held(catalogue, registry, version) as pipe:
            waiting = asyncio.ensure_future(post(service, "/models/modes/predict", b'{"input": [1, 2]}'))
            await asyncio.to_thread(pipe.write)
            assert await waiting == (200, str(version))

    asyncio.run(ask_for_it())
