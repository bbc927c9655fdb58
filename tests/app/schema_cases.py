"""Models of every kind of input, with requests that they accept and refuse.

A request is refused for its shape, its JSON types, or a missing or unknown name: JSON Schema can express these.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.inputs import gaps
from lightship.tensors import TensorSpec
from tests.inputs.tabular.customers import CUSTOMERS, ROW, typed
from tests.protocols.right_requests import png

B64 = {"b64": base64.b64encode(np.float32([1, 2]).tobytes()).decode()}
PICTURE = base64.b64encode(png()).decode()
NUMBERS = {"type": "tabular", "columns": ["age", "size"]}
TEXT = {"type": "text", "tokenizer": "vocab.txt", "length": 8, "max_bytes": 20}
PLAIN_ROW = {"age": 1, "size": 2.5}
DIGITS = typed([{"name": "plan", "type": "category", "values": ["1", "b"]}, "age"], width=2)
FILLED = typed(
    [{"name": name, "type": "category", "values": ["a", "b"], "missing": "default", "default": "a"} for name in "pq"],
    width=2,
)


def x(dtype: str, *shape: int | None, kind: Any = None) -> TensorSpec:
    return TensorSpec("x", dtype, shape, kind)


@dataclass(frozen=True)
class Model:
    """The inputs of a model, and native values that it accepts and refuses."""

    inputs: tuple[TensorSpec, ...]
    accepted: tuple[Any, ...]
    refused: tuple[Any, ...]


def one(spec: TensorSpec, accepted: list[Any], refused: list[Any]) -> Model:
    """Return a model of one input; each value is also sent by the input's name."""
    named = [{"x": value} for value in accepted if not _is_named(value)]
    return Model((spec,), (*accepted, *named), (*refused, {"y": accepted[0]}))


def _is_named(value: Any) -> bool:
    """Return whether a value is rows with the input's name."""
    return isinstance(value, list) and isinstance(value[0], dict) and "x" in value[0]


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def columns(row: dict[str, Any]) -> dict[str, Any]:
    return {name: [value, value] for name, value in row.items()}


SEVERAL = (
    TensorSpec("age", "float64", (None,)),
    TensorSpec("income", "float64", (None,), gaps.NUMBERS),
    TensorSpec("city", "string", (None,), gaps.STRING),
    TensorSpec("garden", "float32", (None, 1), {**gaps.BOOLEAN, "missing": "nan"}),
    TensorSpec("note", "string", (None, 1)),
    TensorSpec("client", "float32", (None, 10), CUSTOMERS.kind),
)
CLIENT = without(ROW, "income", "smoker")
FULL = {"age": 1, "income": None, "city": "Bern", "garden": True, "note": "a", "client": ROW}
LEAST = {"age": 1, "note": "a", "client": CLIENT}
LEAST_COLUMNS = {"age": [1, 2], "note": ["a", "b"], "client": columns(CLIENT)}
OPTIONAL = SEVERAL[1:4]

