"""Cases of TensorFlow Serving's own tests of its JSON, as data: one entry each.

Source: util/json_tensor_test.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.tensors import Array, Signature, TensorSpec

NAN, INF = float("nan"), float("inf")
BIGGEST, TINIEST = b"1.7976931348623157e+308", b"2.2250738585072014e-308"

Shape = tuple[int | None, ...]


def signature(**inputs: tuple[str, Shape]) -> Signature:
    """Return a signature with these inputs and one output."""
    specs = tuple(TensorSpec(name, dtype, shape) for name, (dtype, shape) in inputs.items())
    return Signature("serving_default", specs, (TensorSpec("y", "float32", (None,)),))


def texts(value: Any) -> Array:
    return np.array(value, dtype=np.object_)


INTS = signature(default=("int32", (None, 2)))
FLOATS = signature(default=("float32", (None,)))
DOUBLES = signature(default=("float64", (None,)))
STRINGS = signature(default=("string", (None,)))
LISTS = signature(default=("string", (None, 1)))
NESTED = signature(default=("string", (None, 2, 1)))
FOUR = signature(
    int_tensor=("int32", (None, 3, 2)),
    str_tensor=("string", (None, 2)),
    float_tensor=("float32", (None, 2)),
    dbl_tensor=("float64", (None, 1)),
)
THREE = signature(int_tensor=("int32", (None, 3, 2)), str_tensor=("string", (None,)), bin_tensor=("string", ()))
TWO = signature(int_tensor=("int32", (None, 3, 2)), str_tensor=("string", (None, 2)))
INT3 = signature(int_tensor=("int32", (None, 3, 2)))
SIX = [[1, 2], [3, 4], [5, 6]]

# name: signature, body, the expected tensors
REQUESTS: dict[str, tuple[Signature, bytes, dict[str, Array]]] = {
    "one input without its name": (INTS, b'{"instances": [[1,2],[3,4],[5,6]]}', {"default": np.int32(SIX)}),
    "integers among floats": (
        FLOATS,
        b'{"instances": [1, 2.0, 3, 4, 5.003, 0.007, 0.0]}',
        {"default": np.float32([1, 2, 3, 4, 5.003, 0.007, 0])},
    ),
    "integers among doubles": (
        DOUBLES,
        b'{"instances": [1.0, 2, 3, 4, 0.662, 0, 0.0]}',
        {"default": np.array([1, 2, 3, 4, 0.662, 0, 0])},
    ),
    "an integer that a float rounds": (FLOATS, b'{"instances": [1435774380]}', {"default": np.float32([1435774380])}),
    "the same with a point": (FLOATS, b'{"instances": [1435774380.0]}', {"default": np.float32([1435774380])}),
    "over the largest float": (FLOATS, b'{"instances": [%s]}' % BIGGEST, {"default": np.float32([INF])}),
    "under the smallest float": (FLOATS, b'{"instances": [-%s]}' % BIGGEST, {"default": np.float32([-INF])}),
    "nearer to zero than a float": (FLOATS, b'{"instances": [%s]}' % TINIEST, {"default": np.float32([0.0])}),
    "the same below zero": (FLOATS, b'{"instances": [-%s]}' % TINIEST, {"default": np.float32([-0.0])}),
    "base64 scalars": (
        STRINGS,
        b'{"instances": [{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]}',
        {"default": texts([b"hello", b"world"])},
    ),
    "base64 in lists": (
        LISTS,
        b'{"instances": [[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]]}',
        {"default": texts([[b"hello"], [b"world"]])},
    ),
    "base64 in a named input": (
        NESTED,
        b'{"instances": [{"default": [[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]]}]}',
        {"default": texts([[[b"hello"], [b"world"]]])},
    ),
    "rows of several inputs, with tokens": (
        FOUR,
        b"""{"instances": [
          {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"], "float_tensor": [1.0, NaN],
           "dbl_tensor": [NaN]},
          {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"], "float_tensor": [2.0, Infinity],
           "dbl_tensor": [2.0]}]}""",
        {
            "int_tensor": np.int32([SIX, [[7, 8], [9, 0], [1, 2]]]),
            "str_tensor": texts([[b"foo", b"bar"], [b"baz", b"bat"]]),
            "float_tensor": np.float32([[1, NAN], [2, INF]]),
            "dbl_tensor": np.array([[NAN], [2.0]]),
        },
    ),
    "a column by name": (INT3, b'{"inputs": {"int_tensor": [[[1,2],[3,4],[5,6]]]}}', {"int_tensor": np.int32([SIX])}),
    "the only column": (INT3, b'{"inputs": [[[1,2],[3,4],[5,6]]]}', {"int_tensor": np.int32([SIX])}),
    "columns of several inputs": (
        THREE,
        b"""{"inputs": {"int_tensor": [[[1,2],[3,4],[5,6]]], "str_tensor": ["foo", "bar"],
             "bin_tensor": {"b64": "aGVsbG8="}}}""",
        {"int_tensor": np.int32([SIX]), "str_tensor": texts([b"foo", b"bar"]), "bin_tensor": texts(b"hello")},
    ),
    # Further cases, which TensorFlow Serving's tests do not have.
    "a minus before a token": (FLOATS, b'{"instances": [-Infinity, NaN]}', {"default": np.float32([-INF, NAN])}),
    "a token inside a string": (
        signature(a=("string", (None,)), b=("float32", (None,))),
        rb'{"instances": [{"a": "\"NaN\\", "b": NaN}]}',
        {"a": texts([b'"NaN\\']), "b": np.float32([NAN])},
    ),
    "a big integer beside a token": (
        DOUBLES,
        b'{"instances": [123456789012345678901234567890, NaN]}',
        {"default": np.array([123456789012345678901234567890.0, NAN])},
    ),
    "numbers for a column of one": (
        signature(x=("float32", (None, 1))),
        b'{"instances": [1.0, 2.0]}',
        {"x": np.float32([[1], [2]])},
    ),
    "more columns than inputs": (FLOATS, b'{"inputs": {"default": [1], "other": "x"}}', {"default": np.float32([1])}),
}

DEEP = b"[" * 500_000 + b"]" * 500_000

# name: signature, body, the expected part of the message
REFUSALS: dict[str, tuple[Signature, bytes, str]] = {
    "no body": (INTS, b"", "JSON Parse error: The document is empty"),
    "no JSON": (INTS, b"instances = [1, 2]", "JSON Parse error: Invalid value"),
    "no object": (INTS, b"[1, 2]", "JSON Value: [1, 2] Is not object"),
    "a number for the signature": (INTS, b'{"signature_name": 5, "instances": [[1,2]]}', "key must be a string value"),
    "an unknown signature": (
        INTS,
        b'{"signature_name": "z", "instances": [[1,2]]}',
        'Serving signature name: "z" not found in signature def',
    ),
    "rows and columns": (INTS, b'{"instances": [[1,2]], "inputs": [[1,2]]}', "Not formatted correctly expecting only"),
    "neither": (INTS, b'{"instance": [[1,2]]}', "Missing 'inputs' or 'instances' key"),
    "an object of instances": (INTS, b'{"instances": {"default": 1}}', "Expecting 'instances' to be an list/array"),
    "no instances": (INTS, b'{"instances": []}', "No values in 'instances' array"),
    "a longer row": (INTS, b'{"instances": [[1,2],[3,4],[5,6,7]]}', "Expecting tensor size: 2 but got: 3"),
    "a deeper row": (INTS, b'{"instances": [[1,2],[3,4],[[5,6]]]}', "Expecting shape [2] but got: [1,2]"),
    "a number, then a list": (INTS, b'{"instances": [1, [1]]}', "Expecting shape [] but got: [1]"),
    "strings for integers": (
        INTS,
        b'{"instances": [[1,2],["a", "b"]]}',
        'JSON Value: "a" Type: String is not of expected type: int32',
    ),
    "1.0 for an integer": (
        INTS,
        b'{"instances": [[1,2.0]]}',
        "JSON Value: 2.0 Type: Number is not of expected type: int32",
    ),
    "an integer too large": (INTS, b'{"instances": [[1,2147483648]]}', "is not of expected type: int32"),
    "a boolean for an integer": (
        INTS,
        b'{"instances": [[1,true]]}',
        "JSON Value: true Type: True is not of expected type: int32",
    ),
    "a boolean among floats": (
        FLOATS,
        b'{"inputs": [1.5, false]}',
        "JSON Value: false Type: False is not of expected type: float",
    ),
    "null": (FLOATS, b'{"inputs": [null]}', "JSON Value: null Type: Null is not of expected type: float"),
    "base64 for a number": (FLOATS, b'{"inputs": {"b64": "AACAPw=="}}', "Type: Object is not of expected type: float"),
    "invalid base64": (STRINGS, b'{"inputs": [{"b64": "?"}]}', "Unable to base64 decode"),
    "an object for a string": (
        STRINGS,
        b'{"inputs": [{"b65": "aGVsbG8="}]}',
        "not formatted correctly for base64 data",
    ),
    "an uneven column": (
        INTS,
        b'{"inputs": [[1,2],[3]]}',
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    ),
    "a list in a list of numbers": (
        FLOATS,
        b'{"inputs": [1, [2]]}',
        "Encountered list at unexpected level: 1 expected < 1",
    ),
    "a number in a list of lists": (
        INTS,
        b'{"inputs": [[1,2], 3]}',
        "found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
    ),
    "another shape in a named row": (
        TWO,
        b"""{"instances": [{"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"]},
             {"int_tensor": [[[7,8],[9,0],[1,2]]], "str_tensor": ["baz", "bat"]}]}""",
        "Expecting shape [3,2] but got: [1,3,2]",
    ),
    "another size in a named row": (
        TWO,
        b"""{"instances": [{"int_tensor": [[1,2],[3,4],[5,6],[7,8]], "str_tensor": ["foo", "bar"]},
             {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"]}]}""",
        "Failed to process element: 1 key: int_tensor of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting tensor size: 8 but got: 6",
    ),
    "a list among objects": (
        TWO,
        b'{"instances": [{"int_tensor": [[1,2]], "str_tensor": ["a"]}, [1, 20, 30]]}',
        "Expecting object but got list at item 1 of input list",
    ),
    "an object among lists": (
        signature(str_tensor=("string", (None, 2))),
        b'{"instances": [["baz", "bar"], {"str_tensor": ["baz", "bat"]}]}',
        "Expecting value/list but got object at item 1 of input list",
    ),
    "lists for several inputs": (
        TWO,
        b'{"instances": [[1, 2]]}',
        "instances is a plain list, but expecting list of objects",
    ),
    "a list of columns for several": (
        TWO,
        b'{"inputs": [[1, 2]]}',
        "inputs is a plain value/list, but expecting an object",
    ),
    "a row without an input": (
        TWO,
        b'{"instances": [{"int_tensor": [[1,2]]}]}',
        "keys must be equal to: int_tensor,str_tensor",
    ),
    "a row with an unknown input": (TWO, b'{"instances": [{"foo": 1}]}', "JSON object: does not have named input: foo"),
    "a column that is missing": (
        TWO,
        b'{"inputs": {"int_tensor": [[[1,2]]]}}',
        "Missing named input: str_tensor in 'inputs' object.",
    ),
    # TensorFlow Serving accepts any depth; here it is limited.
    "a deep unknown key": (INTS, b'{"instances": [[1,2]], "nested": %s}' % DEEP, "JSON Parse error: Invalid value"),
    "a deep signature": (INTS, b'{"signature_name": %s}' % DEEP, "JSON Parse error: Invalid value"),
    "a deep tensor": (INTS, b'{"instances": %s}' % (b"[" * 900 + b"]" * 900), "nested"),
    "a deep tensor with a token": (
        INTS,
        b'{"x": NaN, "inputs": %s}' % (b"[" * 1010 + b"]" * 1010),
        "nested",
    ),
    "a token in the deep": (INTS, b'{"x": NaN, "y": %s' % DEEP, "JSON Parse error: Invalid value"),
    "400 digits": (FLOATS, b'{"inputs": [%s]}' % (b"9" * 400), "JSON Parse error: Invalid value"),
    "400 digits beside a token": (FLOATS, b'{"inputs": [NaN, %s]}' % (b"9" * 400), "JSON Parse error: Invalid value"),
    "1e999": (FLOATS, b'{"inputs": [1e999]}', "JSON Parse error: Invalid value"),
    "1e999 beside a token": (FLOATS, b'{"inputs": [NaN, 1e999]}', "JSON Parse error: Invalid value"),
    "half a pair beside a token": (FLOATS, rb'{"inputs": ["\ud800", NaN]}', "JSON Parse error: Invalid value"),
    "no input to fill": (signature(), b'{"inputs": [1]}', "Failed to get input map for signature: serving_default"),
    "base64 for several inputs": (TWO, b'{"instances": [{"b64": "aGVsbG8="}]}', "does not have named input: b64"),
    "0 for a boolean": (
        signature(f=("bool", (None,))),
        b'{"inputs": [true, 0]}',
        "JSON Value: 0 Type: Number is not of",
    ),
    "an empty row": (FLOATS, b'{"instances": [[]]}', "empty"),
    "NaN for an integer": (INTS, b'{"inputs": [NaN]}', "JSON Value: NaN Type: Number is not of expected type: int32"),
    "an open string full of quotes": (INTS, b'{"x": NaN, "' + rb"\"" * 100_000, "JSON Parse error: Invalid value"),
}

MANY: dict[str, Array] = {
    "double_scalar_tensor": np.array([8.0, 9.0]),
    "float_tensor": np.float32([[1], [2]]),
    "int_tensor": np.int32([SIX, [[7, 8], [9, 0], [1, 2]]]),
    "str_tensor": texts([[b"foo", b"bar"], [b"baz", b"bat"]]),
    "str_tensor_bytes": texts([[b"hello", b"world"], [b"tf", b"serving"]]),
}
ENCODED = [[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}], [{"b64": "dGY="}, {"b64": "c2VydmluZw=="}]]

