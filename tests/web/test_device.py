"""Models in Chromium: tensors and answers equal to the server's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Browser, Page

from lightship.errors import InvalidInput
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.tensors import Array
from tests.web import vectors
from tests.web.harness import arrays, harness_tab
from tests.web.vectors import Vector, vector

pytestmark = pytest.mark.browser

MODELS = [
    "quickstart",
    "digits",
    "customers",
    "gapped",
    "photos",
    "photos_int8",
    "stickers",
    "spots",
    "two",
    "ids",
    "logits",
    "labels",
    "iris",
    "trees",
]
SIZES = {"photos": ("RGB", (24, 20)), "stickers": ("RGBA", (24, 20)), "digits": ("L", (28, 28))}

# Differences of outputs: LiteRT.js has other kernels than the server's LiteRT.
RELATIVE, ABSOLUTE = 1e-5, 1e-6
# A variant of integers rounds on the way: an activation that differs by one step changes a probability by this much.
INT8_STEP = 2 / 256


@pytest.fixture(scope="module")
def tab(chromium: Browser, device_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with harness_tab(chromium, device_registry, tmp_path_factory.mktemp("harness") / "page") as page:
        yield page


def check(tab: Page, registry: Path, name: str, wanted: list[Vector], *, pixels: float = 0.0) -> None:
    """Compare tensors and answers of vectors.

    ``pixels`` is the largest difference of an element.
    """
    found = tab.evaluate(
        "([folder, bodies]) => harness.answers(folder, bodies)",
        [f"models/{name}/1", [each.body for each in wanted]],
    )
    for expected, actual in zip(wanted, found, strict=True):
        tensors, outputs = arrays(actual["tensors"]), arrays(actual["outputs"])
        assert tensors.keys() == expected.tensors.keys()
        for key, array in expected.tensors.items():
            assert (tensors[key].dtype, tensors[key].shape) == (array.dtype, array.shape)
            np.testing.assert_allclose(tensors[key], array, rtol=0, atol=pixels, err_msg=expected.body[:300])
        if not pixels:
            _check_outputs(name, expected, outputs)
            _check_answer(name, expected.answer, actual["prediction"])


def _check_outputs(name: str, expected: Vector, outputs: Mapping[str, Array]) -> None:
    relative, absolute = (0, INT8_STEP) if name == "photos_int8" else (RELATIVE, ABSOLUTE)
    for key, array in expected.outputs.items():
        assert outputs[key].shape == array.shape
        np.testing.assert_allclose(outputs[key], array, rtol=relative, atol=absolute)


def _check_answer(name: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> None:
    """Compare the fields and probabilities of two answers of the API."""
    assert expected.keys() == actual.keys()
    if "classes" in expected:
        (wanted,), (found,) = expected["classes"], actual["classes"]
        assert wanted.keys() == found.keys()
        tolerance = INT8_STEP if name == "photos_int8" else 1e-5
        assert all(abs(wanted[each] - found[each]) <= tolerance for each in wanted)
    if "boxes" in expected:
        (boxes,), (drawn,) = expected["boxes"], actual["boxes"]
        assert boxes
        assert [_numbers(each) for each in drawn] == [pytest.approx(_numbers(each), abs=1e-5) for each in boxes]


def _numbers(box: Mapping[str, Any]) -> list[float]:
    """Return the numbers of a box, its points by name."""
    return [*box["box"], box["score"], *box["points"]["middle"]]


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_recorded_rows_have_tensors_and_answers_of_server(tab: Page, device_registry: Path, name: str) -> None:
    model = Model.load(Registry(str(device_registry)).open(name))
    rows = [vector(model, value) for value in vectors.recorded(model)]
    assert len(rows) >= 4
    check(tab, device_registry, name, rows)


def test_typed_cells_become_numbers_of_server(tab: Page, device_registry: Path) -> None:
    model = Model.load(Registry(str(device_registry)).open("customers"))
    check(tab, device_registry, "customers", [vector(model, value) for value in vectors.customers()])


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")  # Pillow reads them nevertheless
@pytest.mark.parametrize("name", SIZES)
def test_png_files_become_pixels_of_pillow(tab: Page, device_registry: Path, name: str) -> None:
    model = Model.load(Registry(str(device_registry)).open(name))
    wanted = [vector(model, [value]) for value in vectors.images(*SIZES[name])]
    check(tab, device_registry, name, wanted)


def test_jpeg_files_become_nearly_pixels_of_pillow(tab: Page, device_registry: Path) -> None:
    model = Model.load(Registry(str(device_registry)).open("stickers"))
    ramp = np.add.outer(np.arange(300), np.arange(400) * 2) % 256
    smooth = PIL.Image.fromarray(np.stack([ramp // 2, 255 - ramp // 3, ramp // 4], -1).astype(np.uint8))
    sizes = [(24, 20), (40, 35), (400, 300)]
    wanted = [vector(model, [vectors.jpeg(smooth.resize(size))]) for size in sizes]
    # Pillow decodes the last one at a half of its size.
    check(tab, device_registry, "stickers", wanted, pixels=12)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customers", {"age": None, "city": "Rome", "plan": "1", "joined": "2024-01-01"}),
        ("customers", {"age": 1, "city": "Rome", "plan": "9", "joined": "2024-01-01"}),
        ("customers", {"age": 1, "city": "Rome", "plan": "1", "joined": "2023-02-29"}),
        ("customers", {"age": 1, "city": "Rome", "plan": "1", "joined": "2024-01-01", "smoker": "yes"}),
        ("customers", {"age": 1, "city": "Rome", "plan": "1", "joined": "2024-01-01", "else": 1}),
        ("gapped", {"age": 1}),
        ("gapped", [[None, 1.0]]),
        ("quickstart", [[1.0, 2.0]]),
        ("quickstart", [[1.0, 2.0, 1e300]]),
        ("quickstart", [["1", 2.0, 3.0]]),
        ("ids", [[0.5] * 12]),
        ("ids", [[2**40] * 12]),
        ("photos", ["abc"]),
        ("photos", ["iVBORw0KGgo="]),
        ("photos", ["R0lGODlhAQABAAAAACw="]),
    ],
)
def test_wrong_value_is_refused_with_sentence(tab: Page, device_registry: Path, name: str, value: Any) -> None:
    model = Model.load(Registry(str(device_registry)).open(name))
    with pytest.raises(InvalidInput):
        vector(model, value)
    body = json.dumps({"input": value})
    refusal = tab.evaluate("([folder, body]) => harness.refusal(folder, body)", [f"models/{name}/1", body])
    assert refusal.startswith("DeviceError: ")


@pytest.mark.parametrize(("name", "operator"), [("projected", "tables.project"), ("normed", "tables.normalise (l2)")])
def test_model_with_unknown_operator_has_reason(tab: Page, name: str, operator: str) -> None:
    body = json.dumps({"input": [[1.0] * 4]})
    refusal = tab.evaluate("([folder, body]) => harness.refusal(folder, body)", [f"models/{name}/1", body])
    assert refusal.startswith("DeviceError: ")
    assert operator in refusal
