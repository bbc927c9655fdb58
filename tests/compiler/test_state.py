"""State between calls and dependent rows, from the model file to the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from lightship.bundle import Bundle, write_manifest
from lightship.calls import Call, ModelSelector
from lightship.compiler import CompileOptions, Report, compile_model
from lightship.dispatch.dispatcher import Dispatcher
from lightship.engines.litert_state import keeps_state
from lightship.errors import NotFound, SourceRefused
from lightship.model import Model
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.serving.batches import Batching
from lightship.serving.counters import Counters
from lightship.serving.serving import Options, Serving
from lightship.tensors import Array
from tests.bundles import republish
from tests.emulator import EXAMPLES
from tests.model_files import write
from tests.serve import Answers

Compiled = tuple[Report, Model]
Compile = Callable[..., Compiled]

# Source, requested engine, engine that runs it, and the name of the reset signature.
STATEFUL = [
    pytest.param("counter", None, "litert", "lightship_reset", id="one signature"),
    pytest.param("notes", None, "litert", "lightship_reset", id="two signatures"),
    pytest.param("lstm.keras", None, "litert", "lightship_reset", id="stateful Keras layer"),
    pytest.param("counter.tflite", None, "litert", "", id="foreign file"),
    pytest.param("notes.tflite", None, "litert", "", id="foreign file with two signatures"),
    pytest.param("counter", "tensorflow", "tensorflow", "", id="TensorFlow"),
    pytest.param("table", None, "tensorflow", "", id="table"),
]


@pytest.fixture(scope="module")
def stateful_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stateful")
    write("tests.compiler.stateful_models", folder)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(str(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def compile_once(stateful_sources: Path, models: Registry) -> Iterator[Compile]:
    done: dict[tuple[str, str | None], Compiled] = {}

    def compiled(source: str, engine: str | None = None) -> Compiled:
        if (source, engine) not in done:
            report = compile_model(stateful_sources / source, registry=models, options=CompileOptions(engine=engine))
            done[source, engine] = report, Model.load(models.open(report.name, report.version))
        return done[source, engine]

    yield compiled


def calls(model: Model) -> list[Call]:
    """Return two calls of every signature, with different inputs."""
    found = []
    for signature in model.manifest.signatures:
        inputs, _ = model.golden(signature.name)
        other = {name: array + np.ones(1, array.dtype) for name, array in inputs.items()}
        found += [Call(inputs, signature.name), Call(other, signature.name)]
    return found


def predict(model: Model, call: Call) -> dict[str, list[object]]:
    return {name: array.tolist() for name, array in model.predict(call).outputs.items()}


@pytest.mark.parametrize(("source", "requested", "engine", "reset"), STATEFUL)
def test_predict_stateful_model_in_interleaved_calls_starts_from_initial_state(
    compile_once: Compile, source: str, requested: str | None, engine: str, reset: str
) -> None:
    _, model = compile_once(source, requested)
    assert (model.manifest.engine, model.manifest.stateful, model.manifest.reset) == (engine, True, reset)
    assert model.stateful
    first = [predict(model, call) for call in calls(model)]
    for _ in range(3):
        assert [predict(model, call) for call in calls(model)] == first
    for signature in model.manifest.signatures:
        inputs, expected = model.golden(signature.name)
        _assert_close(model.predict(Call(inputs, signature.name)).outputs, expected)


@pytest.mark.parametrize(("source", "requested", "engine", "reset"), STATEFUL)
def test_predict_stateful_model_in_threads_starts_from_initial_state(
    compile_once: Compile, source: str, requested: str | None, engine: str, reset: str
) -> None:
    _, model = compile_once(source, requested)
    repeated = calls(model)
    expected = [predict(model, call) for call in repeated]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda call: predict(model, call), repeated * 25))
    assert found == expected * 25


def _assert_close(actual: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    for name, array in expected.items():
        np.testing.assert_allclose(actual[name], array, rtol=1e-3, atol=1e-5)


def test_predict_stateful_model_starts_from_value_in_file(compile_once: Compile) -> None:
    x = np.array([[1, 2]], np.float32)
    assert predict(compile_once("counter")[1], Call({"x": x})) == {"y": [[11, 12]]}
    assert predict(compile_once("counter.tflite")[1], Call({"x": x})) == {"y": [[11, 12]]}
    assert predict(compile_once("notes")[1], Call({"x": x}, "recall")) == {"last": [[5, 7]]}
    assert predict(compile_once("table")[1], Call({"n": np.array([3], np.int64)})) == {"before": [0]}


def test_reset_signature_is_hidden(compile_once: Compile, models: Registry) -> None:
    report, model = compile_once("counter")
    assert [signature.name for signature in model.manifest.signatures] == ["serving_default"]
    with pytest.raises(NotFound):
        model.predict(Call({}, model.manifest.reset))
    service = Dispatcher(Serving(models))
    for path in (f"/models/{report.name}", f"/v2/models/{report.name}", f"/v1/models/{report.name}/metadata"):
        assert b"lightship_reset" not in _get(service, path).body


def _get(service: Dispatcher, path: str) -> Response:
    response = service.answer(Request("GET", path, caller="me"))
    assert response is not None
    assert response.status == 200
    return response


@pytest.mark.parametrize("source", ["counter", "notes.tflite"])
def test_manifest_without_stateful_field_is_decided_by_operators(
    compile_once: Compile, tmp_path: Path, source: str
) -> None:
    registry = Registry(str(tmp_path / "models"))
    republish(registry, compile_once(source)[1].bundle.path, "old")
    bundle = registry.open("old")
    write_manifest(bundle.path, bundle.manifest._replace(stateful=None, reset=""))
    model = Model.load(Bundle.open(bundle.path))
    assert model.manifest.stateful is None
    assert model.stateful
    first = [predict(model, call) for call in calls(model)]
    assert [predict(model, call) for call in calls(model)] == first


def test_keeps_state_is_decided_by_operators(stateful_sources: Path, tmp_path: Path) -> None:
    assert keeps_state(stateful_sources / "counter.tflite")
    assert not keeps_state(stateful_sources / "reader.tflite"), "its table is initialised by CALL_ONCE"
    assert not keeps_state(EXAMPLES / "quickstart" / "1" / "model.tflite")
    for number, content in enumerate((b"", b"\xff" * 64, b"\x10\0\0\0TFL3" + bytes(64))):
        broken = tmp_path / f"{number}.tflite"
        broken.write_bytes(content)
        assert isinstance(keeps_state(broken), bool)


def test_compile_state_without_reset_is_refused_with_operators(stateful_sources: Path, models: Registry) -> None:
    with pytest.raises(SourceRefused, match="AssignVariableOp"):
        compile_model(stateful_sources / "queue", registry=models)


@pytest.mark.parametrize("threads", [0, 2])
def test_server_stateful_model_is_neither_cached_nor_batched(
    compile_once: Compile, tmp_path: Path, threads: int
) -> None:
    registry = Registry(str(tmp_path / "models"))
    republish(registry, compile_once("counter.tflite")[1].bundle.path, "counter")
    republish(registry, compile_once("counter")[1].bundle.path, "counter")
    registry.change("counter", lambda state: state.reroute(replace(state.routing, shadows={1: 1.0})))
    answers = Answers(registry, Options(caches={"counter": 100_000}), threads=threads)

    async def send_all() -> list[Response]:
        bodies = [b'{"input": [[1, 2]]}', b'{"input": [[30, 40]]}'] * 10
        requests = [Request("POST", "/models/counter/predict", body=body, caller="me") for body in bodies]
        return list(await asyncio.gather(*(answers.answer_soon(request) for request in requests)))

    for number, response in enumerate(asyncio.run(send_all())):
        assert orjson.loads(response.body)["predictions"] == ([[40, 50]] if number % 2 else [[11, 12]])
        assert "lightship-cache" not in response.headers
    served = answers.serving.find(ModelSelector("counter"))
    assert served.batches is None
    answers.close()
    seen = answers.serving.status.model("counter").shadows[1]
    assert (seen["disagreed"], seen["failed"]) == (0, 0)


def test_batching_of_stateful_model_is_disabled(compile_once: Compile) -> None:
    _, model = compile_once("counter")
    with ThreadPoolExecutor(1) as executor:
        assert Batching(executor, threads=1, rows=8).of(model, Counters()) is None


def test_independence_of_rows_is_recorded_for_every_signature(compile_once: Compile) -> None:
    report, model = compile_once("dependent_rows")
    double, centre = model.manifest.signatures
    assert (double.name, double.independent_rows) == ("serving_default", True)
    assert (centre.name, centre.independent_rows) == ("centre", False)
    assert any("'centre'" in warning for warning in report.warnings)
    x = np.array([[1, 2], [3, 6]], np.float32)
    assert predict(model, Call({"x": x}, "centre")) == {"y": [[-1, -2], [1, 2]]}
    with ThreadPoolExecutor(1) as executor:
        batches = Batching(executor, threads=1, rows=8).of(model, Counters())
    assert batches is None or not batches.takes(Call({"x": x[:1]}, "centre"))


def test_golden_example_of_dependent_rows_is_complete_batch(compile_once: Compile) -> None:
    _, model = compile_once("dependent_rows")
    inputs, expected = model.golden("centre")
    assert len(inputs["x"]) == 16
    np.testing.assert_allclose(expected["y"], inputs["x"] - inputs["x"].mean(axis=0), atol=1e-5)


def test_detector_with_variable_output_count_is_served_by_litert(compile_once: Compile, models: Registry) -> None:
    report, model = compile_once("detector")
    assert (report.engine, report.reasons) == ("litert", ())
    assert model.manifest.signature().independent_rows is False
    service = Dispatcher(Serving(models))
    body = b'{"input": {"boxes": [[0, 0, 1, 1], [0, 0, 1, 0.9], [5, 5, 6, 6]], "scores": [0.5, 0.9, 0.4]}}'
    request = Request("POST", "/models/detector/predict", body=body, caller="me")
    response = service.answer(request)
    assert response is not None
    assert orjson.loads(response.body)["predictions"] == [1, 2]