# name: format, outputs, the response as the standard library parses it
ANSWERS: dict[str, tuple[str, dict[str, Array], Any]] = {
    "rows of integers": ("rows", {"n": MANY["int_tensor"]}, {"predictions": [SIX, [[7, 8], [9, 0], [1, 2]]]}),
    "columns of integers": ("columns", {"n": MANY["int_tensor"]}, {"outputs": [SIX, [[7, 8], [9, 0], [1, 2]]]}),
    "rows of scalars": ("rows", {"n": np.int32([1, 2, 3, 4, 5])}, {"predictions": [1, 2, 3, 4, 5]}),
    "columns of scalars": ("columns", {"n": np.int32([1, 2, 3, 4, 5])}, {"outputs": [1, 2, 3, 4, 5]}),
    "bytes": ("rows", {"s_bytes": MANY["str_tensor_bytes"]}, {"predictions": ENCODED}),
    "six digits": (
        "rows",
        {"f": np.float32([[9000000, 999999, 0.5], [0.0003, 0.00003, 555557.5]])},
        {"predictions": [[9e06, 999999.0, 0.5], [0.0003, 3e-05, 555557.5]]},
    ),
    "not finite": (
        "rows",
        {"f": np.float32([[NAN, INF], [3, -INF]])},
        {"predictions": [[NAN, INF], [3.0, -INF]]},
    ),
    "rows of several outputs": (
        "rows",
        MANY,
        {
            "predictions": [
                {
                    "double_scalar_tensor": 8.0,
                    "float_tensor": [1.0],
                    "int_tensor": SIX,
                    "str_tensor": ["foo", "bar"],
                    "str_tensor_bytes": ENCODED[0],
                },
                {
                    "double_scalar_tensor": 9.0,
                    "float_tensor": [2.0],
                    "int_tensor": [[7, 8], [9, 0], [1, 2]],
                    "str_tensor": ["baz", "bat"],
                    "str_tensor_bytes": ENCODED[1],
                },
            ]
        },
    ),
    "columns of several outputs": (
        "columns",
        MANY,
        {
            "outputs": {
                "double_scalar_tensor": [8.0, 9.0],
                "float_tensor": [[1.0], [2.0]],
                "int_tensor": [SIX, [[7, 8], [9, 0], [1, 2]]],
                "str_tensor": [["foo", "bar"], ["baz", "bat"]],
                "str_tensor_bytes": ENCODED,
            }
        },
    ),
    "no rows": ("rows", {"n": np.zeros((0, 2), np.int32)}, {"predictions": []}),
    "no rows of several outputs": (
        "rows",
        {"s": np.empty((0, 1, 2), np.object_), "f": np.zeros((0, 3, 4), np.float32)},
        {"predictions": []},
    ),
    # Further cases.
    "not finite in several outputs": (
        "rows",
        {"a": np.array([0.2, NAN], np.float32), "b": np.array([[INF], [1]], np.float16)},
        {"predictions": [{"a": 0.2, "b": [INF]}, {"a": NAN, "b": [1.0]}]},
    ),
    "a scalar output": ("columns", {"f": np.array(-INF, np.float32)}, {"outputs": -INF}),
    "a string that is not UTF-8": (
        "rows",
        {"s": texts([b"\xff", b"null"])},
        {"predictions": [{"b64": "/w=="}, "null"]},
    ),
    "booleans": (
        "rows",
        {"a": np.array([True]), "b": np.array([[False]])},
        {"predictions": [{"a": True, "b": [False]}]},
    ),
}

# name: outputs as rows, the expected part of the message
UNANSWERABLE: dict[str, tuple[dict[str, Array], str]] = {
    "no outputs": ({}, "Cannot convert empty tensor map to JSON"),
    "no rows to count": ({"t": np.array(1, np.int32)}, "Tensor name: t has no shape information"),
    "two batches": (
        {"i": np.zeros((2, 3), np.int32), "s": texts([[b"foo", b"bar", b"baz"]])},
        "Tensor name: s has inconsistent batch size: 1 expecting: 2",
    ),
    "one batch empty": (
        {"i": np.zeros((0, 2), np.int32), "s": texts([[b"foo", b"bar"]])},
        "Tensor name: s has inconsistent batch size: 1 expecting: 0",
    ),
}
