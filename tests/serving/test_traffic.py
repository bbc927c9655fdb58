"""Test traffic splits, labels, rollbacks, failing versions and shadows."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from lightship.calls import Call, ModelSelector
from lightship.dispatch.dispatcher import Dispatcher
from lightship.errors import NotFound
from lightship.protocols import native
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.registry.state import Routing, State
from lightship.serving.serving import Options, Serving
from lightship.serving.traffic import pick, shadows
from tests.bundles import Registries, republish
from tests.serve import Answers


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> Registry:
    registry = Registry(str(tmp_path / "models"))
    for _ in range(2):
        republish(registry, registries.small / "modes" / "1", "modes")
    return registry


def route(registry: Registry, **routing: Any) -> None:
    registry.change("modes", lambda state: state.reroute(replace(state.routing, **routing)))


def test_split_has_configured_shares_and_is_stable_by_caller() -> None:
    state = State(versions=(3, 4), routing=Routing(traffic={3: 90, 4: 10}, shadows={4: 0.25}))
    keys = [f"caller {number}".encode() for number in range(10_000)]
    counts = Counter(pick(state, key) for key in keys)
    assert counts[3] == pytest.approx(9000, abs=150)
    assert [pick(state, key) for key in keys[:100]] == [pick(state, key) for key in keys[:100]]
    assert sum(bool(shadows(state, key)) for key in keys) == pytest.approx(2500, abs=200)


def test_response_headers_name_version(registry: Registry) -> None:
    route(registry, traffic={1: 50.0, 2: 50.0}, labels={"blue": 1})
    service = Dispatcher(Serving(registry, Options(default="modes")))

    def ask(path: str, caller: str = "") -> Response:
        headers = {"lightship-caller": caller} if caller else {}
        request = Request("POST", path, headers=headers, body=b'{"input": [1, 2]}', caller="me")
        response = service.answer(request)
        assert response is not None
        assert response.status == 200
        return response

    versions = {caller: ask("/predict", caller).headers["lightship-version"] for caller in map(str, range(40))}
    assert set(versions.values()) == {"1", "2"}
    assert all(ask("/predict", caller).headers["lightship-version"] == version for caller, version in versions.items())
    assert ask("/models/modes/versions/2/predict").headers["lightship-version"] == "2"
    assert len({ask("/predict").headers["lightship-version"] for _ in range(5)}) == 1


def test_label_and_rollback_take_effect_without_restart(registry: Registry) -> None:
    serving = Serving(registry, Options(refresh=0))
    assert serving.find(ModelSelector("modes")).version == 2
    route(registry, labels={"production": 1})
    assert serving.find(ModelSelector("modes")).version == 1
    assert serving.find(ModelSelector("modes", label="production")).version == 1
    registry.change("modes", State.rollback)
    assert serving.find(ModelSelector("modes")).version == 2
    with pytest.raises(NotFound, match="'production'"):
        serving.find(ModelSelector("modes", label="production"))


def test_version_failing_to_load_leaves_previous_one_answering(registry: Registry, registries: Registries) -> None:
    serving = Serving(registry, Options(refresh=0))
    assert serving.find(ModelSelector("modes")).version == 2
    republish(registry, registries.small / "modes" / "1", "modes")
    (registry.path("modes", 3) / "model.tflite").write_bytes(b"")
    assert serving.find(ModelSelector("modes")).version == 2
    state = serving.status.model("modes")
    assert state.version == 3
    assert "model.tflite" in str(state.error)
    states = {entry.version: entry.state for entry in serving.status.versions("modes")}
    assert states == {1: "available", 2: "available", 3: "failed"}


def test_cached_state_is_used_while_registry_is_unreadable(registry: Registry) -> None:
    serving = Serving(registry, Options(refresh=0))
    assert serving.find(ModelSelector("modes")).version == 2
    state_file = Path(registry.location) / "modes" / "state.json"
    state_file.unlink()
    state_file.mkdir()  # reading the state fails from now on
    assert serving.find(ModelSelector("modes")).version == 2


def test_models_beyond_memory_limit_are_evicted_least_recently_used_first(
    registries: Registries, tmp_path: Path
) -> None:
    registry = Registry(str(tmp_path / "many"))
    for name in ("pair", "modes", "roots"):
        republish(registry, registries.small / name / "1", name)
    everything = sum(registry.open(name).size for name in ("pair", "modes", "roots"))
    serving = Serving(registry, Options(memory=everything - 1))
    for name in ("pair", "modes", "pair", "roots"):
        served = serving.find(ModelSelector(name))
        inputs, _ = served.model.golden()
        serving.predict(served, Call(inputs))
    assert serving.loaded() == [("pair", 1), ("roots", 1)]
    assert serving.find(ModelSelector("modes")).version == 1


def test_statistics_count_calls_and_unloaded_model_is_refused(registry: Registry) -> None:
    serving = Serving(registry)
    served = serving.find(ModelSelector("modes"))
    inputs, _ = served.model.golden()
    for _ in range(3):
        serving.predict(served, Call(inputs, rows=2))
    (statistics,) = serving.status.statistics("modes")
    assert (statistics.calls, statistics.rows, statistics.failures) == (3, 6, 0)
    assert statistics.nanoseconds > 0
    serving.unload("modes")
    assert serving.loaded() == []
    service = Dispatcher(serving)
    response = service.answer(Request("POST", "/models/modes/predict", body=b"{}", caller="me"))
    assert response is not None
    assert (response.status, orjson.loads(response.body)["error"]["code"]) == (503, "unavailable")
    serving.reload("modes")
    assert serving.loaded() == [("modes", 2)]


@pytest.mark.parametrize("threads", [0, 2])
def test_shadow_version_is_compared_and_does_not_change_response(
    registry: Registry, registries: Registries, threads: int
) -> None:
    republish(registry, registries.small / "roots" / "1", "modes")
    route(registry, labels={"production": 1}, shadows={2: 1.0, 3: 1.0})
    answers = Answers(registry, Options(default="modes"), threads=threads)
    for _ in range(4):
        request = Request("POST", "/predict", body=b'{"input": [[4, 9]]}', caller="me")
        assert orjson.loads(answers.answer(request).body) == [[8, 18]]
    answers.close()
    shown = native.encode_model(answers.serving.status.model("modes"))
    same, other = (orjson.loads(shown.body)["shadows"][version] for version in "23")
    assert same == {"compared": 4, "disagreed": 0, "failed": 0, "dropped": 0, "largest_difference": 0}
    assert other == {"compared": 4, "disagreed": 4, "failed": 0, "dropped": 0, "largest_difference": 15}


def test_invalid_state_file_is_named_in_error(registry: Registry, tmp_path: Path) -> None:
    (Path(registry.location) / "modes" / "state.json").write_text("[]")
    response = Dispatcher(Serving(registry)).answer(Request("POST", "/models/modes/predict", caller="me"))
    assert response is not None
    assert response.status == 503
    assert b"modes/state.json" in response.body
    shutil.rmtree(tmp_path / "models")
