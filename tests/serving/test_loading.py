"""Test loading versions while requests are answered.

A version in S3 keeps loading while the test holds the lock of the local cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lightship.bundle import GOLDEN, write_manifest
from lightship.calls import ModelSelector
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.settings import CacheSettings
from tests.bundles import Registries, republish
from tests.caches import CacheLock
from tests.serve import Answers

PATIENCE = 30.0


@pytest.fixture
def registry(registries: Registries, s3_registry: str) -> Registry:
    registry = Registry(s3_registry, cache=CacheSettings.from_environment())
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "pair" / "1", "pair")
    return registry


@pytest.fixture
def answers(registry: Registry) -> Iterator[Answers]:
    answers = Answers(registry, Options(default="modes", refresh=0), threads=2)
    answers.serving.start()
    yield answers
    answers.close()


def publish_next(registry: Registry) -> int:
    """Publish a version with another manifest: the local cache lacks it."""
    bundle = registry.open("modes", 1)
    with registry.staging() as staged:
        manifest = bundle.manifest._replace(card={"purpose": "next"})
        return registry.publish("modes", write_manifest(bundle.copy(staged).path, manifest))


@contextmanager
def held(answers: Answers, version: int) -> Iterator[CacheLock]:
    """Hold back the loading of a version that the server has already listed."""
    folder = CacheSettings.from_environment().folder
    assert folder is not None
    assert answers.serving.status.statistics("modes", version) == ()
    with CacheLock(folder) as lock:
        yield lock


async def post(answers: Answers, path: str, body: bytes) -> tuple[int, str]:
    response = await asyncio.wait_for(answers.answer_soon(Request("POST", path, body=body, caller="me")), PATIENCE)
    return response.status, response.headers.get("lightship-version", "")


async def until(answers: Answers, version: str) -> None:
    """Send requests until this version answers."""
    async with asyncio.timeout(PATIENCE):
        while await post(answers, "/models/modes/predict", b'{"input": [1, 2]}') != (200, version):
            await asyncio.sleep(0.01)


def test_previous_version_answers_while_new_one_loads(answers: Answers, registry: Registry) -> None:

    async def go_live() -> None:
        version = publish_next(registry)
        with held(answers, version) as lock:
            for _ in range(3):
                assert await post(answers, "/models/modes/predict", b'{"input": [1, 2]}') == (200, "1")
            pair = b'{"input": {"a": [1, 2], "b": [1]}}'
            assert await post(answers, "/models/pair/predict", pair) == (200, "1")
            lock.release()
        await until(answers, str(version))

    asyncio.run(go_live())


def test_explicit_version_load_does_not_block_other_requests(
    answers: Answers, registry: Registry, registries: Registries
) -> None:

    async def ask_for_it() -> None:
        version = publish_next(registry)
        republish(registry, registries.small / "roots" / "1", "roots")
        registry.open("roots").file(GOLDEN)  # in the cache, so that loading it needs no lock
        with held(answers, version) as lock:
            paths = [f"/models/modes/versions/{version}/predict"] * 20
            waiting = [asyncio.ensure_future(post(answers, path, b'{"input": [1, 2]}')) for path in paths]
            assert await post(answers, "/models/roots/predict", b'{"input": [4, 9]}') == (200, "1")
            assert not any(task.done() for task in waiting)
            lock.release()
            assert await asyncio.gather(*waiting) == [(200, str(version))] * 20

    asyncio.run(ask_for_it())


def test_readiness_does_not_wait_for_loading_version(answers: Answers, registry: Registry) -> None:
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"production": 1})))

    async def ask_for_it() -> None:
        version = publish_next(registry)
        with held(answers, version) as lock:
            waiting = asyncio.ensure_future(post(answers, f"/models/modes/versions/{version}/predict", b"{}"))
            for path in ("/v1/models/modes", "/ping", "/health/ready", "/v2/health/ready", "/models"):
                request = Request("GET", path, caller="me")
                response = await asyncio.wait_for(answers.answer_soon(request), PATIENCE)
                assert response.status == 200
            assert not waiting.done()
            lock.release()
            assert (await waiting)[0] == 400

    asyncio.run(ask_for_it())


def test_shadow_calls_beyond_queue_limit_are_dropped_and_counted(answers: Answers, registry: Registry) -> None:
    version = publish_next(registry)
    labels, sampled = {"production": 1}, {version: 1.0}
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels=labels, shadows=sampled)))

    async def ask_often() -> None:
        with held(answers, version) as lock:
            for number in range(100):
                body = b'{"input": [1, %d]}' % number
                assert await post(answers, "/models/modes/predict", body) == (200, "1")
            pair = b'{"input": {"a": [1, 2], "b": [1]}}'
            assert await post(answers, "/models/pair/predict", pair) == (200, "1")
            lock.release()

    asyncio.run(ask_often())
    answers.close()
    seen = answers.serving.status.model("modes").shadows[version]
    assert (seen["compared"], seen["dropped"], seen["failed"]) == (32, 68, 0)


def loaded(serving: Serving) -> list[int]:
    return [entry.version for entry in serving.status.statistics("modes")]


def go_live(serving: Serving, registry: Registry, bundle: Path, times: int) -> None:
    for _ in range(times):
        version = republish(registry, bundle, "modes")
        assert serving.find(ModelSelector("modes")).version == version


def test_unreferenced_version_is_unloaded(registry: Registry, registries: Registries) -> None:
    bundle = registries.small / "modes" / "1"
    serving = Serving(registry, Options(refresh=0, idle=0))
    go_live(serving, registry, bundle, 5)
    assert loaded(serving) == [5, 6]
    serving.find(ModelSelector("modes"))
    assert loaded(serving) == [6]
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"canary": 2})))
    serving.find(ModelSelector("modes", label="canary"))
    serving.find(ModelSelector("modes"))
    assert loaded(serving) == [2, 6]


def test_recently_used_version_stays_loaded_and_withdrawn_one_is_unloaded(
    registry: Registry, registries: Registries
) -> None:
    serving = Serving(registry, Options(refresh=0))
    go_live(serving, registry, registries.small / "modes" / "1", 3)
    serving.find(ModelSelector("modes", 1))
    assert loaded(serving) == [1, 2, 3, 4]
    registry.change("modes", lambda state: state.withdraw(2))
    serving.find(ModelSelector("modes"))
    assert loaded(serving) == [1, 3, 4]


def test_withdrawn_version_does_not_answer_while_other_version_loads(answers: Answers, registry: Registry) -> None:
    version = publish_next(registry)
    registry.change("modes", lambda state: state.withdraw(1))

    async def ask_for_it() -> None:
        with held(answers, version) as lock:
            waiting = asyncio.ensure_future(post(answers, "/models/modes/predict", b'{"input": [1, 2]}'))
            lock.release()
            assert await waiting == (200, str(version))

    asyncio.run(ask_for_it())
