"""The kind string: a text in place of missing strings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lightship import inputs
from lightship.errors import InvalidInput
from lightship.formats.base import Header
from lightship.inputs import tables
from lightship.inputs.datafiles.layout import layout, tensors
from lightship.inputs.frames import from_rows
from lightship.tensors import Signature, TensorSpec

PLAIN = TensorSpec("city", "string", (None,))
OPTIONS = {"missing": "default", "default": "none"}
STRING = replace(PLAIN, kind=inputs.configure(PLAIN, "string", OPTIONS))
AGE = TensorSpec("age", "float64", (None,))
SIGNATURE = Signature("predict", (AGE, STRING), (TensorSpec("y", "float32", (None,)),))


def test_decode_null_is_default() -> None:
    assert inputs.decode(["Bern", None], STRING).tolist() == [b"Bern", b"none"]
    assert inputs.decode([["", None]], replace(STRING, shape=(None, 2))).tolist() == [[b"", b"none"]]


def test_absent_key_and_empty_cell_are_default() -> None:
    found = from_rows([{"age": 1, "city": "Bern"}, {"age": 2}], SIGNATURE, "input")
    assert found["city"].tolist() == [b"Bern", b"none"]
    assert tables.from_csv(b"city,age\nBern,1\n,2\n", SIGNATURE, {})["city"].tolist() == [b"Bern", b"none"]
    assert inputs.decode_by_name({"age": [1, 2]}, SIGNATURE)["city"].tolist() == [b"none", b"none"]


@pytest.mark.parametrize("row", [{"age": "1", "city": ""}, {"age": "1"}], ids=str)
def test_rows_of_jobs_are_read(row: dict[str, str]) -> None:
    table = layout(SIGNATURE, Header(tuple(row)), table=True)
    assert tensors([list(row.values())], table, text=True)["city"].tolist() == [b"none"]


@pytest.mark.parametrize("options", [{}, {"missing": "nan"}, {"missing": "default", "default": 1}], ids=str)
def test_configure_other_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="default"):
        inputs.configure(PLAIN, "string", options)


def test_configure_other_dtype_is_refused() -> None:
    with pytest.raises(InvalidInput, match="float64"):
        inputs.configure(AGE, "string", OPTIONS)
