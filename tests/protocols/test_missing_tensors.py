"""NaN and infinity in tensors of tables with a rule for missing values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightship import inputs
from lightship.errors import InvalidInput
from lightship.protocols.tfserving.predict import decode_predict
from lightship.tensors import Array, Signature, TensorSpec
from tests.protocols.openinference_cases import decode, manifest
from tests.protocols.tfserving_calls import manifest as serving
from tests.protocols.tfserving_calls import post

PLAIN = TensorSpec("x", "float32", (None, 2))


def table(**second: Any) -> TensorSpec:
    """Return a table of the columns ``age``, which may be missing, and ``height``."""
    columns = [{"name": "age", "missing": "nan"}, {"name": "height", **second}]
    kind = inputs.configure(PLAIN, "tabular", {"columns": columns})
    return TensorSpec("x", "float32", (None, 2), kind)


SPECS = {"numbers": table(), "types": table(type="boolean")}


def infer(spec: TensorSpec, rows: Array) -> Any:
    item = {"name": "x", "datatype": "FP32", "shape": [2, 2], "parameters": {"binary_data_size": rows.nbytes}}
    return decode({"inputs": [item]}, manifest(spec), rows.tobytes()).inputs["x"]


def serve(spec: TensorSpec, rows: Array) -> Any:
    cells = str(rows.tolist()).replace("nan", "NaN").replace("inf", "Infinity")
    body = f'{{"instances": {cells}}}'.encode()
    return decode_predict(post(body), serving(Signature("serving_default", (spec,), ()))).inputs["x"]


@pytest.mark.parametrize("send", [infer, serve])
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_tensor_with_nan_follows_rule_of_column(spec: TensorSpec, send: Any) -> None:
    missing = np.float32([[1, 1], [np.nan, 1]])
    np.testing.assert_array_equal(send(spec, missing), missing)
    with pytest.raises(InvalidInput) as refused:
        send(spec, np.float32([[1, 1], [1, np.nan]]))
    assert (refused.value.row, refused.value.column) == (1, "height")


@pytest.mark.parametrize("send", [infer, serve])
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_tensor_with_infinity_names_column(spec: TensorSpec, send: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        send(spec, np.float32([[np.inf, 1], [1, 1]]))
    assert (refused.value.row, refused.value.column) == (0, "age")
