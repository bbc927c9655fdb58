from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns import column_of
from lightship.tensors import TensorSpec

FLOATS, BYTES = (TensorSpec("x", dtype, (None, 1)) for dtype in ("float32", "int8"))
NUMBER = column_of("n", {})


@pytest.mark.parametrize(("cell", "spec"), [(1, FLOATS), (-1.5, FLOATS), (127, BYTES), (-128, BYTES)])
def test_numbers_within_dtype_are_unchanged(cell: Any, spec: TensorSpec) -> None:
    assert NUMBER.numbers(cell, spec) == (cell,)


@pytest.mark.parametrize(
    ("cell", "spec"),
    [
        ("1", FLOATS),
        (True, FLOATS),
        (float("inf"), FLOATS),
        (-1e39, FLOATS),
        (10**400, FLOATS),
        (1.0, BYTES),
        (128, BYTES),
        (-129, BYTES),
        (float("nan"), FLOATS),
    ],
    ids=str,
)
def test_numbers_of_other_cell_are_refused(cell: Any, spec: TensorSpec) -> None:
    with pytest.raises(InvalidInput):
        NUMBER.numbers(cell, spec)


@pytest.mark.parametrize(
    ("text", "spec", "cell"),
    [(" 1.5 ", FLOATS, 1.5), ("7", BYTES, 7), ("", FLOATS, None), ("7.0", BYTES, "7.0"), ("a", FLOATS, "a")],
)
def test_read_text_of_csv(text: str, spec: TensorSpec, cell: Any) -> None:
    assert NUMBER.read(text, spec) == cell


def test_numbers_of_missing_cell_with_policy_nan_are_nan() -> None:
    column = column_of("n", {"missing": "nan"})
    for cell in (None, float("nan")):
        assert np.isnan(column.numbers(cell, FLOATS)).all()
    assert column.numbers(1.5, FLOATS) == (1.5,)
    with pytest.raises(InvalidInput):
        column.numbers(float("inf"), FLOATS)
