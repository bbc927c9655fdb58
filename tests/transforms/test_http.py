"""A model with a transform over HTTP: protocols, errors, other requests."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.serving.serving import Options
from lightship.settings import NO_TRANSFORMS
from lightship.transforms.limited import MOST_ABANDONED
from tests.app.asgi import ask
from tests.bundles import Registries, republish
from tests.serve import WAYS, Answers, Way, core
from tests.transforms.models import GATE, WAITING, allowed, closed_gate, publish

PATIENCE = 30.0
PAIR = ["1,5", "4"]
V2 = {"name": "amounts", "shape": [1, 2], "datatype": "BYTES"}

# A prediction for one row in each protocol: path, and body for two texts.
PROTOCOLS: dict[str, tuple[str, Any]] = {
    "native": ("/models/priced/predict", lambda row: {"input": [row]}),
    "tfserving row": ("/v1/models/priced:predict", lambda row: {"instances": [{"amounts": row}]}),
    "tfserving column": ("/v1/models/priced:predict", lambda row: {"inputs": {"amounts": [row]}}),
    "openinference": ("/v2/models/priced/infer", lambda row: {"inputs": [V2 | {"data": row}]}),
    "mlflow": ("/models/priced/invoke", lambda row: {"inputs": [row]}),
}


@pytest.fixture(scope="module")
def registry(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = Registry(str(tmp_path_factory.mktemp("transformed") / "models"))
    publish(registry, registries.small)
    republish(registry, registries.small / "modes" / "1", "modes")
    return registry


@pytest.fixture
def answers(registry: Registry, tmp_path: Path) -> Iterator[Answers]:
    """Return a server with one thread of each kind."""
    settings = allowed(tmp_path, seconds=PATIENCE)
    made = Answers(registry, Options(default="modes", refresh=0, transforms=settings), threads=1)
    made.serving.start()
    yield made
    made.close()


def request(path: str, body: Any) -> Request:
    return Request("POST", path, body=json.dumps(body).encode(), caller="me", id="request-1")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocol_runs_transform(answers: Answers, protocol: str) -> None:
    path, body = PROTOCOLS[protocol]
    response = answers.answer(request(path, body(PAIR)))
    assert response.status == 200, response.body
    assert (b"3.0" in response.body, b"8.0" in response.body) == (True, True)
    assert "n\u00f6" in response.body.decode()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocol_returns_400_for_input_refused_by_transform(answers: Answers, protocol: str) -> None:
    path, body = PROTOCOLS[protocol]
    response = answers.answer(request(path, body(["x", "1"])))
    assert response.status == 400
    assert "'x' is not an amount" in response.body.decode()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocol_returns_500_for_exception_and_logs_traceback(
    answers: Answers, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, body = PROTOCOLS[protocol]
    response = answers.answer(request(path, body(["raise", "1"])))
    text = response.body.decode()
    assert response.status == 500
    assert ("'amounts' raised ValueError" in text, "request-1" in text, "secret" in text) == (True, True, False)
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "request-1" in record.getMessage()
    assert ("ValueError: a secret" in caplog.text, "amounts.py" in caplog.text) == (True, True)


def test_wrong_dtype_returns_500_with_found_and_expected(answers: Answers) -> None:
    path, body = PROTOCOLS["native"]
    text = answers.answer(request(path, body(["float64", "1"]))).body.decode()
    assert ("float64 [1, 2]" in text, "float32 [any, 2]" in text) == (True, True)


@pytest.mark.parametrize("way", WAYS)
def test_application_answers_with_correlation_id_of_error(way: Way, registry: Registry, tmp_path: Path) -> None:
    made = core(Path(registry.location), default_model="priced", transforms=allowed(tmp_path))
    headers = [("content-type", "application/json"), ("host", "localhost"), ("x-correlation-id", "mine-7")]
    done = ask(way(made), "POST", "/predict", body=[b'{"input": [["raise", "1"]]}'], headers=headers)
    assert done.status == 500
    assert b"correlation id mine-7" in done.body


def test_model_without_allowed_transform_returns_503_and_others_answer(registry: Registry) -> None:
    answers = Answers(registry, Options(default="modes", transforms=NO_TRANSFORMS))
    path, body = PROTOCOLS["native"]
    response = answers.answer(request(path, body(PAIR)))
    assert (response.status, b"LIGHTSHIP_TRANSFORMS" in response.body) == (503, True)
    assert answers.answer(request("/predict", {"input": [1, 2]})).status == 200


def test_hanging_transform_does_not_block_other_models(answers: Answers) -> None:
    path, body = PROTOCOLS["native"]

    async def both() -> tuple[Response, Response]:
        hanging = asyncio.create_task(answers.answer_soon(request(path, body(["hang", "1"]))))
        await asyncio.sleep(0)  # let it begin
        quick = await asyncio.wait_for(answers.answer_soon(request("/predict", {"input": [1, 2]})), PATIENCE)
        assert not hanging.done()
        GATE.set()
        return quick, await asyncio.wait_for(hanging, PATIENCE)

    with closed_gate():
        quick, hanging = asyncio.run(both())
    assert (quick.status, hanging.status) == (200, 200)


def test_hanging_transform_returns_500_and_then_503(registry: Registry, tmp_path: Path) -> None:
    path, body = PROTOCOLS["native"]
    answers = Answers(registry, Options(default="modes", transforms=allowed(tmp_path, seconds=0.1)))
    with closed_gate():
        hanging = [answers.answer(request(path, body(["hang", "1"]))) for _ in range(MOST_ABANDONED + 1)]
    assert [response.status for response in hanging] == [500] * MOST_ABANDONED + [503]
    assert b"did not return within 0.1 s" in hanging[0].body


def test_hanging_import_returns_503_and_other_models_answer(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = allowed(tmp_path, WAITING, seconds=1.0)
    answers = Answers(registry, Options(default="modes", refresh=0, transforms=settings), threads=1)
    path, body = PROTOCOLS["native"]

    async def both() -> tuple[Response, Response]:
        hanging = asyncio.create_task(answers.answer_soon(request(path, body(PAIR))))
        await asyncio.sleep(0)  # let it begin
        quick = await answers.answer_soon(request("/predict", {"input": [1, 2]}))
        assert not hanging.done()
        return quick, await asyncio.wait_for(hanging, PATIENCE)

    with closed_gate():
        quick, hanging = asyncio.run(both())
    answers.close()
    assert (quick.status, hanging.status) == (200, 503)
    assert b"'amounts' was not imported within 1 s" in hanging.body
    assert "the import is still running" in caplog.text


def test_calls_with_transform_are_not_batched(answers: Answers) -> None:
    served = answers.serving.load("priced")
    assert served.batches is None
