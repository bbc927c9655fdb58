"""Versions under traffic: splits, callers that stay, a version that fails, a store that does not answer."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from lightship.calls import Call
from lightship.dispatch.dispatcher import Dispatcher
from lightship.errors import NotFound
from lightship.protocols import native
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.registry.state import Routing, State
from lightship.serving.router import Asked
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


def test_a_split_is_kept_and_callers_stay() -> None:
    state = State(versions=(3, 4), routing=Routing(traffic={3: 90, 4: 10}, shadows={4: 0.25}))
    keys = [f"caller {number}".encode() for number in range(10_000)]
    counts = Counter(pick(state, key) for key in keys)
    assert counts[3] == pytest.approx(9000, abs=150)
    assert [pick(state, key) for key in keys[:100]] == [pick(state, key) for key in keys[:100]]
    assert sum(bool(shadows(state, key)) for key in keys) == pytest.approx(2500, abs=200)


def test_answers_say_which_version_gave_them(registry: Registry) -> None:
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


def test_a_label_and_a_rollback_go_live_without_a_restart(registry: Registry) -> None:
    serving = Serving(registry, Options(refresh=0))
    assert serving.find(Asked("modes")).version == 2
    route(registry, labels={"production": 1})
    assert serving.find(Asked("modes")).version == 1
    assert serving.find(Asked("modes", label="production")).version == 1
    registry.change("modes", State.rollback)
    assert serving.find(Asked("modes")).version == 2
    with pytest.raises(NotFound, match="'production'"):
        serving.find(Asked("modes", label="production"))


def test_a_version_that_fails_to_load_leaves_the_old_one_answering(registry: Registry, registries: Registries) -> None:
    serving = Serving(registry, Options(refresh=0))
    assert serving.find(Asked("modes")).version == 2
    republish(registry, registries.small / "modes" / "1", "modes")
    (registry.path("modes", 3) / "model.tflite").write_bytes(b"")
    assert serving.find(Asked("modes")).version == 2
    state = serving.status.model("modes")
    assert state.version == 3
    assert "model.tflite" in str(state.error)
    states = {entry.version: entry.state for entry in serving.status.versions("modes")}
    assert states == {1: "available", 2: "available", 3: "failed"}


def test_while_the_registry_does_not_answer_what_is_known_goes_on(registry: Registry) -> None:
    serving = Serving(registry, Options(refresh=0))
    assert serving.find(Asked("modes")).version == 2
    state_file = Path(registry.location) / "modes" / "state.json"
    state_file.unlink()
    state_file.mkdir()  # reading it fails now
    assert serving.find(Asked("modes")).version == 2


def test_models_beyond_the_memory_limit_are_unloaded_the_least_recent_first(
    registries: Registries, tmp_path: Path
) -> None:
    registry = Registry(str(tmp_path / "many"))
    for name in ("pair", "modes", "roots"):
        republish(registry, registries.small / name / "1", name)
    everything = sum(registry.open(name).size for name in ("pair", "modes", "roots"))
    serving = Serving(registry, Options(memory=everything - 1))
    for name in ("pair", "modes", "pair", "roots"):
        served = serving.find(Asked(name))
        inputs, _ = served.model.golden()
        serving.predict(served, Call(inputs))
    assert serving.loaded() == [("pair", 1), ("roots", 1)]
    assert serving.find(Asked("modes")).version == 1


def test_statistics_and_unloading(registry: Registry) -> None:
    serving = Serving(registry)
    served = serving.find(Asked("modes"))
    inputs, _ = served.model.golden()
    for _ in range(3):
        serving.predict(served, Call(inputs))
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
def test_a_shadow_runs_unheard_and_how_far_it_disagrees_is_recorded(
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


def test_a_foreign_state_file_is_said_to_be_none(registry: Registry, tmp_path: Path) -> None:
    (Path(registry.location) / "modes" / "state.json").write_text("[]")
    response = Dispatcher(Serving(registry)).answer(Request("POST", "/models/modes/predict", caller="me"))
    assert response is not None
    assert response.status == 503
    assert b"modes/state.json" in response.body
    shutil.rmtree(tmp_path / "models")
