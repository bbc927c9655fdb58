"""Test what the workers of a server read from a registry, and when."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from lightship.registry.registry import Registry
from lightship.settings import CacheSettings
from tests.app.test_server import _free_port, _loading, _patiently, serving
from tests.app.worker_processes import accepting, clients, until, workers
from tests.bundles import Registries, republish
from tests.caches import CacheLock

pytestmark = [
    pytest.mark.alone,  # processes and their times
    pytest.mark.skipif(sys.platform != "linux", reason="workers share a port on Linux only"),
]

TWO = ("--workers", "2")


@pytest.fixture(params=["folder", "s3"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    """Return an empty registry."""
    if request.param == "folder":
        return Registry(str(tmp_path / "models"))
    return Registry(request.getfixturevalue("s3_registry"), cache=CacheSettings.from_environment())


@pytest.fixture
def environment(request: pytest.FixtureRequest, registry: Registry) -> Mapping[str, str]:
    """Return the variables with which a server reads the registry."""
    found: Mapping[str, str] = request.getfixturevalue("s3_environment") if "://" in registry.location else {}
    return found


def test_label_reaches_all_workers_within_refresh_interval(
    registry: Registry, registries: Registries, environment: Mapping[str, str]
) -> None:
    republish(registry, registries.small / "modes" / "1", "modes")
    republish(registry, registries.small / "roots" / "1", "modes")
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"production": 1})))
    refresh = 1.0
    settings = {**environment, "LIGHTSHIP_REFRESH_SECONDS": str(refresh), "LIGHTSHIP_ALLOW_ADMIN": "1"}
    ask = ("POST", "/models/modes/predict", {"input": [4.0, 9.0]})
    labelled = ("POST", "/v1/models/modes/labels/production:predict", {"instances": [[4.0, 9.0]]})
    with (
        # With --default the parent reads the registry before it starts the workers.
        serving(registry.location, *TWO, "--default", "modes", **settings) as (process, port),
        clients(process.pid, port) as connected,
    ):
        seen: dict[int, list[str]] = {index: [] for index in range(len(connected))}

        def versions() -> set[str]:
            for index, client in enumerate(connected):
                status, headers, _ = client.ask(*ask)
                assert status == 200
                seen[index].append(headers["lightship-version"])
            return {found[-1] for found in seen.values()}

        assert versions() == {"1"}
        registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"production": 2})))
        time.sleep(refresh)
        for client in connected:  # waits for the version to load
            assert client.ask(*labelled)[1]["lightship-version"] == "2"
        until(lambda: versions() == {"2"})
        for _ in range(20):
            assert httpx.post(f"http://127.0.0.1:{port}{ask[1]}", json=ask[2]).headers["lightship-version"] == "2"
        changing, *others = connected
        change = {"label": "production", "version": 1}
        assert changing.ask("POST", "/models/modes/label", change)[0] == 200
        assert changing.ask(*labelled)[1]["lightship-version"] == "1", "at once where the change was made"
        time.sleep(refresh)
        for client in others:
            assert client.ask(*labelled)[1]["lightship-version"] == "1"
    for found in seen.values():
        assert found == sorted(found), "one connection never returns to the old version"


def test_readiness_while_workers_start_changes_once(
    registries: Registries, s3_registry: str, s3_environment: dict[str, str], tmp_path: Path
) -> None:
    republish(Registry(s3_registry), registries.small / "pair" / "1", "pair")
    port = _free_port()

    def ready() -> int:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code  # a new connection each time

    with (
        CacheLock(tmp_path / "cache") as lock,
        _loading(s3_registry, port, {**s3_environment, "LIGHTSHIP_WORKERS": "2"}) as process,
    ):
        _patiently(port).close()
        assert {ready() for _ in range(10)} == {503}
        assert len(accepting(process.pid, port, connections=20)) == 1, "the first worker"
        lock.release()
        until(lambda: ready() == 200)
        with clients(process.pid, port) as connected:  # until the second worker listens, too
            assert len(workers(process.pid)) == 2
            assert {client.ask("GET", "/health/ready")[0] for client in connected} == {200}
        assert {ready() for _ in range(10)} == {200}
        process.terminate()
        assert process.wait(20) == 0
