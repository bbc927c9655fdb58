"""Example "photos": a drawn cell, and files that are no images."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pytest
from click.testing import CliRunner
from PIL import Image

from lightship.cli import lightship
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from tests.emulator import EXAMPLES, ROOT
from tests.serve import Answers

CELL = ROOT / "examples" / "photos" / "cell.png"
REGISTRY = EXAMPLES.parent / "applications"
PHOTOGRAPHS = EXAMPLES.parent / "photos-to-score"


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    made = Answers(Registry(str(REGISTRY)))
    yield made
    made.close()


def ask(answers: Answers, action: str, image: bytes) -> tuple[int, Any]:
    request = Request(
        "POST", f"/models/photos/{action}", headers={"content-type": "image/png"}, body=image, caller="me"
    )
    response = answers.answer(request)
    return response.status, orjson.loads(response.body)


def test_cracked_cell_is_defective(answers: Answers) -> None:
    status, record = ask(answers, "predict", CELL.read_bytes())
    assert status == 200
    assert record["classes"][0]["defective"] > 0.9


def test_crack_speaks_for_defective(answers: Answers) -> None:
    status, record = ask(answers, "explain", CELL.read_bytes())
    assert status == 200
    (explanation,) = record["explanations"]
    grid = np.array(explanation["attributions"]["image"])
    assert explanation["target"] == "defective"
    assert grid[4:9, 6:].sum() > grid[9:].sum()  # the dark area is right of the middle


def test_photograph_in_colours_equals_grey_one(answers: Answers) -> None:
    colours = io.BytesIO()
    Image.open(CELL).convert("RGBA").save(colours, "PNG")
    _, grey = ask(answers, "predict", CELL.read_bytes())
    status, record = ask(answers, "predict", colours.getvalue())
    assert status == 200
    assert record["predictions"] == grey["predictions"]


@pytest.mark.parametrize("image", [b"", b"GIF89a no cell", CELL.read_bytes()[:1000]])
def test_broken_photograph_is_refused_with_name_of_input(answers: Answers, image: bytes) -> None:
    status, record = ask(answers, "predict", image)
    assert status == 400
    assert "input 'image'" in record["error"]["message"]


def test_photographs_of_train_are_predicted() -> None:
    files = sorted(PHOTOGRAPHS.iterdir())
    assert len(files) == 41
    words = ("predict", "photos", str(files[0]), "--registry", str(REGISTRY), "--json")
    found = CliRunner().invoke(lightship, words)
    assert found.exit_code == 0
    assert set(orjson.loads(found.stdout)["classes"][0]) == {"functional", "defective"}
