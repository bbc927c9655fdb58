"""The OpenAPI document's schemas accept and refuse what the server does."""

from __future__ import annotations

from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from lightship import protocols
from lightship.app.document import document
from lightship.bundle import Manifest
from lightship.calls import ModelState
from lightship.errors import InvalidInput
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.tensors import Signature, TensorSpec, validate
from tests.app.schema_cases import (
    CLIENT,
    FULL,
    LEAST,
    LEAST_COLUMNS,
    MODELS,
    PICTURE,
    PLAIN_ROW,
    Model,
    columns,
    without,
)
from tests.bundles import Registries
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import numbers, report
from tests.inputs.tabular.customers import ROW
from tests.serve import Answers

OWN = {"openapi": "3.1.0", "info": {"title": "Lightship", "version": "1"}, "paths": {}}
OUTPUTS = (TensorSpec("y", "float32", (None,)),)


class Served:
    """A model behind one path: whether its schema and its server accept a body."""

    def __init__(self, model: Model, path: str) -> None:
        self.manifest = Manifest("litert", (Signature("serving_default", model.inputs, OUTPUTS),), {})
        self.path = path
        state = ModelState("m", 1, (1,), True, self.manifest)
        described = orjson.loads(orjson.dumps(document(OWN, (state,), token=False)))
        body = described["paths"][path]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        self.validator = Draft202012Validator(schema | {"components": described["components"]})

    def described(self, body: Any) -> bool:
        return bool(self.validator.is_valid(body))

    def accepts(self, body: Any) -> bool:
        matched = protocols.match("POST", self.path)
        assert matched is not None
        assert matched.route.decode is not None
        try:
            call = matched.route.decode(Request("POST", self.path, body=orjson.dumps(body)), self.manifest)
            validate(call.inputs, self.manifest.signature().inputs)
        except InvalidInput:
            return False
        return True


def check(served: Served, bodies: list[Any], *, accepted: bool) -> None:
    """Check that schema and server agree on all bodies."""
    assert [body for body in bodies if served.accepts(body) is not accepted] == []
    assert [body for body in bodies if served.described(body) is not accepted] == []


@pytest.mark.parametrize(
    ("path", "route", "field"),
    [
        ("/models", "/models", ("models", 0, "report")),
        ("/models/pair", "/models/{name}", ("report",)),
        ("/models/pair/form", "/models/{name}/form", ("inputs", 0, "columns", 0, "source")),
    ],
)
def test_schema_of_answer_about_model_describes_field(
    registries: Registries, tmp_path: Path, path: str, route: str, field: tuple[Any, ...]
) -> None:
    with_report(registries.small, tmp_path, content=report(numbers()))
    answer = Answers(Registry(str(tmp_path))).answer(Request("GET", path, caller="me"))
    described = orjson.loads(orjson.dumps(document(OWN, (), token=False)))["paths"][route]["get"]
    validator = Draft202012Validator(described["responses"]["200"]["content"]["application/json"]["schema"])
    record = orjson.loads(answer.body)
    validator.validate(record)
    *way, name = field
    reduce(getitem, way, record)[name] = "other"
    assert not validator.is_valid(record)


@pytest.mark.parametrize("name", MODELS)
def test_native_schema_agrees_with_server(name: str) -> None:
    model = MODELS[name]
    served = Served(model, "/models/m/predict")
    check(served, [{"input": value} for value in model.accepted], accepted=True)
    check(served, [{"input": value} for value in model.refused], accepted=False)


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_schema_agrees_with_server(name: str) -> None:
    """MLflow's schema describes inputs by name only."""
    model, names = MODELS[name], {spec.name for spec in MODELS[name].inputs}
    served = Served(model, "/invocations")
    accepted = [value for value in model.accepted if isinstance(value, dict) and value.keys() <= names]
    assert accepted
    check(served, [{"inputs": value} for value in accepted], accepted=True)
    check(served, [{"inputs": value} for value in model.refused if isinstance(value, dict)], accepted=False)


def test_document_has_columns_of_wide_table_once() -> None:
    names = [f"column {index}" for index in range(1000)]
    wide = TensorSpec("x", "float32", (None, 1000), {"type": "tabular", "columns": names})
    row = dict.fromkeys(names, 1)
    served = Served(Model((wide,), (), ()), "/models/m/predict")
    check(served, [{"input": row}, {"input": [row, row]}, {"input": columns(row)}], accepted=True)
    check(served, [{"input": without(row, "column 7")}, {"input": row | {"z": 1}}], accepted=False)
    manifest = Manifest("litert", (Signature("serving_default", (wide,), OUTPUTS),), {})
    text = orjson.dumps(document(OWN, (ModelState("m", 1, (1,), True, manifest),), token=False))
    assert text.count(b'"column 999":') == 2  # a row's object, and one of columns


