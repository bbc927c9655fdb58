"""A new kind of input works everywhere with one file and one registry entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest

from lightship import protocols
from lightship.app.document import document
from lightship.bundle import Manifest
from lightship.calls import Call, ModelState, Prediction
from lightship.compiler.declarations.config import Config
from lightship.compiler.verification import samples
from lightship.errors import BundleError
from lightship.inputs import KINDS, kind_of
from lightship.inputs.datafiles.layout import layout, tensors
from lightship.inputs.example import Example
from lightship.inputs.image import Image
from lightship.inputs.kind import PLAIN
from lightship.inputs.tabular import Tabular
from lightship.model import Model
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.tensors import Signature, TensorSpec
from tests.bundles import Registries

PLAIN_SIGNATURE = Signature(
    "serving_default", (TensorSpec("n", "int32", (None, 3)),), (TensorSpec("n2", "int32", (None, 3)),)
)


@pytest.fixture
def signature() -> Iterator[Signature]:
    """Register the kind hexadecimal, and return a signature with such an input."""
    KINDS["hexadecimal"] = "tests.inputs.hexadecimal"
    (configured,) = Config.parse({"inputs": {"n": {"kind": "hexadecimal"}}}).apply((PLAIN_SIGNATURE,))
    yield configured
    del KINDS["hexadecimal"]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b'{"input": "01ff02"}', "application/json"), (b"01ff02", "text/x-hex"), (b'{"input": [[1, 255, 2]]}', "")],
)
def test_request_of_new_kind_is_decoded(
    signature: Signature, registries: Registries, body: bytes, media_type: str
) -> None:
    model = Model.load(Registry(str(registries.small)).open("counts", 1))
    found = protocols.match("POST", "/predict")
    assert found is not None
    route = found.route
    assert route.decode is not None
    request = Request("POST", "/predict", headers={"content-type": media_type}, body=body)
    call = route.decode(request, Manifest("litert", (signature,), {}))
    answer = route.encode(Prediction("counts", 1, model.predict(call)))
    assert orjson.loads(answer.body) == [[2, 510, 4]]


def test_openapi_describes_new_kind(signature: Signature) -> None:
    manifest = Manifest("litert", (signature,), {})
    state = ModelState("m", 1, (1,), True, manifest, example=Call({"n": np.int32([[1, 255, 2]])}))
    content = document({}, (state,), token=False)["paths"]["/predict"]["post"]["requestBody"]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]["properties"]["input"]
    assert {"type": "string", "format": "hex"} in schema["anyOf"][0]["anyOf"]
    assert content["application/json"]["example"] == {"input": "01ff02"}
    assert "text/x-hex" in content


def test_batch_layout_reads_rows_of_new_kind(signature: Signature) -> None:
    wanted = layout(signature, None, table=False)
    rows = [{"n": "01ff02"}, {"n": [1, 2, 3]}, {"n_0": 4, "n_1": 5, "n_2": 6}]
    assert [tensors([row], wanted, text=False)["n"].tolist() for row in rows] == [
        [[1, 255, 2]],
        [[1, 2, 3]],
        [[4, 5, 6]],
    ]


def test_samples_of_new_kind_use_own_method(signature: Signature) -> None:
    assert set(samples.make(signature, size=8, bound=10)["n"].ravel().tolist()) == {171}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (None, PLAIN),
        ({"type": "sound"}, PLAIN),
        ({"type": "tabular", "columns": ["a", "b"]}, Tabular(("a", "b"))),
        ({"type": "image", "mode": "L", "scale": 0.5, "offset": 0.0}, Image("L", 0.5, 0.0)),
        ({"type": "image", "mode": "RGB", "scale": [1.0, 2.0, 3.0], "offset": 0.0}, Image("RGB", (1.0, 2.0, 3.0))),
        (
            {"type": "example", "features": {"a": {"dtype": "float32", "shape": [None, 2]}}},
            Example((TensorSpec("a", "float32", (None, None, 2)),)),
        ),
    ],
    ids=str,
)
def test_kind_in_manifest_is_read_and_written_unchanged(record: dict[str, Any] | None, kind: Any) -> None:
    spec = replace(PLAIN_SIGNATURE.inputs[0], kind=record)
    assert kind_of(spec) == kind
    assert kind_of(spec) is kind_of(replace(spec))
    if kind is not PLAIN:
        assert {"type": (record or {})["type"], **kind.to_json()} == record


@pytest.mark.parametrize(
    "record",
    [
        "image",
        {"type": ["image"]},
        {"type": "items"},
        {"type": "items", "pad": "x"},
        {"type": "items", "pad": float("inf")},
        {"type": "image", "scale": {}},
        {"type": "tabular", "columns": 3},
        {"type": "text", "files": []},
    ],
    ids=str,
)
def test_kind_of_malformed_description_is_bundle_error(record: Any) -> None:
    with pytest.raises(BundleError, match="the manifest's kind of 'x' is malformed"):
        kind_of(TensorSpec("x", "int32", (None, 3), kind=record))
