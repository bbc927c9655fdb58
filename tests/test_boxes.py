"""Outputs of boxes: answer, form, table and explanation."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from click.testing import CliRunner
from PIL import Image

from lightship.boxes import by_box
from lightship.calls import Call
from lightship.cli import lightship
from lightship.explain import explain
from lightship.explain.target import names_of
from lightship.model import Model
from lightship.protocols.http import Request
from lightship.protocols.json import write
from lightship.registry.registry import Registry
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.specs import Boxes
from tests.bundles import Registries
from tests.serve import Answers

FACES = TensorSpec("faces", "float32", (None, 3, 7), boxes=Boxes("image", ("nose",)))


def test_by_box_leaves_out_padding_and_keeps_order() -> None:
    box = np.float32([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    rows = np.stack([np.stack([box, box * 0, box * 2]), np.zeros((3, 7), np.float32)])
    assert orjson.loads(write(by_box(rows, FACES))) == [
        [
            {"box": [0.1, 0.2, 0.3, 0.4], "score": 0.5, "points": {"nose": [0.6, 0.7]}},
            {"box": [0.2, 0.4, 0.6, 0.8], "score": 1.0, "points": {"nose": [1.2, 1.4]}},
        ],
        [],
    ]


def test_by_box_without_points_or_score_has_neither() -> None:
    spec = TensorSpec("cars", "float32", (None, 2, 5), boxes=Boxes("image"))
    rows = np.float32([[[0, 0, 1, 1, np.nan], [0, np.nan, 1, 1, 0.5]]])
    assert orjson.loads(write(by_box(rows, spec))) == [[{"box": [0.0, None, 1.0, 1.0], "score": 0.5}]]


def test_signature_with_boxes_is_read_as_written() -> None:
    signature = Signature("s", (), (FACES,))
    assert Signature.from_json(orjson.loads(orjson.dumps(signature.to_json()))) == signature


@pytest.mark.parametrize("record", [{}, {"points": ["nose"]}, "image", 3, {"input": "image", "points": 3}])
def test_boxes_of_other_form_are_refused(record: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Boxes.from_json(record)


@pytest.fixture
def answers(registries: Registries) -> Any:
    served = Answers(Registry(str(registries.small)))
    yield served
    served.close()


def ask(answers: Answers, path: str, *, value: Any = None, body: bytes = b"", media: str = "") -> tuple[int, Any]:
    data = body or (orjson.dumps({"input": value}) if value is not None else b"")
    headers = {"content-type": media or "application/json"} if data else {}
    response = answers.answer(Request("POST" if data else "GET", path, "", headers, data, "me"))
    return response.status, orjson.loads(response.body)


def png(red: int, *, size: tuple[int, int] = (6, 4)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (red, 0, 0)).save(file, "PNG")
    return file.getvalue()


def test_predict_image_of_any_size_returns_boxes(answers: Answers) -> None:
    status, record = ask(answers, "/models/spots/predict", body=png(255, size=(31, 17)), media="image/png")
    (row,) = record["boxes"]
    assert (status, row) == (200, [{"box": [0.25, 0.25, 0.75, 0.5], "score": 1.0, "points": {"middle": [0.375, 0.5]}}])
    assert np.shape(record["predictions"]) == (1, 2, 7)


def test_predict_images_without_box_returns_empty_lists(answers: Answers) -> None:
    images = [base64.b64encode(png(red)).decode() for red in (0, 51)]
    _, record = ask(answers, "/models/spots/predict", value=images)
    assert [[round(box["score"], 3) for box in row] for row in record["boxes"]] == [[], [0.2]]


def test_predict_images_of_different_sizes_is_refused_with_row(answers: Answers) -> None:
    images = [base64.b64encode(png(9, size=size)).decode() for size in ((6, 4), (6, 4), (8, 4))]
    status, record = ask(answers, "/models/spots/predict", value=images)
    assert (status, record["error"]["code"]) == (400, "invalid_input")
    assert record["error"]["message"].startswith("row 3, input 'photo'")


def test_form_and_catalogue_name_image_and_points(answers: Answers) -> None:
    _, form = ask(answers, "/models/spots/form")
    assert form["outputs"][0]["boxes"] == {"input": "photo", "points": ["middle"]}
    assert form["inputs"][0] == {"name": "photo", "dtype": "uint8", "shape": [None] * 3 + [3]} | {
        "kind": "image",
        "channels": 3,
    }
    assert len(form["examples"]) == 2
    _, model = ask(answers, "/models/spots")
    assert model["signatures"][0]["outputs"][0]["boxes"] == form["outputs"][0]["boxes"]


def test_cli_predict_prints_boxes_with_best_score(registries: Registries, tmp_path: Path) -> None:
    for red in (0, 255):
        (tmp_path / "photo.png").write_bytes(png(red))
        command = ["predict", "spots", str(tmp_path / "photo.png"), "--registry", str(registries.small)]
        result = CliRunner().invoke(lightship, command)
        assert result.exit_code == 0, result.output
        (row,) = [
            [cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│ 1 " in line
        ]
        assert row[2:] == (["1", "1.0000"] if red else ["0", "-"])


def test_explain_boxes_attributes_best_score(registries: Registries) -> None:
    model = Model.load(Registry(str(registries.small)).open("spots"))
    photo = np.zeros((1, 8, 8, 3), np.uint8)
    photo[:, :4] = 200  # red above, black below
    _, (found,) = explain(model, Call({"photo": photo}))
    assert (found.target, names_of(model.manifest.signature().outputs[0], 9)) == ("score", [])
    assert found.prediction == pytest.approx(100 / 255, abs=1e-6)
    grid = np.asarray(found.attributions["photo"])
    assert grid[:4].sum() > 0 > grid[4:].sum()
