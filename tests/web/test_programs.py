"""Preprocessing programs in Chromium: the tensors of the server's, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from lightship.errors import InvalidInput, LightshipError
from lightship.model import Model
from lightship.preprocessing import Program, write_programs
from lightship.preprocessing.storage import CONSTANTS
from lightship.registry.registry import Registry
from lightship.tensors import Array
from tests.web import operator_programs, program_rows, vectors
from tests.web.harness import arrays, harness_tab
from tests.web.vectors import vector

pytestmark = pytest.mark.browser

# Differences of outputs: LiteRT.js has other kernels than the server's LiteRT.
RELATIVE, ABSOLUTE = 1e-5, 1e-6
ROWS = 60


@pytest.fixture(scope="module")
def tab(chromium: Browser, program_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with harness_tab(chromium, program_registry, tmp_path_factory.mktemp("harness") / "page") as page:
        yield page


@pytest.fixture(params=program_rows.ROWS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(program_registry: Path, name: str) -> Model:
    return Model.load(Registry(str(program_registry)).open(name))


def ask(tab: Page, function: str, name: str, bodies: Sequence[str]) -> list[Any]:
    """Return what a function of the harness makes of bodies for a model."""
    found: list[Any] = tab.evaluate(
        "([name, folder, bodies]) => harness[name](folder, bodies)", [function, f"models/{name}/1", list(bodies)]
    )
    return found


def check_equal(actual: Mapping[str, Any], expected: Mapping[str, Array], said: str) -> None:
    """Compare tensors bit for bit; any NaN equals any other."""
    found = arrays(actual)
    assert found.keys() == expected.keys(), said
    for key, array in expected.items():
        assert (found[key].dtype, found[key].shape) == (array.dtype, array.shape), (key, said)
        np.testing.assert_array_equal(found[key], array, err_msg=f"{key} {said}")
        if array.dtype.kind == "f" and not said.endswith(("maximum", "minimum")):
            np.testing.assert_array_equal(_signs(found[key]), _signs(array), err_msg=f"{key} {said}")


def _signs(array: Array) -> Array:
    return np.signbit(np.where(np.isnan(array), 0, array))


def test_recorded_rows_have_inputs_and_outputs_of_server(tab: Page, model: Model, name: str) -> None:
    wanted = [vector(model, value) for value in [*vectors.recorded(model), *program_rows.accepted(name, 5)]]
    sent = [each for each in wanted if all(map(_sendable, each.tensors.values()))]
    assert len(sent) >= 4
    found = ask(tab, "answers", name, [each.body for each in sent])
    for expected, actual in zip(sent, found, strict=True):
        check_equal(actual["tensors"], expected.tensors, expected.body)
        for key, array in expected.outputs.items():
            np.testing.assert_allclose(arrays(actual["outputs"])[key], array, rtol=RELATIVE, atol=ABSOLUTE)


def _sendable(array: Array) -> bool:
    return array.dtype != np.int64 or bool((np.abs(array) < 2**31).all())


def test_generated_rows_have_inputs_of_server(tab: Page, model: Model, name: str) -> None:
    wanted = [vector(model, value) for value in program_rows.accepted(name, ROWS)]
    found = ask(tab, "encoded", name, [each.body for each in wanted])
    for expected, actual in zip(wanted, found, strict=True):
        assert not isinstance(actual, str), (actual, expected.body)
        check_equal(actual, expected.tensors, expected.body)


def test_rows_refused_by_server_are_refused_with_sentence(tab: Page, model: Model, name: str) -> None:
    bodies = []
    for value in program_rows.refused(name):
        with pytest.raises(InvalidInput):
            vector(model, value)
        bodies.append(json.dumps({"input": value}))
    found = ask(tab, "encoded", name, bodies)
    for body, actual in zip(bodies, found, strict=True):
        assert str(actual).startswith("DeviceError: "), (body, actual)


def test_unknown_category_has_sentence_of_server(tab: Page, program_registry: Path) -> None:
    model = Model.load(Registry(str(program_registry)).open("strict"))
    row = {"x0": 'it"s', "x1": 1e-7, "x2": 1.0, "x3": 2.0}
    for changed in (row, row | {"x0": "Bern"}):
        with pytest.raises(InvalidInput) as raised:
            vector(model, [changed])
        said = ask(tab, "encoded", "strict", [json.dumps({"input": [changed]})])
        assert said == [f"DeviceError: {raised.value.at(None)}"]


def test_operators_have_results_of_numpy(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    programs = operator_programs.programs()
    records = write_programs(tmp_path / "models", programs)
    with harness_tab(chromium, tmp_path / "models", tmp_path / "page") as page:
        words = [records, f"models/{CONSTANTS}"]
        found = page.evaluate("([records, file]) => harness.programs(records, file)", words)
    differences = map(_difference, programs, programs.values(), found)
    assert "\n".join(filter(None, differences)) == ""


def _difference(name: str, program: Program, actual: Any) -> str:
    """Return how the page's result of a program differs from numpy's, or "".

    What numpy refuses, and results of dtypes that the page does not have, must be refused with a sentence.
    """
    try:
        with np.errstate(all="ignore"):
            expected = program.bind().run({})
    except LightshipError:
        expected = {}
    if not expected or any(array.dtype.name in ("float16", "int8") for array in expected.values()):
        return "" if str(actual).startswith("DeviceError: ") else f"{name} is not refused: {actual}"
    if isinstance(actual, str):
        return f"{name}: {actual}"
    try:
        check_equal(actual, expected, name)
    except AssertionError as error:
        return f"{name}: {error}"
    return ""