# Bodies of TensorFlow Serving's protocol that a model accepts, and others, by method.
TFSERVING: dict[str, tuple[list[Any], list[Any]]] = {
    "numbers": (
        [{"instances": [1, 2]}, {"instances": [{"x": 1}]}, {"inputs": [1, 2]}, {"inputs": {"x": [1]}}],
        [{"instances": []}, {"instances": [[1]]}, {"inputs": 1}, {"instances": [1], "inputs": [1]}, {}],
    ),
    "column": (
        [{"instances": [1, 2]}, {"instances": [[1], [2]]}, {"inputs": [1, 2]}, {"inputs": {"x": [[1], [2]]}}],
        [{"instances": [[1, 2]]}, {"inputs": [[1, 2]]}],
    ),
    "texts": ([{"instances": ["a", "b"]}, {"inputs": [["a"], ["b"]]}], [{"instances": [1]}, {"inputs": "a"}]),
    "gapped": ([{"instances": [[1, None]]}], [{"instances": [None]}, {"inputs": [[1]]}]),
    "boolean": ([{"instances": [True, 0]}, {"inputs": {"x": [True]}}], [{"instances": [2]}, {"inputs": ["true"]}]),
    "image": ([{"instances": [{"b64": PICTURE}]}, {"inputs": [PICTURE]}], [{"instances": [1]}]),
    "named": (
        [{"instances": [PLAIN_ROW, PLAIN_ROW]}, {"instances": [[1, 2]]}, {"inputs": columns(PLAIN_ROW)}],
        [{"instances": [{"age": 1}]}, {"inputs": {"age": [1]}}],
    ),
    "customers": (
        [{"instances": [ROW, CLIENT]}, {"instances": [{"x": ROW}]}, {"inputs": columns(CLIENT)}],
        [{"instances": [without(ROW, "age")]}],
    ),
    "several": (
        [{"instances": [FULL, LEAST]}, {"inputs": LEAST_COLUMNS}],
        [{"instances": [without(LEAST, "age")]}, {"inputs": without(LEAST_COLUMNS, "age")}, {"instances": [1]}],
    ),
    "all optional": (
        [{"instances": [{"income": 1}, {"city": "a"}]}, {"inputs": {"city": ["a"]}}],
        [{"instances": [{"z": 1}]}, {"inputs": {}}],
    ),
}
EXAMPLES: dict[str, tuple[list[Any], list[Any]]] = {
    "numbers": ([{"examples": [{"x": 1}, {"x": [2]}]}], [{"examples": [{}]}, {"examples": [{"x": [1, 2]}]}]),
    "column": ([{"examples": [{"x": 1}, {"x": 2}]}, {"examples": [{"x": [1]}]}], [{"examples": []}]),
    "table": ([{"examples": [{"x": [1, 2]}]}], [{"examples": [{"x": [1]}]}, {"examples": [{"y": [1, 2]}]}]),
    "all optional": ([{"examples": [{"income": 1}, {"city": ["a"]}, {"garden": True}]}], [{"examples": [1]}]),
}


@pytest.mark.parametrize("name", TFSERVING)
def test_tfserving_schema_agrees_with_server(name: str) -> None:
    served = Served(MODELS[name], "/v1/models/m:predict")
    accepted, refused = TFSERVING[name]
    check(served, accepted, accepted=True)
    check(served, refused, accepted=False)


@pytest.mark.parametrize("name", EXAMPLES)
def test_tfserving_schema_of_examples_agrees_with_server(name: str) -> None:
    served = Served(MODELS[name], "/v1/models/m:regress")
    accepted, refused = EXAMPLES[name]
    check(served, accepted, accepted=True)
    check(served, refused, accepted=False)


def test_examples_of_document_fit_schemas(registries: Registries) -> None:
    states = Serving(Registry(str(registries.examples)), Options(default="quickstart")).status.models(examples=True)
    described = orjson.loads(orjson.dumps(document(OWN, states, token=False)))
    for name in ("quickstart", "digits"):
        content = described["paths"][f"/models/{name}/predict"]["post"]["requestBody"]["content"]["application/json"]
        schema = content["schema"] | {"components": described["components"]}
        Draft202012Validator(schema).validate(content["example"])
