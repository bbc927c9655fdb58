"""Test pushing, splitting, shadowing and rolling back a version under load."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.settings import CacheSettings
from tests.bundles import Registries, republish
from tests.cli.test_serve import running

PATIENCE = 30.0


class Load:
    """Clients that send requests continuously with varying keys, and their responses."""

    def __init__(self, url: str, clients: int = 3) -> None:
        self.statuses: Counter[int] = Counter()
        self.versions: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, number)) for number in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, url: str, number: int) -> None:
        asked = 0
        with httpx.Client(base_url=url, trust_env=False) as client:
            while not self._stop.is_set():
                asked += 1
                headers = {"lightship-caller": f"{number}-{asked}"}
                answer = client.post("/models/modes/predict", json={"input": [4, 9]}, headers=headers)
                self.statuses[answer.status_code] += 1
                self.versions.append(answer.headers.get("lightship-version", "none"))

    def wait_for(self, versions: set[str]) -> None:
        """Wait until the last thirty responses came from exactly these versions."""
        deadline = time.monotonic() + PATIENCE
        while set(self.versions[-30:]) != versions or len(self.versions) < 30:
            assert time.monotonic() < deadline, f"still {Counter(self.versions[-30:])}, not {versions}"
            self._stop.wait(0.05)


@pytest.fixture
def registry(s3_registry: str, registries: Registries) -> Iterator[Registry]:
    registry = Registry(s3_registry, cache=CacheSettings.from_environment())
    republish(registry, registries.small / "modes" / "1", "modes")
    yield registry


def test_version_under_load_is_released_split_and_rolled_back_without_failures(
    registry: Registry, registries: Registries, s3_environment: dict[str, str]
) -> None:
    environment = s3_environment | {"LIGHTSHIP_REFRESH_SECONDS": "0.1"}
    with running("serve", "--registry", registry.location, **environment) as (_, url), Load(url) as load:
        load.wait_for({"1"})
        registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"production": 1})))
        republish(registry, registries.small / "roots" / "1", "modes")
        registry.change("modes", lambda state: state.reroute(replace(state.routing, shadows={2: 1.0})))
        deadline = time.monotonic() + PATIENCE
        while not httpx.get(f"{url}/models/modes").json().get("shadows", {}).get("2", {}).get("compared"):
            assert time.monotonic() < deadline
        load.wait_for({"1"})
        registry.change(
            "modes", lambda state: state.reroute(replace(state.routing, traffic={1: 50, 2: 50}, shadows={}))
        )
        load.wait_for({"1", "2"})
        registry.change("modes", State.rollback)
        load.wait_for({"1"})
    assert set(load.statuses) == {200}
    assert load.statuses[200] > 100
