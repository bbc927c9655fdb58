from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lightship.calls import Call, ModelSelector
from lightship.errors import BundleError
from lightship.registry.registry import Registry
from lightship.serving.concurrent import ConcurrentServing
from lightship.serving.serving import Options, Serving
from lightship.serving.threads import Threads
from tests.bundles import Registries, republish


def test_version_requested_concurrently_is_loaded_once(registries: Registries) -> None:
    serving = Serving(Registry(str(registries.small)))
    with ThreadPoolExecutor(8) as pool:
        served = list(pool.map(lambda _: serving.load("pair"), range(32)))
    assert len({id(one) for one in served}) == 1


def test_new_version_is_served_without_restart(registries: Registries, tmp_path: Path) -> None:
    bundle = registries.small / "modes" / "1"
    registry = Registry(str(tmp_path))
    republish(registry, bundle, "modes")
    serving = Serving(registry, Options(refresh=0))
    assert serving.find(ModelSelector("modes")).version == 1
    republish(registry, bundle, "modes")
    assert serving.find(ModelSelector("modes")).version == 2
    assert serving.find(ModelSelector("modes", 1)).version == 1


def test_repaired_version_is_loaded_again(registries: Registries, tmp_path: Path) -> None:
    shutil.copytree(registries.small / "modes", tmp_path / "modes")
    model = tmp_path / "modes" / "1" / "model.tflite"
    whole = model.read_bytes()
    model.write_bytes(b"")
    serving = Serving(Registry(str(tmp_path)), Options(refresh=0))
    with pytest.raises(BundleError):
        serving.load("modes")
    model.write_bytes(whole)
    assert serving.load("modes").version == 1


def test_failed_load_is_not_retried_within_interval(registries: Registries, tmp_path: Path) -> None:
    shutil.copytree(registries.small / "modes", tmp_path / "modes")
    model = tmp_path / "modes" / "1" / "model.tflite"
    whole = model.read_bytes()
    model.write_bytes(b"")
    serving = Serving(Registry(str(tmp_path)), Options(refresh=3600))
    with pytest.raises(BundleError):
        serving.load("modes")
    model.write_bytes(whole)
    with pytest.raises(BundleError):
        serving.load("modes")


def test_concurrent_calls_in_threads_return_own_results(registries: Registries) -> None:
    serving = ConcurrentServing(Registry(str(registries.small)), Options(), Threads(4))

    async def ask(factor: int) -> bool:
        served = await serving.find(ModelSelector("wide"))
        result, _ = await serving.predict(served, Call({"x": np.full((20, 1), factor, np.float32)}))
        return bool((result.outputs["y"] == factor).all())

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(ask(factor) for factor in range(16)))

    assert all(asyncio.run(all_at_once()))
    serving.close()
