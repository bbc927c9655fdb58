"""Kinds of a hostile manifest."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.errors import BundleError
from lightship.inputs import kind_of
from lightship.tensors import TensorSpec


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
