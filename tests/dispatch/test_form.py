"""Requests for forms: fields by kind of input, and recorded rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from lightship.bundle import ASSETS, GOLDEN, Bundle, Manifest, digests, write_manifest
from lightship.bundle.golden import read_golden, write_golden
from lightship.dispatch.form import MOST_CLASSES, MOST_EXAMPLES
from lightship.inputs import kind_of
from lightship.inputs.form import MOST_NUMBERED, MOST_VALUES
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options
from lightship.settings import TransformSettings
from lightship.tensors import Signature, TensorSpec
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import numbers, report
from tests.inputs.tabular.customers import typed
from tests.serve import Answers

OUTPUT = TensorSpec("y", "float32", (None, 2))


@pytest.fixture(params=[0, 2], ids=["lambda", "server"])
def examples(request: pytest.FixtureRequest, registries: Registries) -> Iterator[Answers]:
    answers = Answers(Registry(str(registries.examples)), threads=request.param)
    yield answers
    answers.close()


def ask(answers: Answers, path: str, body: Any = None) -> tuple[int, Any]:
    method, data = ("GET", b"") if body is None else ("POST", orjson.dumps(body))
    headers = {"content-type": "application/json"} if body is not None else {}
    response = answers.answer(Request(method, path, "", headers, data, "me"))
    return response.status, orjson.loads(response.body)


def published(
    folder: Path,
    *inputs: TensorSpec,
    rows: dict[str, Any] | None = None,
    output: TensorSpec = OUTPUT,
    device: dict[str, Any] | None = None,
    assets: tuple[str, ...] = (),
) -> Answers:
    """Return a server of a model that cannot run: forms read its manifest and rows."""
    registry = Registry(str(folder))
    signature = Signature("serving_default", inputs, (output,))
    with registry.staging() as staged:
        write_golden(staged / GOLDEN, {signature.name: (rows or {}, {})})
        for name in ("model.tflite", *assets):
            (staged / name).parent.mkdir(exist_ok=True)
            (staged / name).write_bytes(b"no model")
        manifest = Manifest("litert", (signature,), digests(staged), device=device or {})
        registry.publish("m", write_manifest(staged, manifest))
    return Answers(registry)


def form(answers: Answers, name: str = "m") -> Any:
    status, found = ask(answers, f"/models/{name}/form")
    assert status == 200, found
    return found


def field(folder: Path, spec: TensorSpec, rows: Any = None) -> Any:
    (found,) = form(published(folder, spec, rows=None if rows is None else {spec.name: rows}))["inputs"]
    return found


def x(dtype: str, *shape: int | None, kind: Any = None) -> TensorSpec:
    return TensorSpec("x", dtype, shape, kind)


def test_form_of_table_has_columns_with_ranges(examples: Answers) -> None:
    found = form(examples, "quickstart")
    assert (found["model"], found["version"], found["signature"]) == ("quickstart", 1, "serving_default")
    (table,) = found["inputs"]
    assert (table["name"], table["kind"], table["dtype"], table["shape"]) == (
        "features",
        "tabular",
        "float32",
        [None, 3],
    )
    assert [column["name"] for column in table["columns"]] == ["mean radius", "mean texture", "mean concavity"]
    assert all(column["type"] == "number" and column["low"] < column["high"] for column in table["columns"])
    assert found["outputs"][0]["classes"] == found["targets"] == ["benign", "malignant"]
    assert found["media_types"] == ["application/json", "text/csv"]
    assert found["device"].keys() == {"reason"} or found["device"]["files"]


def test_form_of_image_has_sizes(examples: Answers) -> None:
    found = form(examples, "digits")
    (image,) = found["inputs"]
    assert image["kind"] == "image"
    assert (image["width"], image["height"], image["channels"]) == (28, 28, 1)
    assert "columns" not in image
    assert found["targets"] == [str(digit) for digit in range(10)]
    assert "image/png" in found["media_types"]


def test_form_of_version_equals_default_one(examples: Answers) -> None:
    assert ask(examples, "/models/digits/versions/1/form") == ask(examples, "/models/digits/form")


@pytest.mark.parametrize("path", ["/models/absent/form", "/models/digits/versions/9/form"])
def test_form_of_unknown_model_or_version_is_not_found(examples: Answers, path: str) -> None:
    assert ask(examples, path)[0] == 404


def test_example_of_every_example_model_predicts_golden_outputs(registries: Registries) -> None:
    seen = 0
    transforms = TransformSettings(("euros",), ROOT / "transforms")
    for folder in (
        registries.examples,
        registries.small,
        registries.transformed,
        registries.examples.with_name("sklearn"),
    ):
        registry = Registry(str(folder))
        answers = Answers(registry, Options(transforms=transforms))
        for name in registry.models():
            manifest, _ = registry.manifest(name, 1)
            recorded = read_golden(registry.bundle(name, 1).file(GOLDEN))[manifest.signature().name][1]
            for index, value in enumerate(form(answers, name)["examples"]):
                status, answer = ask(answers, f"/models/{name}/predict", {"input": value})
                assert status == 200, (name, answer)
                outputs = manifest.signature().outputs
                by_name = {outputs[0].name: answer["predictions"]} if len(outputs) == 1 else answer["predictions"]
                rounded = any(kind_of(spec).form_rounding() for spec in manifest.signature().inputs)
                for spec in outputs:
                    expected = recorded[spec.name][index : index + 1]
                    check_equal(by_name[spec.name], expected, name, nearest=1e-2 if rounded else 1e-4)
                seen += 1
    assert seen > 30


def check_equal(values: Any, expected: Any, name: str, *, nearest: float) -> None:
    if expected.dtype == object:
        assert values == [text.decode() for text in expected], name
    elif name != "centred":  # its rows depend on each other
        np.testing.assert_allclose(np.asarray(values, expected.dtype), expected, rtol=1e-3, atol=nearest)


def test_examples_of_images_are_pngs_of_nearest_levels(tmp_path: Path) -> None:
    kind = {"type": "image", "mode": "L", "scale": 1 / 255, "offset": 0.0}
    pixels = np.arange(32).reshape(2, 4, 4, 1)
    between = np.float32((pixels[:1] + 0.4) / 255)
    beyond = np.float32((pixels[1:] + 300) / 255)
    rows = np.concatenate([between, beyond])
    found = form(published(tmp_path, x("float32", None, 4, 4, 1, kind=kind), rows={"x": rows}))
    assert len(found["examples"]) == 1
    assert found["examples"][0].startswith("iVBOR")


def test_ranges_are_those_of_report(registries: Registries, tmp_path: Path) -> None:
    features = [{"name": "a_0", "min": -5.0, "max": 0.1, "mean": 0.0}, {"name": "b", "min": "x", "max": 1.0}, 5]
    content = report(numbers()) | {"baseline": {"features": features}}
    answers = Answers(Registry(str(with_report(registries.small, tmp_path, content=content))))
    first, second = form(answers, "pair")["inputs"]
    assert first["columns"][0] == {"name": "a_0", "type": "number", "low": -5.0, "high": 0.1, "source": "report"}
    assert first["columns"][1] == {"name": "a_1", "type": "number", "low": 0.5, "high": 4.0, "source": "recorded"}
    assert second["columns"] == [{"name": "b", "type": "number", "low": 1.0, "high": 2.0, "source": "recorded"}]


def test_form_of_typed_table_has_types_and_optional_columns(tmp_path: Path) -> None:
    columns: list[Any] = [
        "age",
        {"name": "income", "missing": "nan"},
        {"name": "city", "type": "category", "values": ["Oslo", "Rome"]},
        {"name": "smoker", "type": "boolean", "missing": "default", "default": False},
        {"name": "joined", "type": "date", "features": ["year"]},
    ]
    found = form(published(tmp_path, typed(columns, width=5), rows={"x": np.float32([[40.7, np.nan, 1, 1, 2024]])}))
    (table,) = found["inputs"]
    described = {column["name"]: column for column in table["columns"]}
    assert described["age"] == {"name": "age", "type": "number", "low": 40.7, "high": 40.7, "source": "recorded"}
    assert described["income"] == {"name": "income", "type": "number", "optional": True}
    assert described["city"] == {"name": "city", "type": "category", "values": ["Oslo", "Rome"]}
    assert described["smoker"] == {"name": "smoker", "type": "boolean", "optional": True}
    assert described["joined"] == {"name": "joined", "type": "date"}
    expected = {"age": 40.7, "income": None, "city": "Rome", "smoker": True, "joined": "2024-05-17"}
    assert found["examples"] == [expected]


@pytest.mark.parametrize(
    ("spec", "kind", "types"),
    [
        (x("float32", None), "tensor", {"x": "number"}),
        (x("int32", None, 2), "tensor", {"x_0": "integer", "x_1": "integer"}),
        (x("bool", None, 1), "tensor", {"x": "boolean"}),
        (x("float32", None, kind={"type": "boolean"}), "tensor", {"x": "boolean"}),
        (x("string", None), "text", {"x": "string"}),
        (x("float32", None, MOST_NUMBERED + 1), "tensor", None),
        (x("float32", None, None), "tensor", None),
        (x("float32", None, 3, 2), "tensor", None),
        (x("float32", 3), "tensor", None),
        (x("string", None, kind={"type": "example", "features": {}}), "example", None),
    ],
)
def test_form_of_tensor_has_numbered_columns(
    tmp_path: Path, spec: TensorSpec, kind: str, types: dict[str, str] | None
) -> None:
    found = field(tmp_path, spec)
    assert found["kind"] == kind
    columns = found.get("columns")
    assert (None if columns is None else {column["name"]: column["type"] for column in columns}) == types


def test_form_of_text_has_limit(tmp_path: Path) -> None:
    kind = {"type": "text", "tokenizer": "vocab.txt", "length": 16, "max_bytes": 100}
    rows = np.array([b"ahoy", "größer".encode()], object)
    found = form(published(tmp_path, x("string", None, kind=kind), rows={"x": rows}))
    assert (found["inputs"][0]["kind"], found["inputs"][0]["tokens"]) == ("text", 16)
    assert found["examples"] == ["ahoy", "größer"]


def test_form_of_several_inputs_has_examples_by_name(registries: Registries) -> None:
    found = form(Answers(Registry(str(registries.small))), "homes")
    assert [each["name"] for each in found["inputs"]] == ["garden", "area"]
    assert found["inputs"][1]["optional"] is True
    assert found["examples"] == [{"garden": True, "area": 2.0}, {"garden": False, "area": 3.0}]


def test_form_has_few_examples(tmp_path: Path) -> None:
    rows = np.arange(100, dtype=np.float32)
    assert form(published(tmp_path, x("float32", None), rows={"x": rows}))["examples"] == [*range(MOST_EXAMPLES)]


def test_form_without_readable_rows_has_no_examples(tmp_path: Path) -> None:
    answers = published(tmp_path, x("float32", None, 2), rows={"x": np.zeros((2, 3), np.float32)})
    assert form(answers)["examples"] == []
    (tmp_path / "m" / "1" / GOLDEN).write_bytes(b"no archive")
    assert form(answers)["examples"] == []


@pytest.mark.parametrize(
    ("output", "targets"),
    [
        (TensorSpec("y", "float32", (None,)), []),
        (TensorSpec("y", "float32", (None, 1)), []),
        (TensorSpec("y", "float32", (None, 1), classes=("a", "b")), ["a", "b"]),
        (TensorSpec("y", "float32", (None, 3)), [0, 1, 2]),
        (TensorSpec("y", "float32", (None, 2, 2), classes=("a",)), ["a", 1, 2, 3]),
        (TensorSpec("y", "float32", (None, None)), []),
        (TensorSpec("y", "int32", (None, 3)), None),
    ],
)
def test_targets_are_those_of_explanations(tmp_path: Path, output: TensorSpec, targets: Any) -> None:
    assert form(published(tmp_path, x("float32", None), output=output))["targets"] == targets


def test_long_lists_of_hostile_bundle_are_cut(tmp_path: Path) -> None:
    names = tuple(f"\x1b[31m{index}" for index in range(5 * MOST_CLASSES))
    spec = typed([{"name": "\x1b]0;c", "type": "category", "values": list(names[: MOST_VALUES + 1])}], width=1)
    output = TensorSpec("y", "float32", (None, len(names)), classes=names)
    found = form(published(tmp_path, spec, output=output))
    assert len(found["targets"]) == len(found["outputs"][0]["classes"]) == MOST_CLASSES
    assert found["inputs"][0]["columns"] == [{"name": "\x1b]0;c", "type": "string"}]


@pytest.mark.parametrize(
    "kind", [{"type": "image"}, {"type": "tabular", "columns": 5}, {"type": "text", "length": "x"}]
)
def test_form_of_malformed_kind_is_refused(tmp_path: Path, kind: Any) -> None:
    answers = published(tmp_path, x("float32", None, 2, kind=kind))
    status, answer = ask(answers, "/models/m/form")
    assert (status, answer["error"]["code"]) == (503, "bundle_invalid")
    status, answer = ask(answers, "/models/m")
    assert status == 200
    assert "kinds" not in answer


def test_device_lists_file_and_assets_with_digests(tmp_path: Path) -> None:
    device = {"file": "device.tflite", "signature": "serving_default"}
    assets = ("device.tflite", f"{ASSETS}/vocab.txt", f"{ASSETS}/baseline.npz")
    answers = published(tmp_path, x("float32", None), device=device, assets=assets)
    files = Bundle.open(tmp_path / "m" / "1").manifest.files
    assert form(answers)["device"] == {
        "files": [
            {"path": name, "bytes": len(b"no model"), "sha256": files[name]}
            for name in ("device.tflite", f"{ASSETS}/vocab.txt")
        ]
    }


@pytest.mark.parametrize("device", [{}, {"reason": "it is stateful"}, {"file": "../secret"}, {"file": ["a"]}])
def test_device_without_file_has_reason(tmp_path: Path, device: dict[str, Any]) -> None:
    found = form(published(tmp_path, x("float32", None), device=device))["device"]
    assert found.keys() == {"reason"}
    assert found["reason"] == device.get("reason", found["reason"])