MODELS: dict[str, Model] = {
    "scalar": one(x("float32"), [2.5], [[1], "a", None]),
    "fixed": one(x("float32", 2), [[1, 2]], [[1], [[1, 2]], 1]),
    "numbers": one(x("float32", None), [1.5, [1, 2, 3], [{"x": 1}, {"x": 2}], B64], ["1", None, [True], [[1]], []]),
    "table": one(x("float32", None, 2), [[1, 2], [[1, 2]] * 3, [{"x": [1, 2]}], B64], [1, [[1]], [[1, None]], ["a"]]),
    "column": one(x("float32", None, 1), [[1], [1, 2, 3], [[1], [2]], [{"x": 1}]], [1, [[1, 2]], [[[1]]], []]),
    "volume": one(x("int32", None, 2, None), [[[1], [2]], [[[1, 2], [3, 4]]]], [[1, 2], [[1, 1.5], [2, 2]], [2**31]]),
    "bytes": one(x("uint8", None, 1), [[0, 255], [[1]]], [[256], [-1], [1.5], [True]]),
    "flags": one(x("bool", None, 2), [[True, False], [[True, True]]], [[1, 0], [[True]], "true"]),
    "words": one(x("string", None), ["a", ["a", "b"], [{"b64": "/w=="}], {"b64": "/w=="}], [[1], [None], [["a"]], []]),
    "texts": one(x("string", None, 1), [["a"], ["a", "b"], [["a"], ["b"]], [{"x": "a"}]], ["a", [["a", "b"]], [1]]),
    "gapped": one(x("float32", None, 2, kind=gaps.NUMBERS), [[1, None], [[None, None]], B64], [None, [None], ["a", 1]]),
    "optional": one(x("float64", None, kind=gaps.NUMBERS), [[1, None], 1, [{"x": None}]], [["a"], [[1]]]),
    "default": one(x("string", None, kind=gaps.STRING), ["a", ["a", None], [{"x": None}]], [[1], [["a"]]]),
    "defaults": one(x("string", None, 1, kind=gaps.STRING), [["a", None], [["a"], [None]]], [[1], [["a", "b"]]]),
    "boolean": one(x("float64", None, kind=gaps.BOOLEAN), [True, 0, [True, 1, 0.0]], [2, [None], ["true"], [[True]]]),
    "maybe": one(
        x("float32", None, 1, kind={**gaps.BOOLEAN, "missing": "nan"}),
        [[True, None], [[True], [None]], [{"x": None}]],
        [[2], ["a"], [[True, False]]],
    ),
    "tokens": one(x("string", None, kind=TEXT), ["a", ["a", "b"], [{"x": "a"}]], ["a" * 21, [1], None, [["a"]], []]),
    "image": one(
        x("float32", None, 2, 2, kind={"type": "image", "mode": "L"}),
        [PICTURE, [PICTURE, PICTURE], {"b64": PICTURE}, [{"b64": PICTURE}], [[1, 2], [3, 4]], [{"x": PICTURE}]],
        [1, [[1, 2]], [PICTURE, 1], [{"x": 1}], []],
    ),
    "named": one(
        x("float32", None, 2, kind=NUMBERS),
        [[1, 2], PLAIN_ROW, [PLAIN_ROW] * 2, columns(PLAIN_ROW), B64, [{"x": PLAIN_ROW}], [{"x": [1, 2]}]],
        [{"age": 1}, [{"age": 1}], {"age": [1]}, [PLAIN_ROW | {"z": 1}], [PLAIN_ROW | {"age": "1"}], [[1]]],
    ),
    "named counts": one(
        x("int8", None, 2, kind=NUMBERS),
        [[1, 2], {"age": 1, "size": -2}, columns({"age": 1, "size": 2})],
        [PLAIN_ROW, {"age": 1, "size": 128}],
    ),
    "named words": one(
        x("string", None, 2, kind=NUMBERS),
        [["a", "b"], {"age": "a", "size": "b"}, [{"age": {"b64": "/w=="}, "size": ""}]],
        [PLAIN_ROW, {"age": None, "size": ""}],
    ),
    "gapped table": one(
        x("float32", None, 2, kind=gaps.table(["age", "size"], ["size"])),
        [PLAIN_ROW, {"age": 1}, [{"age": 1}, {"age": 1, "size": None}], {"age": [1, 2]}, [[1, None]]],
        [{"size": 1}, [{"age": None}], [{"age": 1, "z": 1}], {"age": []}],
    ),
    "customers": one(
        CUSTOMERS,
        [ROW, CLIENT, [ROW, CLIENT], columns(CLIENT), [ROW | {"smoker": 0, "income": None, "plan": 2}], [{"x": ROW}]],
        [
            without(ROW, "age"),
            [ROW | {"smoker": "yes"}],
            [ROW | {"city": None}],
            [ROW | {"z": 1}],
            columns(ROW) | {"age": 1},
        ],
    ),
    "digits": one(
        DIGITS, [[{"plan": 1, "age": 1}, {"plan": "b", "age": 2}]], [[{"plan": 2, "age": 1}], {"plan": None}]
    ),
    "filled": one(FILLED, [{"p": "a"}, [{"q": "b"}, {"p": None}], {"q": ["a", "b"]}], [[{"p": "c"}], {"q": []}]),
    "several": Model(
        SEVERAL,
        (LEAST_COLUMNS, columns(without(FULL, "client")) | {"client": [ROW, CLIENT]}, [FULL, LEAST], [LEAST]),
        (
            without(LEAST_COLUMNS, "age"),
            without(LEAST_COLUMNS, "client"),
            LEAST_COLUMNS | {"z": [1, 2]},
            LEAST_COLUMNS | {"client": columns(without(CLIENT, "age"))},
            [without(LEAST, "note")],
            [LEAST | {"age": None}],
            [LEAST | {"client": None}],
            [FULL, LEAST | {"z": 1}],
            [1],
            [],
            {},
        ),
    ),
    "all optional": Model(
        OPTIONAL,
        ({}, [{}], {"income": [1, None]}, {"city": ["a"], "garden": [True]}, [{"income": 1}, {"city": "a"}]),
        ({"z": [1]}, [{"z": 1}], [], {"income": ["a"]}, None),
    ),
}
