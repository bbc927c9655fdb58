"""Operators refuse small requests that would make huge arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lightship.errors import TooLarge
from lightship.preprocessing import Program, Step
from lightship.preprocessing.operators import build
from lightship.preprocessing.operators.texts.strings import fill

MANY = 20_001
TEXTS = fill([b"a" * MANY] + [b"a"] * (MANY - 1))
COLUMN = np.zeros((MANY, 1))
CALLS: Mapping[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "sparse": ("ragged.dense_of_sparse", (np.array([[0, 0]]), np.array([MANY, MANY]), np.ones(1), np.array(0.0)), {}),
    "fill": ("shapes.repeat", (np.array([MANY, MANY]), np.array(b"", np.object_)), {}),
    "tile": ("shapes.tile", (COLUMN, np.array([1, MANY])), {}),
    "one hot": (
        "shapes.one_hot",
        (np.zeros(MANY, np.int64), np.array(MANY), np.array(1.0), np.array(0.0)),
        {"axis": -1},
    ),
    "range": ("shapes.count_up", (np.array(0), np.array(2**40), np.array(1)), {}),
    "range of floats": ("shapes.count_up", (np.array(0.0), np.array(1.0), np.array(1e-12)), {}),
    "gather": ("shapes.gather", (np.zeros((2, MANY)), np.zeros(MANY, np.int64), np.array(0)), {}),
    "add": ("elementwise.add", (COLUMN, COLUMN.T), {}),
    "equal": ("elementwise.equal", (COLUMN, COLUMN.T), {}),
    "where": ("elementwise.where", (COLUMN > 0, COLUMN.T, COLUMN), {}),
    "join": ("strings.join", (TEXTS, np.array(TEXTS[0], np.object_)), {"separator": ""}),
    "join of column and row": ("strings.join", (TEXTS[:, None], TEXTS[None]), {"separator": ""}),
    "cross": ("hashing.cross", (np.zeros((1, MANY), np.int64),) * 2, {"buckets": 10, "key": 1}),
    "rows": (
        "ragged.to_dense",
        (np.array([-1, -1]), np.ones(1), np.array(0.0), np.array(2**40), np.array([0])),
        {"types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]},
    ),
    "row ids": (
        "ragged.to_dense",
        (np.array([-1, -1]), np.ones(1), np.array(0.0), np.array(1), np.array([2**40])),
        {"types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]},
    ),
    "splits": (
        "ragged.to_dense",
        (np.array([-1, -1]), np.ones(1), np.array(0.0), np.array([0, 2**40])),
        {"types": ["ROW_SPLITS"]},
    ),
    "count": (
        "ragged.count_ragged",
        (np.array([0, 2**40]), np.ones(1, np.int64), np.array(3), np.ones(0, np.float32)),
        {},
    ),
    "grams": (
        "splitting.ngrams",
        (TEXTS, np.array([0, MANY])),
        {"widths": [MANY], "separator": " ", "padding": ["", "", -1]},
    ),
    "concatenate": ("shapes.concatenate", (*[np.zeros(2**22)] * 17, np.array(0)), {}),
    "stack": ("shapes.stack", (np.zeros(2**22),) * 17, {"axis": 0}),
}


@pytest.mark.parametrize("call", CALLS)
def test_operator_result_beyond_limit_is_too_large(call: str) -> None:
    operator, arrays, options = CALLS[call]
    with pytest.raises(TooLarge):
        build(operator, options, {})(*arrays)


def test_one_hot_of_many_rows_and_categories_is_too_large() -> None:
    words = fill([b"%d" % number for number in range(MANY)])
    encode = build("tables.one_hot", {"width": MANY, "unknown": -1, "name": "a"}, {1: words, 2: np.arange(MANY)})
    with pytest.raises(TooLarge, match=f"{MANY} x {MANY + 1}"):
        encode(words)


def test_sparse_of_one_long_text_among_many_is_too_large() -> None:
    steps = (
        Step("splitting.split", ("texts", "space"), ("positions", "tokens", "shape")),
        Step("ragged.dense_of_sparse", ("positions", "shape", "tokens", "space"), ("dense",)),
    )
    program = Program(steps, {"dense": "dense"}, {"space": np.array(b" ", np.object_)}).bind()
    texts = fill([b"a " * (MANY - 1) + b"a"] + [b""] * (MANY - 1))
    with pytest.raises(TooLarge, match=f"{MANY} x {MANY}"):
        program.run({"texts": texts})


@pytest.mark.parametrize("operator", ["elementwise.multiply", "elementwise.mod", "tables.multiply", "tables.project"])
def test_operator_on_numbers_refuses_strings(operator: str) -> None:
    with pytest.raises(ValueError):
        build(operator, {}, {})(fill([b"%100d"]), fill([3]))


@pytest.mark.parametrize("splits", [[0, 2, 0, 2], [0, 3], [-1, 2]])
def test_operator_on_rows_refuses_splits_beyond_values(splits: list[int]) -> None:
    with pytest.raises(ValueError):
        build("unicode.encode", {}, {})(np.array([97, 98], np.int32), np.array(splits))
    with pytest.raises(ValueError):
        build("splitting.ngrams", {"widths": [2], "separator": ""}, {})(fill([b"a", b"b"]), np.array(splits))
