"""Classes in the output of a job."""

from __future__ import annotations

import numpy as np
import pytest

from lightship.jobs.files.predictions import columns
from lightship.tensors import Signature, TensorSpec

NAN = float("nan")
ROWS = [[0.5, 0.5], [0.2, 0.8], [0.9, 0.1], [NAN, 0.1], [0.1, NAN], [NAN, NAN]]


@pytest.mark.parametrize("rows", [ROWS[:3], ROWS], ids=["numbers", "with NaN"])
def test_columns_of_two_classes_have_first_highest(rows: list[list[float]]) -> None:
    spec = TensorSpec("answer", "float32", (None, 2), classes=("no", "yes"))
    array = np.array(rows, np.float32)
    likeliest, *probabilities = columns(Signature("serve", (), (spec,)), {"answer": array})
    assert list(likeliest) == [spec.classes[index] for index in array.argmax(axis=1)]
    np.testing.assert_array_equal(np.stack(probabilities, axis=1), array)
