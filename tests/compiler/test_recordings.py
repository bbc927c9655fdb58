"""Checks of recorded outputs."""

from __future__ import annotations

import numpy as np
import pytest

from lightship.compiler.verification.recordings import Recording, check_probabilities
from lightship.errors import CompileError
from lightship.tensors import Array, Signature, TensorSpec


@pytest.mark.parametrize(
    ("dtype", "values", "named"),
    [
        ("string", np.array([[b"a", b"b"]], object), "string"),
        ("bool", np.array([[True, False]]), "bool"),
        ("float32", np.array([[-3.5, 2.0]], np.float32), "from_logits"),
        ("int64", np.array([[3, 9]]), "from_logits"),
    ],
)
def test_check_probabilities_other_values_with_classes_are_refused(dtype: str, values: Array, named: str) -> None:
    output = TensorSpec("label", dtype, (None, 2), classes=("a", "b"))
    signature = Signature("serving_default", (TensorSpec("x", "float32", (None, 1)),), (output,))
    inputs = {"x": np.zeros((1, 1), np.float32)}
    with pytest.raises(CompileError, match=rf"outputs\.label.*{named}"):
        check_probabilities(Recording(signature, ((inputs, {"label": values}),)))
