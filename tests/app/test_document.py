"""Test the OpenAPI document of models that hypothesis generates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from lightship import inputs
from lightship.app.document import document
from lightship.app.jobs import router
from lightship.bundle import Manifest
from lightship.calls import Call, ModelState
from lightship.inputs import tables
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.specs import DTYPES
from tests.inputs.tabular.customers import CUSTOMERS, NUMBERS

OWN = {"openapi": "3.1.0", "info": {"title": "Lightship", "version": "1"}, "paths": {}}

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SIZES = st.one_of(st.none(), st.integers(0, 4), st.just(2**31 - 1))
SHAPES = st.one_of(
    st.just(()),
    st.just((None,)),
    st.lists(SIZES, min_size=1, max_size=4).map(tuple),
    st.lists(SIZES, max_size=3).map(lambda sizes: (None, *sizes)),
)
IMAGE = {"type": "image", "size": [2, 2], "channels": 1, "mode": "L", "scale": 1.0, "offset": 0.0}


@st.composite
def specs(draw: st.DrawFn, name: str) -> TensorSpec:
    dtype, shape = draw(st.sampled_from(sorted(DTYPES))), draw(SHAPES)
    kind: dict[str, Any] | None = None
    if len(shape) == 2 and shape[0] is None and isinstance(shape[1], int) and shape[1] < 10 and draw(st.booleans()):
        columns = draw(st.lists(NAMES, min_size=shape[1], max_size=shape[1], unique=True))
        kind = {"type": "tabular", "columns": columns}
    classes = tuple(draw(st.lists(NAMES, max_size=3)))
    return TensorSpec(name, dtype, shape, kind, classes, draw(st.booleans()))


@st.composite
def signatures(draw: st.DrawFn, name: str) -> Signature:
    inputs, outputs = (draw(st.lists(NAMES, min_size=least, max_size=3, unique=True)) for least in (0, 1))
    method = draw(st.sampled_from(["predict", "classify", "regress"]))
    return Signature(
        name, tuple(draw(specs(each)) for each in inputs), tuple(draw(specs(each)) for each in outputs), method
    )


def recorded(signature: Signature) -> Call:
    """Return one recorded call; unknown sizes are 2, dimensions are limited to 3."""
    return Call({spec.name: _array(spec) for spec in signature.inputs})


def _array(spec: TensorSpec) -> Any:
    shape = tuple(2 if size is None else min(size, 3) for size in spec.shape)
    if spec.dtype == "string":
        return np.full(shape, b"\xff text", object)
    return np.full(shape, np.nan if spec.numpy.kind == "f" else 1, spec.numpy)


@st.composite
def states(draw: st.DrawFn) -> tuple[ModelState, ...]:
    names = draw(st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True), max_size=2, unique=True))
    found = []
    for number, name in enumerate(names):
        labels = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
        manifest = Manifest("litert", tuple(draw(signatures(label)) for label in labels), {})
        example = recorded(manifest.signature()) if draw(st.booleans()) else None
        version = draw(st.integers(1, 10**17))
        found.append(ModelState(name, version, (version,), number == 0, manifest, "sha256:0", example=example))
    return tuple(found)


# Paths that do not depend on the models: validated once, because validation takes long.
ALIKE = document(OWN, (), token=True)["paths"].keys()


def test_document_without_models_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(document(OWN, (), token=True)).validate()


@settings(  # shrinking would validate hundreds of documents, a quarter of a second each
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.generate],
)
@given(models=states(), token=st.booleans())
def test_document_of_generated_models_is_valid_openapi(models: tuple[ModelState, ...], token: bool) -> None:
    made = orjson.loads(orjson.dumps(document(OWN, models, token=token, root="/ml")))
    own = {path: operations for path, operations in made["paths"].items() if path not in ALIKE}
    OpenAPIV31SpecValidator(made | {"paths": own}).validate()
    for state in models:
        operation = made["paths"][f"/models/{state.name}/predict"]["post"]
        assert "cannot be described" not in operation["summary"]
    ids = [operation["operationId"] for path in made["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def model(name: str, spec: TensorSpec, example: Any = None) -> ModelState:
    manifest = Manifest("litert", (Signature("serving_default", (spec,), (replace(spec, name="y"),)),), {})
    return ModelState(name, 1, (1,), False, manifest, example=None if example is None else Call({spec.name: example}))


ROWS = model("rows", TensorSpec("x", "float32", (None, 2)), np.float32([[1, 2], [3, 4]]))


def paths_of(models: Iterable[ModelState]) -> dict[str, Any]:
    paths: dict[str, Any] = document(OWN, tuple(models), token=False)["paths"]
    return paths


def body_of(paths: dict[str, Any], name: str) -> dict[str, Any]:
    content: dict[str, Any] = paths[f"/models/{name}/predict"]["post"]["requestBody"]["content"]["application/json"]
    return content


def test_document_of_scalar_input_has_scalar_example() -> None:
    scalar = model("scalar", TensorSpec("x", "float32", ()), np.float32(2.5))
    assert body_of(paths_of([scalar, ROWS]), "scalar")["example"] == {"input": 2.5}


def test_document_of_fixed_shape_has_whole_example() -> None:
    fixed = model("fixed", TensorSpec("x", "float32", (3,)), np.float32([1, 2, 3]))
    assert body_of(paths_of([fixed]), "fixed")["example"]["input"] == [1, 2, 3]


def test_document_of_typed_table_has_examples_of_cells() -> None:
    paths = paths_of([model("customers", CUSTOMERS, np.float32([NUMBERS]))])
    OpenAPIV31SpecValidator(orjson.loads(orjson.dumps({**OWN, "paths": paths}))).validate()
    content = paths["/models/customers/predict"]["post"]["requestBody"]["content"]
    example = content["application/json"]["example"]["input"]
    assert inputs.decode(example, CUSTOMERS)[0, :6].tolist() == NUMBERS[:6]
    table = tables.from_csv(content["text/csv"]["example"].encode(), Signature("s", (CUSTOMERS,), ()), {})
    assert table["x"][0, :6].tolist() == NUMBERS[:6]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_document_omits_examples_invalid_in_json(value: float) -> None:
    row = np.float32([[1, value]])
    assert "example" not in body_of(paths_of([model("m", TensorSpec("x", "float32", (None, 2)), row)]), "m")


def test_document_with_indescribable_model_lists_error_for_model(caplog: pytest.LogCaptureFixture) -> None:
    broken = model("broken", TensorSpec("x", "float32", (None, 2), kind={"type": "tabular"}))  # without columns
    paths = paths_of([broken, ROWS])
    OpenAPIV31SpecValidator(orjson.loads(orjson.dumps({**OWN, "paths": paths}))).validate()
    assert "cannot be described" in paths["/models/broken/predict"]["post"]["summary"]
    assert body_of(paths, "rows")["example"]
    assert "broken" in caplog.text


NAMED = {
    "/predict": ("predict", "Predict with the default model, shop"),
    "/models/shop/predict": ("predict_shop", "Predict with shop"),
    "/models/shop/versions/1/predict": ("predict_shop_version_1", "Predict with shop version 1"),
    "/models/{name}": ("get_model", "Get a model with its signatures"),
    "/v1/models/shop:predict": ("tfserving_predict_shop", "Predict with shop"),
    "/v2/models/{name}/infer": ("v2_infer", "Predict with a model"),
    "/v2/models/{name}/versions/{version}/infer": ("v2_infer_version", "Predict with a version of a model"),
    "/v2/models/stats": ("v2_list_statistics", "List the statistics of all models"),
    "/invocations": ("mlflow_predict", "Predict with the default model, shop"),
    "/endpoints/shop/invocations": (
        "mlflow_query_shop",
        "Predict with shop, an endpoint of MLflow's deployments client",
    ),
    "/jobs": ("create_job", "Create a job, or request an upload address"),
    "/jobs/{job}/output/{name}": ("get_job_output", "Get a job's receipt or output"),
}


def test_operations_are_named_after_action_and_model() -> None:
    shop = model("shop", TensorSpec("x", "float32", (None, 2)))._replace(default=True)
    application = FastAPI()
    application.include_router(router)
    paths = document(application.openapi(), (shop,), token=False)["paths"]
    found = {path: next(iter(paths[path].values())) for path in NAMED}
    assert {path: (each["operationId"], each["summary"]) for path, each in found.items()} == NAMED
    operations = [operation for path in paths.values() for operation in path.values()]
    assert all(re.fullmatch(r"[a-z]\w+", operation["operationId"]) for operation in operations)
    assert all(operation["summary"][0].isupper() and operation["tags"] for operation in operations)


def test_operation_ids_of_similar_names_differ() -> None:
    spec = TensorSpec("x", "float32", (None, 2))
    paths = paths_of([model("a", spec), model("a_version_1", spec)])
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))
