"""Hints about the values of inputs."""

from __future__ import annotations

import pytest

from lightship.compiler.hints import Hint, usable
from lightship.tensors import TensorSpec


@pytest.mark.parametrize(("dtype", "fits"), [("int8", True), ("uint8", False), ("int64", True), ("float32", False)])
def test_usable_keeps_vocabulary_within_range_of_dtype(dtype: str, fits: bool) -> None:
    hints = usable({"x": Hint(words=(-1, 7))}, [TensorSpec("x", dtype, (None, 1))])
    assert bool(hints) is fits
