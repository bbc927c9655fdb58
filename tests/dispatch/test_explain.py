"""Requests for explanations: native and KServe's V1, limits, errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from lightship import protocols
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options
from lightship.settings import ExplainSettings
from tests.bundles import Registries
from tests.protocols.right_requests import CSV, PICTURE, PNG, TABLE
from tests.serve import Answers

Ask = Callable[..., tuple[int, Any]]
FIELDS = {"method", "output", "target", "prediction", "base", "error", "evaluations", "attributions", "scale"}


def asker(answers: Answers) -> Ask:
    def ask(path: str, body: Any, *, query: str = "", caller: str | None = "me", **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = answers.answer(Request("POST", path, query, named, data, caller))
        return response.status, orjson.loads(response.body)

    return ask


@pytest.fixture(scope="module", params=[0, 2], ids=["lambda", "server"])
def ask(request: pytest.FixtureRequest, registries: Registries) -> Iterator[Ask]:
    answers = Answers(Registry(str(registries.examples)), threads=request.param)
    yield asker(answers)
    answers.close()


@pytest.fixture(scope="module")
def ask_small(registries: Registries) -> Ask:
    return asker(Answers(Registry(str(registries.small)), explain=ExplainSettings(evaluations=40)))


@pytest.mark.parametrize("path", ["/models/quickstart/explain", "/models/quickstart/versions/1/explain"])
def test_explain_of_table_returns_value_for_each_column(ask: Ask, path: str) -> None:
    status, record = ask(path, {"input": [TABLE, TABLE]})
    assert status == 200
    assert (record["model"], record["version"]) == ("quickstart", 1)
    first, second = record["explanations"]
    assert first == second
    assert first.keys() == FIELDS
    assert first["attributions"].keys() == TABLE.keys()
    assert first["method"] in {"integrated_gradients", "exact_shapley"}  # the former if compiled since
    assert (first["output"], first["target"]) == ("malignancy", "malignant")
    assert sum(first["attributions"].values()) == pytest.approx(first["prediction"] - first["base"], abs=1e-3)


def test_explain_names_version_in_headers(registries: Registries) -> None:
    answers = Answers(Registry(str(registries.examples)))
    request = Request("POST", "/models/quickstart/explain", body=orjson.dumps({"input": TABLE}), caller="me")
    response = answers.answer(request)
    assert response.headers["lightship-model"] == "quickstart"
    assert response.headers["lightship-version"] == "1"
    assert (request.model, request.version, request.rows) == ("quickstart", 1, 1)


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"input": TABLE, "target": "benign"}, ""),
        ({"input": TABLE, "target": 0}, ""),
        ({"input": TABLE}, "target=benign"),
        ({"input": TABLE, "target": None}, "x=1&target=0"),
        ({"input": TABLE, "target": "benign"}, "target=malignant"),
    ],
)
def test_explain_takes_target_from_body_or_query(ask: Ask, body: Any, query: str) -> None:
    status, record = ask("/models/quickstart/explain", body, query=query)
    assert status == 200
    assert record["explanations"][0]["target"] == "benign"


def test_explain_of_csv_takes_target_from_query(ask: Ask) -> None:
    body = b"mean radius,mean texture,mean concavity\n14.1,19.3,0.09\n"
    status, record = ask("/models/quickstart/explain", body, query="target=benign", content_type=CSV["content-type"])
    assert (status, record["explanations"][0]["target"]) == (200, "benign")


def test_explain_of_image_returns_grid(ask: Ask) -> None:
    status, record = ask("/models/digits/explain", PICTURE, content_type=PNG["content-type"])
    assert status == 200
    (explanation,) = record["explanations"]
    assert explanation["method"] in {"integrated_gradients", "occlusion"}
    grid = explanation["attributions"]["image"]
    assert [len(row) for row in grid] == [14] * 14


def test_v1_explain_returns_predictions_and_explanations(ask: Ask) -> None:
    status, record = ask("/v1/models/quickstart:explain", {"instances": [TABLE], "target": "malignant"})
    assert status == 200
    assert record.keys() == {"predictions", "explanations"}
    assert record["explanations"][0]["prediction"] == pytest.approx(record["predictions"][0][0])
    status, columns = ask("/v1/models/quickstart/versions/1:explain", {"inputs": [[14.1, 19.3, 0.09]]})
    assert status == 200
    assert columns["outputs"] == record["predictions"]
    assert columns["explanations"][0]["target"] == "malignant"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"input": TABLE, "target": "bird"}, "'bird'"),
        ({"input": TABLE, "target": 2}, "'2'"),
        ({"input": TABLE, "target": True}, '"target"'),
        ({"input": TABLE, "target": [1]}, '"target"'),
        ({"input": TABLE, "target": 0.5}, '"target"'),
        ({"input": TABLE, "goal": 1}, "'goal'"),
        ({"target": "benign"}, '"input"'),
        ({"input": [[1, 2, None]]}, "mean concavity"),
        ({"input": [[1, 2]]}, "features"),
        (b'{"input": [[1, 2, NaN]]}', "NaN"),
        (b"", "JSON"),
    ],
)
def test_explain_of_wrong_body_is_400(ask: Ask, body: Any, named: str) -> None:
    status, record = ask("/models/quickstart/explain", body)
    assert (status, record["error"]["code"]) == (400, "invalid_input")
    assert named in record["error"]["message"]


def test_v1_explain_of_not_finite_input_is_400(ask_small: Ask) -> None:
    status, record = ask_small("/v1/models/roots:explain", b'{"instances": [[NaN, 1]], "target": 0}')
    assert status == 400
    assert "'y'" in record["error"]
    status, record = ask_small("/v1/models/roots:explain", {"instances": [[1, 1]], "target": "x"})
    assert (status, "'x'" in record["error"]) == (400, True)


def test_explain_beyond_evaluations_is_413(ask_small: Ask) -> None:
    rows = [[1, 4]] * 11
    assert ask_small("/models/modes/explain", {"input": rows[:10]})[0] == 200
    status, record = ask_small("/models/modes/explain", {"input": rows})
    assert (status, record["error"]["code"]) == (413, "too_large")
    assert ask_small("/v1/models/modes:explain", {"instances": rows})[0] == 413


def test_explain_of_unknown_model_or_output_is_404(ask: Ask) -> None:
    assert ask("/models/missing/explain", {"input": [[1, 4]]})[0] == 404
    assert ask("/models/quickstart/versions/9/explain", {"input": TABLE})[0] == 404
    assert ask("/models/quickstart/explain", {"input": TABLE, "outputs": ["missing"]})[0] == 404


def test_explain_without_caller_is_401(ask: Ask) -> None:
    assert ask("/models/quickstart/explain", {"input": TABLE}, caller=None)[0] == 401


@pytest.mark.parametrize("path", ["/v2/models/quickstart/explain", "/invocations/explain", "/explain"])
def test_path_of_other_protocol_has_no_explanations(path: str) -> None:
    assert protocols.match("POST", path) is None


def test_explain_is_not_counted_as_prediction(registries: Registries) -> None:
    answers = Answers(Registry(str(registries.examples)), Options(default="quickstart"))
    ask = asker(answers)
    assert ask("/models/quickstart/explain", {"input": TABLE})[0] == 200
    assert ask("/models/quickstart/predict", {"input": TABLE})[0] == 200
    (statistics,) = answers.serving.status.statistics("quickstart", 1)
    assert (statistics.calls, statistics.executions) == (1, 1)


def test_explain_on_server_leaves_event_loop_free(registries: Registries) -> None:
    answers = Answers(Registry(str(registries.examples)), threads=2)
    explained = Request("POST", "/models/digits/explain", headers=PNG, body=PICTURE, caller="me")
    predicted = Request("POST", "/models/quickstart/predict", body=orjson.dumps({"input": TABLE}), caller="me")

    async def both() -> list[int]:
        responses = await asyncio.gather(answers.answer_soon(explained), answers.answer_soon(predicted))
        return [response.status for response in responses]

    assert asyncio.run(both()) == [200, 200]
    answers.close()
