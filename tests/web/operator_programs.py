"""Programs of one step: every operator of the page, on values of every dtype.

The inputs of the steps are constants.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lightship.preprocessing import Program, Step
from lightship.preprocessing.operators.texts.strings import fill
from lightship.tensors import DTYPES, Array
from tests.preprocessing.operator_cases import PUNCTUATION

COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
ARITHMETIC = ("add", "subtract", "multiply", "divide", "floor_divide", "mod", "maximum", "minimum")
BINARY = (*ARITHMETIC, "logical_and", "logical_or", *COMPARISONS)
UNARY = ("absolute", "floor", "logical_not", "negative", "ones_like", "sqrt")
NUMBERS: Mapping[str, Sequence[Any]] = {
    "bool": [False, True],
    "uint8": [0, 1, 7, 128, 255],
    "int32": [0, 1, -1, 7, -7, 46341, 2**31 - 1, -(2**31)],
    "int64": [0, 1, -1, 7, -7, 2**53 + 1, 2**63 - 1, -(2**63)],
    "float32": [0.0, -0.0, 1.0, -1.0, 0.1, -7.3, 3e38, 1e-45, np.inf, -np.inf, np.nan],
    "float64": [0.0, -0.0, 1.0, -1.0, 0.1, -7.3, 1e308, 5e-324, np.inf, -np.inf, np.nan],
}
TEXTS = fill(
    [b"", b"a", b"B c", b" \tx\x0b ", b"\xff\xc3", "größer, (é)!".encode(), "東京 \U0001f600".encode(), b"a" * 65]
)
# Texts of every branch of FarmHash and every remainder of SipHash.
HASHED = fill([bytes((7 * at + size) % 256 for at in range(size)) for size in range(140)])
LITERALS = fill([b"0", b" -7\n", b"+12", b"007", b"1.5", b"-.5e3", b"1e400", b"Infinity", b"-nan", b"2147483648"])


def programs() -> dict[str, Program]:
    """Return programs by the name of what they test."""
    with np.errstate(all="ignore"):
        cases = list(itertools.chain(_elementwise(), _casts(), _shapes(), _tables(), _strings(), _ragged()))
    return {f"{number} {operator}": _program(operator, *rest) for number, (operator, *rest) in enumerate(cases)}


Case = tuple[str, Sequence[Array], Mapping[str, Any]]


def _program(operator: str, inputs: Sequence[Array], options: Mapping[str, Any]) -> Program:
    names = tuple(f"v{index}" for index in range(len(inputs)))
    outputs = tuple(f"o{index}" for index in range(_results(operator)))
    step = Step(operator, names, outputs, options)
    return Program((step,), {name: name for name in outputs}, dict(zip(names, inputs, strict=True)))


def _results(operator: str) -> int:
    return {"splitting.split": 3, "hashing.cross": 3, "splitting.ngrams": 2, "unicode.decode": 2}.get(operator, 1)


def _array(dtype: str) -> Array:
    return np.array(NUMBERS[dtype], DTYPES[dtype])


def _elementwise() -> Iterator[Case]:
    for operator, one, other in itertools.product(BINARY, NUMBERS, NUMBERS):
        yield f"elementwise.{operator}", [_array(one)[:, np.newaxis], _array(other)], {}
    for operator, dtype in itertools.product(UNARY, NUMBERS):
        yield f"elementwise.{operator}", [_array(dtype)], {}
    for one, other in itertools.product(NUMBERS, NUMBERS):
        yield "elementwise.where", [np.array([[True], [False]]), _array(one)[:2], _array(other)[:2]], {}
    for operator in (*COMPARISONS, "add", "subtract"):
        yield f"elementwise.{operator}", [TEXTS[:, np.newaxis], TEXTS], {}
        yield f"elementwise.{operator}", [TEXTS, np.array(1, np.int64)], {}
    yield "elementwise.where", [np.array([True, False]), TEXTS[:2], TEXTS[2:4]], {}
    yield "elementwise.add", [np.zeros(3), np.zeros(2)], {}
    yield "elementwise.add", [np.zeros((4096, 1)), np.zeros((1, 32768))], {}


def _casts() -> Iterator[Case]:
    for one, other in itertools.product(NUMBERS, NUMBERS):
        values = _array(one)
        if values.dtype.kind == "f" and other in ("int32", "int64", "uint8"):
            values = np.array([0.0, -0.0, 0.9, 1.0, 7.5, 200.0], values.dtype)
        if (one, other) == ("int64", "float32"):
            values = values[:5]
        yield "arrays.cast", [values], {"dtype": other}
        yield "arrays.concatenate", [_array(one)[:2], _array(other)[:2]], {"axis": 0}
    yield "arrays.cast", [TEXTS], {"dtype": "float32"}


def _shapes() -> Iterator[Case]:
    rng = random.Random(3)
    cube, row = np.arange(24, dtype=np.int32).reshape(2, 3, 4), np.array([3, -1, 7], np.int64)
    integers = lambda *values: np.array(values, np.int32)  # noqa: E731
    scalar = lambda value: np.array(value, np.int32)  # noqa: E731
    for array in (cube, row, TEXTS, np.zeros((0, 3), np.float32), np.array(1.5)):
        yield "shapes.identity", [array], {}
        yield "shapes.shape", [array], {"dtype": "int64"}
        yield "shapes.size", [array], {"dtype": "int32"}
        yield "shapes.zeros_like", [array], {}
        yield "shapes.reshape", [array, integers(-1, 1)], {}
        yield "shapes.reshape", [array, integers(5, 5)], {}
        for axis in (-1, 0, 1, 2):
            yield "shapes.expand", [array, scalar(axis)], {}
            yield "shapes.gather", [array, integers(0, 1), scalar(axis)], {}
            yield "shapes.concatenate", [array, array, scalar(axis)], {}
            yield "shapes.stack", [array, array], {"axis": axis}
            if array.ndim:
                yield "shapes.cumulate", [array, scalar(axis)], {}
        for function, keep, dtype in itertools.product(("all", "any", "max", "min"), (True, False), ("int32", "int64")):
            if array.dtype == np.object_:
                continue
            numbers = array.astype(dtype)
            for axes in (integers(0), integers(0, 1), integers(-1), np.array([], np.int32)):
                yield "shapes.reduce", [numbers, axes], {"function": function, "keep": keep}
                yield "shapes.reduce", [numbers, axes], {"function": "sum", "keep": keep}
    for dtype in NUMBERS:
        for function in ("all", "any", "max", "min"):
            yield "shapes.reduce", [_array(dtype), integers(0)], {"function": function, "keep": False}
            if dtype != "bool":  # TensorFlow has no maximum of booleans
                yield "shapes.reduce", [_array(dtype)[:0], integers(0)], {"function": function, "keep": True}
        yield "shapes.cumulate", [_array(dtype)[:6], scalar(0)], {}
    yield "shapes.cumulate", [np.array([0.1, 0.7, 1e9, -1e9, 0.3], np.float32), scalar(0)], {}
    yield "shapes.gather", [cube, integers(0, -4), scalar(2)], {}
    yield "shapes.gather", [cube, integers(4), scalar(2)], {}
    yield "shapes.squeeze", [cube.reshape(2, 1, 12, 1)], {"axes": []}
    yield "shapes.squeeze", [cube.reshape(2, 1, 12, 1)], {"axes": [-1]}
    yield "shapes.squeeze", [cube], {"axes": [0]}
    yield "shapes.tile", [row[np.newaxis], integers(2, 3)], {}
    yield "shapes.tile", [row, integers(2, 3)], {}
    yield "shapes.repeat", [integers(2, 3), np.array(b"x", np.object_)], {}
    yield "shapes.repeat", [np.array([2**20, 2**20]), np.array(1.0)], {}
    for start, limit, delta in (
        (0, 5, 1),
        (5, 0, -2),
        (0, 5, 0),
        (3, 3, 1),
        (0.5, 2.0, 0.3),
        (1.0, 0.0, -0.1),
        (0, -5, 1),
    ):
        dtype = np.float32 if isinstance(start, float) else np.int64
        yield "shapes.count_up", [np.array(each, dtype) for each in (start, limit, delta)], {}
    for indices, axis in itertools.product((integers(0, 2, -1, 3), cube[0] % 4), (-1, 0, 1)):
        yield "shapes.one_hot", [indices, scalar(3), np.float32(1), np.float32(0)], {"axis": axis}
    for _ in range(120):
        count = rng.randrange(1, 4)
        ends = [integers(*(rng.randrange(-5, 6) for _ in range(count))) for _ in range(2)]
        steps = integers(*(rng.choice([1, 1, 2, -1]) for _ in range(count)))
        masks = [
            rng.randrange(8),
            rng.randrange(8),
            rng.choice([0, 0, 1, 2]),
            rng.choice([0, 0, 1]),
            rng.choice([0, 1, 2]),
        ]
        yield "shapes.cut", [cube, *ends, steps], {"masks": masks}


def _tables() -> Iterator[Case]:
    rng = np.random.default_rng(4)
    for columns in (1, 4, 7, 8, 9, 31, 130, 300):
        row = rng.normal(0, 1, (1, columns)) * 10.0 ** rng.integers(-8, 8, columns)
        for norm in ("l1", "max"):
            yield "tables.normalise", [row], {"norm": norm}
    row = _array("float64")[np.newaxis]
    for norm in ("l1", "max"):
        yield "tables.normalise", [row], {"norm": norm}
        yield "tables.normalise", [np.zeros((1, 3))], {"norm": norm}
    for least, most in ((0.0, 1.0), (-0.0, 1.0), (-2.0, -0.0)):
        yield "tables.clip", [row], {"least": least, "most": most}
    for missing in (None, 0.0, 1.0):
        yield "tables.impute", [row, np.arange(11.0)], {"missing": missing}
        yield "tables.indicators", [row], {"missing": missing}
    yield "tables.impute_text", [TEXTS, np.array(b"z", np.object_)], {"missing": "a"}
    yield "tables.binarise", [row], {"threshold": 0.1}
    bounds = np.array([-7.3, 0.0, 0.1, 0.1, 1.0])
    for side in ("left", "right"):
        yield "tables.ranks", [row.T, bounds, np.array([0, 5])], {"side": side}
        yield "tables.ranks", [np.tile(row.T, (1, 2)), bounds, np.array([0, 2, 5])], {"side": side}
    yield "lookup.bucketize", [_array("float32")], {"boundaries": [-7.3, 0.0, 0.1, 1.0]}
    yield "lookup.bucketize", [_array("int64")], {"boundaries": [-7.0, 1.0, 7.5]}
    yield "tables.stack", [row[0], row[0].astype(np.float32)], {}
    yield "tables.stack", [TEXTS, TEXTS], {}
    yield "tables.matrix", [row, row.astype(np.float32)], {}
    yield "tables.matrix", [row, row.T], {}
    yield "tables.select", [row, np.array([10, 0, -1])], {}
    yield "tables.select", [row, np.array([11])], {}
    yield "tables.pick", [row], {"position": 3}
    keys, values = np.array([5, -1, 2**62], np.int64), np.array([10, 20, 30], np.int64)
    for queries in (_array("int64"), np.array([5, 6], np.int32), np.array([5.0, 5.5])):
        yield "lookup.find", [keys, values, queries, np.array(-1, np.int64)], {}
    yield "lookup.find", [TEXTS, np.arange(8), TEXTS[::-1], np.array(99)], {}


def _strings() -> Iterator[Case]:
    for name in ("lower", "upper", "strip", "length"):
        yield f"strings.{name}", [TEXTS.reshape(2, 4)], {}
    yield "strings.length", [TEXTS], {"characters": True}
    yield "strings.join", [TEXTS, np.array(b"\xff", np.object_), TEXTS[::-1]], {"separator": "é"}
    for pattern in (PUNCTUATION, "[a-c]", r"[\]\\,-/]", "[!]", "[]a]", "[a-]"):
        yield "strings.replace", [TEXTS], {"pattern": pattern, "parts": [], "every": True}
    for separator, most in itertools.product((b"", b" ", b"a", b"aa"), (-1, 1, 2)):
        yield "splitting.split", [TEXTS, np.array(separator, np.object_)], {"most": most}
    splits = np.array([0, 0, 1, 3, 8], np.int64)
    for widths, padding, short in itertools.product(
        ([1], [2], [1, 3]), (("", "", 0), ("<", ">", -1), ("<", "é", 1)), (True, False)
    ):
        options = {"widths": widths, "separator": "é", "padding": list(padding), "keep_short": short}
        yield "splitting.ngrams", [TEXTS, splits], options
    yield "splitting.ngrams", [TEXTS, splits[::-1].copy()], {"widths": [1], "separator": ""}
    yield "unicode.decode", [TEXTS], {"errors": "replace"}
    yield "unicode.transcode", [TEXTS], {"errors": "replace"}
    yield "unicode.encode", [np.array([97, 0x1F600, 0xD800, 0x110000, -1, 0], np.int32), np.array([0, 0, 4, 6])], {}
    for buckets in (1, 7, 2**31):
        yield "hashing.fast", [HASHED], {"buckets": buckets}
        yield "hashing.strong", [HASHED], {"buckets": buckets, "key": [133, -137]}
    for first, second in (
        (HASHED[:70].reshape(-1, 2), np.arange(35)[:, np.newaxis]),
        (_array("int64")[:, np.newaxis],) * 2,
    ):
        yield "hashing.cross", [first, second], {"buckets": 0, "key": 956888297470}
        yield "hashing.cross", [first, second], {"buckets": 11, "key": 956888297470}
    for dtype in ("bool", "uint8", "int32", "int64"):
        yield "literals.from_numbers", [_array(dtype)], {}
    for text, dtype in itertools.product(LITERALS, ("int32", "int64", "float32", "float64")):
        yield "literals.to_numbers", [fill([text])], {"dtype": dtype, "source": "price"}


def _ragged() -> Iterator[Case]:
    values, splits = np.array([4, 0, 2, 2, 9], np.int64), np.array([0, 2, 2, 5], np.int64)
    by_splits, by_rows = {"types": ["ROW_SPLITS"]}, {"types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]}
    for shape in (np.array(-1), np.array([-1, -1]), np.array([-1, 2]), np.array([4, 4])):
        yield "ragged.to_dense", [shape, values, np.array(7), splits], by_splits
        owners = [np.array(3), np.array([0, 0, 2, 2, 2])]
        yield "ragged.to_dense", [shape, TEXTS[:5], np.array(b"-", np.object_), *owners], by_rows
    outer = np.array([0, 1, 3])
    yield "ragged.to_dense", [np.array(-1), values, np.array(7), outer, splits], {"types": ["ROW_SPLITS"] * 2}
    floats = np.array([0.1, 1e9, 0.3, -2.0, 1.0], np.float32)
    for weights, binary in itertools.product((np.empty(0, np.int32), floats), (True, False)):
        yield "ragged.count_ragged", [splits, values, np.array(5), weights], {"binary": binary}
        yield "ragged.count_dense", [values, np.array(5), weights], {"binary": binary}
        yield "ragged.count_dense", [values[np.newaxis], np.array(5), weights[np.newaxis]], {"binary": binary}
    positions = np.array([[0, 1], [1, 0], [1, 2]])
    yield "ragged.dense_of_sparse", [positions, np.array([2, 3]), values[:3], np.array(-1)], {}
    yield "ragged.dense_of_sparse", [positions, np.array([2, 2]), values[:3], np.array(-1)], {}
