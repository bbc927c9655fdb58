"""Models in Chromium: tensors and answers equal to the server's."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Browser, Page

from lightship.errors import InvalidInput
from lightship.model import Model
from lightship.protocols.security import page_policy, security_headers
from lightship.registry.registry import Registry
from lightship.tensors import Array
from tests.emulator import ROOT
from tests.web import vectors
from tests.web.vectors import Vector, vector

pytestmark = pytest.mark.browser

WEB = ROOT / "web"

MODELS = [
    "quickstart",
    "digits",
    "customers",
    "gapped",
    "photos",
    "photos_int8",
    "stickers",
    "two",
    "ids",
    "logits",
    "labels",
]
SIZES = {"photos": ("RGB", (24, 20)), "stickers": ("RGBA", (24, 20)), "digits": ("L", (8, 8))}

# Differences of outputs: LiteRT.js has other kernels than the server's LiteRT.
RELATIVE, ABSOLUTE = 1e-5, 1e-6
# A variant of integers rounds on the way: an activation that differs by one step changes a probability by this much.
INT8_STEP = 2 / 256


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Sends files with the policy of the page."""

    extensions_map: ClassVar[dict[str, str]] = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        for name, value in security_headers(page_policy()).items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def harness(device_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve web/harness and the bundles, and yield the address."""
    folder = tmp_path_factory.mktemp("harness") / "page"
    command = [str(WEB / "node_modules" / ".bin" / "vite"), "build", "harness", "--outDir", str(folder)]
    subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    (folder / "models").symlink_to(device_registry)
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def tab(chromium: Browser, harness: str) -> Iterator[Page]:
    page = chromium.new_page()
    page.goto(harness)
    page.wait_for_function("() => globalThis.harness !== undefined")
    yield page
    page.close()


def check(tab: Page, registry: Path, name: str, wanted: list[Vector], *, pixels: float = 0.0) -> None:
    """Compare tensors and answers of vectors.

    ``pixels`` is the largest difference of an element.
    """
    found = tab.evaluate(
        "([folder, bodies]) => harness.answers(folder, bodies)",
        [f"models/{name}/1", [each.body for each in wanted]],
    )
    for expected, actual in zip(wanted, found, strict=True):
        tensors, outputs = _arrays(actual["tensors"]), _arrays(actual["outputs"])
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


def _arrays(tensors: Mapping[str, Any]) -> dict[str, Array]:
    return {
        name: np.frombuffer(base64.b64decode(each["bytes"]), each["dtype"]).reshape(each["shape"])
        for name, each in tensors.items()
    }


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


@pytest.mark.parametrize("name", ["iris", "trees"])
def test_model_with_program_of_server_has_reason(tab: Page, device_registry: Path, name: str) -> None:
    body = json.dumps({"input": [[1.0] * 4]})
    refusal = tab.evaluate("([folder, body]) => harness.refusal(folder, body)", [f"models/{name}/1", body])
    assert refusal.startswith("DeviceError: ")
    assert "tables." in refusal
