"""Example "digits": drawings, and images that are no digits."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from tests.emulator import EXAMPLES, ROOT
from tests.serve import Answers

DRAWINGS = ROOT / "examples" / "digits" / "drawings"


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    made = Answers(Registry(str(EXAMPLES)))
    yield made
    made.close()


def predict(answers: Answers, image: bytes, media_type: str = "image/png") -> tuple[int, Any]:
    headers = {"content-type": media_type}
    response = answers.answer(Request("POST", "/models/digits/predict", headers=headers, body=image, caller="me"))
    return response.status, orjson.loads(response.body)


def encoded(image: Image.Image, form: str = "PNG") -> bytes:
    written = io.BytesIO()
    image.save(written, form)
    return written.getvalue()


@pytest.mark.parametrize("drawing", sorted(DRAWINGS.iterdir()), ids=lambda drawing: drawing.stem)
def test_drawing_in_folder_is_recognised(answers: Answers, drawing: Path) -> None:
    status, record = predict(answers, drawing.read_bytes())
    assert status == 200
    (scores,) = record["classes"]
    assert max(scores, key=scores.get) == drawing.stem


@pytest.mark.parametrize(
    ("image", "media_type"),
    [
        (encoded(Image.open(DRAWINGS / "7.png").convert("RGB").resize((900, 900))), "image/png"),
        (encoded(Image.open(DRAWINGS / "7.png").convert("P")), "image/png"),
        (encoded(Image.open(DRAWINGS / "7.png").convert("RGB"), "JPEG"), "image/jpeg"),
    ],
    ids=["large colours", "palette", "jpeg"],
)
def test_seven_of_another_form_is_seven(answers: Answers, image: bytes, media_type: str) -> None:
    (scores,) = predict(answers, image, media_type)[1]["classes"]
    assert max(scores, key=scores.get) == "7"


@pytest.mark.parametrize("image", [b"", b"seven", (DRAWINGS / "7.png").read_bytes()[:200]])
def test_no_image_is_refused_by_name_of_input(answers: Answers, image: bytes) -> None:
    status, record = predict(answers, image)
    assert 400 <= status < 500
    assert "image" in record["error"]["message"]


def test_empty_drawing_has_digit_as_card_says(answers: Answers) -> None:
    status, record = predict(answers, encoded(Image.new("L", (252, 252))))
    assert status == 200
    assert sum(record["classes"][0].values()) == pytest.approx(1, abs=10 / 256)  # steps of int8
    manifest = orjson.loads((EXAMPLES / "digits" / "1" / "manifest.json").read_bytes())
    assert "an empty image" in " ".join(manifest["card"]["limits"].split())
