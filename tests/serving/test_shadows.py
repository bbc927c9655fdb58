"""Test that a shadow version never affects the response of the serving version."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from lightship.bundle import Bundle
from lightship.calls import Call, Result
from lightship.engines.base import Engine
from lightship.model import Model
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.counters import Counters
from lightship.serving.pool import Key, ModelPool, Served
from lightship.serving.serving import Options
from lightship.serving.shadows import Shadows, compare
from lightship.tensors import Array
from tests.bundles import Registries, republish
from tests.serve import Answers


@dataclass
class FailingEngine:
    """An engine that always raises."""

    error: Exception
    stateful: bool = False

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        raise self.error

    def clone(self) -> Engine:
        return self


class Pool(ModelPool):
    """A pool whose shadow version is given, or fails to load."""

    def __init__(self, served: Served | Exception) -> None:
        self._served = served

    def load(self, key: Key, *, spare: bool = False) -> Served:
        assert spare
        if isinstance(self._served, Exception):
            raise self._served
        return self._served


@pytest.fixture
def answered(registries: Registries) -> Result:
    model = Model.open(registries.small / "modes" / "1")
    return model.predict(Call({"x": np.array([[1, 2]], np.float32)}))


ERRORS = [OSError(28, "No space left on device"), MemoryError(), ValueError("x"), RecursionError(), KeyError("y")]


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_shadow_exception_is_counted_and_logged(
    registries: Registries, answered: Result, error: Exception, threads: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = Model(Bundle.open(registries.small / "modes" / "1"), FailingEngine(error))
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(threads) if threads else nullcontext() as executor:
        shadows = Shadows(Pool(Served("modes", 2, model, Counters(), 0.0)), executor)
        shadows.run("modes", 2, answered)
    seen = shadows.disagreements("modes")[2]
    assert (seen.compared, seen.failed) == (0, 1)
    assert "modes" in caplog.text


@pytest.mark.parametrize("threads", [0, 1])
def test_shadow_load_exception_is_counted(answered: Result, threads: int) -> None:
    with ThreadPoolExecutor(threads) if threads else nullcontext() as executor:
        shadows = Shadows(Pool(OSError(5, "Input/output error")), executor)
        shadows.run("modes", 2, answered)
    assert shadows.disagreements("modes")[2].failed == 1


def test_shadow_call_after_executor_shutdown_is_dropped(answered: Result, registries: Registries) -> None:
    model = Model.open(registries.small / "modes" / "1")
    executor = ThreadPoolExecutor(1)
    shadows = Shadows(Pool(Served("modes", 2, model, Counters(), 0.0)), executor)
    executor.shutdown()
    shadows.run("modes", 2, answered)
    assert shadows.disagreements("modes")[2].dropped == 1


INFINITE = np.array([np.inf, np.nan, 1.0], np.float32)


@pytest.mark.parametrize(
    ("answered", "shadowed", "expected"),
    [
        (np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), (True, 0.0)),
        (np.zeros((0, 2), np.float32), np.zeros((1, 2), np.float32), (False, 0.0)),
        (np.zeros(2, np.float32), np.zeros(2, np.int32), (False, 0.0)),
        (np.array([b"a"], object), np.array([1.0], np.float32), (False, 0.0)),
        (np.array([b"a"], object), np.array([b"a"], object), (True, 0.0)),
        (np.array([True]), np.array([False]), (False, 0.0)),
        (np.array(1.0, np.float16), np.array(1.5, np.float64), (False, 0.5)),
        (INFINITE, INFINITE, (True, 0.0)),
        (np.array([1j]), np.array([1j]), (True, 0.0)),
        (np.array([2**64 - 1], np.uint64), np.array([2**64 - 2], np.uint64), (False, 0.0)),
    ],
    ids=str,
)
def test_compare_of_odd_arrays_does_not_raise(answered: Array, shadowed: Array, expected: tuple[bool, float]) -> None:
    assert compare({"y": answered}, {"y": shadowed}) == expected


def test_compare_of_different_outputs_disagrees() -> None:
    assert compare({"y": np.zeros(1)}, {"z": np.zeros(1)}) == (False, 0.0)


def _two_versions(registries: Registries, tmp_path: Path) -> Registry:
    registry = Registry(str(tmp_path / "models"))
    for _ in range(2):
        republish(registry, registries.small / "modes" / "1", "modes")
    registry.change("modes", lambda state: state.reroute(replace(state.routing, labels={"production": 1})))
    registry.change("modes", lambda state: state.reroute(replace(state.routing, shadows={2: 1.0})))
    return registry


def _ask(answers: Answers) -> Any:
    request = Request("POST", "/predict", body=b'{"input": [[1, 2]]}', caller="me")
    return orjson.loads(answers.answer(request).body)


@pytest.mark.parametrize("threads", [0, 2])
def test_shadow_beyond_memory_limit_does_not_evict_serving_version(
    registries: Registries, tmp_path: Path, threads: int
) -> None:
    registry = _two_versions(registries, tmp_path)
    options = Options(default="modes", memory=registry.open("modes").size)
    answers = Answers(registry, options, threads=threads)
    for _ in range(3):
        assert _ask(answers) == [[2, 4]]
    answers.close()
    (statistics,) = answers.serving.status.statistics("modes")
    assert (statistics.version, statistics.calls) == (1, 3), "the same loaded version answered each time"
    assert answers.serving.status.model("modes").shadows[2]["failed"] == 3
