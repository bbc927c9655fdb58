"""A lifted text model gives equal answers over every protocol and in jobs."""

from __future__ import annotations

import base64
import csv
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from lightship.calls import Call
from lightship.dispatch.dispatcher import Dispatcher
from lightship.model import Model
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from tests.jobs.clouds import moto_cloud
from tests.jobs.scoring import scored
from tests.model_files import written_once

TEXTS = [
    "Good FILM!",
    "a bad, bad\u00a0film",
    "",
    "\u00e9t\u00e9 \u00c9T\u00c9",
    "na\u00efve \u65e5\u672c \U0001f600",
    'x, "quoted"',
]
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_once("tests.preprocessing.text_bundle", "text-registry", tmp_path_factory)


@pytest.fixture(scope="module")
def expected(registry: Path) -> list[list[float]]:
    model = Model.open(registry / "texts" / "1")
    array = np.array([[text.encode()] for text in TEXTS], np.object_)
    scores = model.predict(Call({"text": array})).outputs["score"]
    assert len(np.unique(scores, axis=0)) > 3
    return [[round(value, 6) for value in row] for row in scores.tolist()]


@pytest.fixture(scope="module")
def ask(registry: Path) -> Ask:
    service = Dispatcher(Serving(Registry(str(registry)), Options(default="texts")))

    def ask(path: str, body: Any, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {"content-type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        response = service.answer(Request("POST", path, headers=named, body=data, caller="me"))
        assert response is not None
        return response.status, orjson.loads(response.body)

    return ask


def rounded(rows: Any) -> list[list[float]]:
    return [[round(float(value), 6) for value in row] for row in np.asarray(rows, np.float64).reshape(-1, 2)]


def test_texts_manifest_lists_lifted_operators(registry: Path) -> None:
    manifest = Model.open(registry / "texts" / "1").manifest
    assert (manifest.engine, manifest.signatures[0].independent_rows) == ("litert", True)
    assert "StringLower, StaticRegexReplace, StringSplitV2" in manifest.rewrites[0]


@pytest.mark.parametrize("rows", [[[text] for text in TEXTS], {"text": [[text] for text in TEXTS]}])
def test_texts_as_native_json_equal_model(ask: Ask, expected: list[list[float]], rows: Any) -> None:
    status, answer = ask("/predict", {"input": rows})
    assert (status, rounded(answer)) == (200, expected)


def test_texts_as_csv_equal_model(ask: Ask, expected: list[list[float]]) -> None:
    status, answer = ask("/predict", as_csv(), content_type="text/csv")
    assert (status, rounded(answer)) == (200, expected)


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [{"text": [text]} for text in TEXTS]},
        {"instances": [[text] for text in TEXTS]},
        {"instances": [[{"b64": base64.b64encode(text.encode()).decode()}] for text in TEXTS]},
        {"inputs": {"text": [[text] for text in TEXTS]}},
    ],
)
def test_texts_of_tensorflow_serving_equal_model(ask: Ask, expected: list[list[float]], body: Any) -> None:
    status, answer = ask("/v1/models/texts:predict", body)
    assert (status, rounded(answer.get("predictions", answer.get("outputs")))) == (200, expected)


def test_texts_as_v2_bytes_equal_model(ask: Ask, expected: list[list[float]]) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [len(TEXTS), 1]}
    status, answer = ask("/v2/models/texts/infer", {"inputs": [{**tensor, "data": TEXTS}]})
    assert (status, rounded(answer["outputs"][0]["data"])) == (200, expected)


def test_texts_as_v2_binary_equal_model(ask: Ask, expected: list[list[float]]) -> None:
    data = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in TEXTS)
    tensor = {"name": "text", "datatype": "BYTES", "shape": [len(TEXTS), 1]}
    text = orjson.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(data)}}]})
    headers = {"inference_header_content_length": str(len(text))}
    status, answer = ask("/v2/models/texts/infer", text + data, **headers)
    assert (status, rounded(answer["outputs"][0]["data"])) == (200, expected)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"dataframe_split": {"columns": ["text"], "data": [[text] for text in TEXTS]}}, {}),
        ({"dataframe_records": [{"text": text} for text in TEXTS]}, {}),
        ({"instances": [{"text": [text]} for text in TEXTS]}, {}),
    ],
)
def test_texts_of_mlflow_equal_model(ask: Ask, expected: list[list[float]], body: Any, headers: dict[str, str]) -> None:
    status, answer = ask("/invocations", body, **headers)
    assert (status, rounded([*map(_scores, answer["predictions"])])) == (200, expected)


def _scores(row: Any) -> Any:
    return row["score"] if isinstance(row, dict) else row


def test_texts_in_csv_job_equal_model(registry: Path, expected: list[list[float]]) -> None:
    with moto_cloud(registry, "texts") as cloud:
        _, receipt, files = scored(cloud, "texts", "texts.csv", as_csv())
    rows = list(csv.reader(io.StringIO(files["part-00000.csv"].decode())))
    assert (receipt["rows"]["rejected"], [row[0] for row in rows[1:]]) == (0, TEXTS)
    assert rounded([row[-2:] for row in rows[1:]]) == expected, rows


def test_texts_in_csv_job_without_header_need_option(registry: Path) -> None:
    data = b"good film\nbad film\n"
    with moto_cloud(registry, "texts") as cloud:
        refused, _, _ = scored(cloud, "texts", "texts.csv", data)
        _, receipt, files = scored(cloud, "texts", "texts.csv", data, header=False)
        _, more, _ = scored(cloud, "texts", "more.csv", b"id,text\n1,good film\n")
    assert (refused.state, "'text'" in refused.reason, "--no-header" in refused.reason) == ("failed", True, True)
    assert receipt["rows"] == {"read": 2, "scored": 2, "rejected": 0}
    assert files["part-00000.csv"].splitlines()[1].startswith(b"good film,")
    assert more["rows"] == {"read": 1, "scored": 1, "rejected": 0}


def test_texts_as_csv_without_header_are_refused_or_all_scored(ask: Ask) -> None:
    data = b"good film\nbad film\n"
    status, answer = ask("/predict", data, content_type="text/csv")
    assert (status, "header=absent" in answer["error"]["message"]) == (400, True)
    status, answer = ask("/predict", data, content_type="text/csv; header=absent")
    assert (status, len(answer)) == (200, 2)
    status, answer = ask("/invocations", data, content_type="text/csv")
    assert status == 400


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/predict", {"input": [["fine"], [7]]}, ["text", "1"]),
        ("/v1/models/texts:predict", {"instances": [["fine"], [7]]}, ["element: 1", "string"]),
        ("/invocations", {"instances": [["fine"], [7]]}, ["text", "1"]),
    ],
)
def test_number_instead_of_text_names_input_and_row(ask: Ask, path: str, body: Any, named: list[str]) -> None:
    status, answer = ask(path, body)
    assert status in {400, 422}
    assert all(word in str(answer) for word in named), answer


def as_csv() -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["text"], *([text] for text in TEXTS)])
    return text.getvalue().encode()
