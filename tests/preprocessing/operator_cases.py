"""Calls of TensorFlow's operators that numpy must reproduce."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightship.preprocessing.operators.texts.strings import fill
from tests.preprocessing.adversarial_texts import texts

TEXTS = fill(texts())
SHORT = fill([text for text in texts() if len(text) < 2000])
_RANDOM = random.Random(7)
ASCII = fill(["".join(_RANDOM.choices("ab1 ,.-_\n\t", k=_RANDOM.randrange(40))).encode() for _ in range(300)])
PUNCTUATION = r"""[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']"""


@dataclass(frozen=True)
class Case:
    """A call of a raw operator.

    ``inputs`` are its tensors in order; those of ``constants`` are constants of the graph; ``lists`` names the inputs
    that are passed as one list.
    """

    operator: str
    inputs: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: Sequence[str] = ()
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)


def _of_texts(operator: str, inputs: Any = TEXTS, **attributes: Any) -> Case:
    return Case(operator, {"input": inputs}, attributes)


def _of_numbers(values: Sequence[bytes], dtype: str) -> Case:
    return Case("StringToNumber", {"string_tensor": fill(values)}, {"out_type": dtype})


def _replaced(pattern: str, rewrite: str = "", **attributes: Any) -> Case:
    return _of_texts("StaticRegexReplace", SHORT, pattern=pattern, rewrite=rewrite, **attributes)


def _split(separator: bytes, most: int = -1, inputs: Any = TEXTS) -> Case:
    return Case("StringSplitV2", {"input": inputs, "sep": np.array(separator, np.object_)}, {"maxsplit": most})


def _grams(widths: Sequence[int], **attributes: Any) -> Case:
    splits = np.array([0, 0, 1, 3, 3, 8, 20, 21], np.int64)
    defaults = {
        "separator": " ",
        "left_pad": "",
        "right_pad": "",
        "pad_width": 0,
        "preserve_short_sequences": False,
    }
    return Case(
        "StringNGrams",
        {"data": SHORT[20:41], "data_splits": splits},
        {"ngram_widths": list(widths), **defaults, **attributes},
    )


def _decoded(errors: str, inputs: Any = TEXTS) -> Case:
    return _of_texts("UnicodeDecode", inputs, input_encoding="UTF-8", errors=errors)


def _matched(pattern: str) -> Case:
    near = ["aabc", "aab", "aabbbbc", "a{2}b", "a{b}{,3}{2,x}", "ab", "\u00e9", "]"]
    return _of_texts("StaticRegexFullMatch", fill([text.encode() for text in near]), pattern=pattern)


STRINGS = {
    "lower": _of_texts("StringLower"),
    "lower of matrix": _of_texts("StringLower", SHORT[:300].reshape(3, 100)),
    "lower of scalar": _of_texts("StringLower", np.array(b"\xffAb", np.object_)),
    "lower of none": _of_texts("StringLower", SHORT[:0]),
    "upper": _of_texts("StringUpper"),
    "strip": _of_texts("StringStrip"),
    "length in bytes": _of_texts("StringLength"),
    "length in characters": _of_texts("StringLength", unit="UTF8_CHAR"),
    "join": Case("StringJoin", {"a": SHORT, "b": SHORT[::-1]}, {"separator": "\u00e9"}, lists={"inputs": ("a", "b")}),
    "join with scalar": Case(
        "StringJoin", {"a": SHORT, "b": np.array(b"\xff", np.object_)}, {"separator": ""}, lists={"inputs": ("a", "b")}
    ),
    "split": _split(b""),
    "split once": _split(b"", 1),
    "split twice": _split(b"", 2),
    "split at comma": _split(b",", inputs=ASCII),
    "split at comma once": _split(b",", 1, ASCII),
    "split at two bytes": _split(b"a ", inputs=ASCII),
    "split none": _split(b"", inputs=SHORT[:0]),
    "split empty texts": _split(b",", inputs=fill([b"", b",", b",,"])),
    "bigrams": _grams([2]),
    "one to three grams": _grams([1, 2, 3], separator="\u00e9"),
    "two and five grams": _grams([2, 5]),
    "grams with padding": _grams([1, 3], left_pad="<", right_pad=">", pad_width=-1),
    "grams with one padding": _grams([2, 4], left_pad="<", right_pad=">", pad_width=1),
    "grams of short rows": _grams([4, 6], preserve_short_sequences=True),
    "padded grams of short rows": _grams([5], left_pad="<", right_pad=">", pad_width=1, preserve_short_sequences=True),
    "decode": _decoded("replace"),
    "decode and ignore": _decoded("ignore"),
    "decode valid": _decoded("strict", fill(["\u65e5a\U0001f600".encode(), b""])),
    "encode": Case(
        "UnicodeEncode",
        {
            "input_values": np.array([97, 0x1F600, 0xD800, 0x110000, -1, 0xFFFD, 0, 0x10FFFF], np.int32),
            "input_splits": np.array([0, 0, 3, 8, 8], np.int64),
        },
        {"output_encoding": "UTF-8"},
    ),
    "transcode": _of_texts(
        "UnicodeTranscode", input_encoding="UTF-8", output_encoding="UTF-8", replace_control_characters=False
    ),
}
PATTERNS = {
    "punctuation": _replaced(PUNCTUATION),
    "punctuation becomes space": _replaced(PUNCTUATION, " "),
    "escaped punctuation": _replaced(f"[{''.join(chr(92) + each for each in string.punctuation)}]"),
    "named class": _replaced("[[:punct:]]", "-"),
    "tags of line breaks": _replaced("<br />", " "),
    "spaces": _replaced(r"\s+", " "),
    "other than characters": _replaced("[^a-zA-Z ]", ""),
    "other than characters and digits": _replaced(r"[^\w\s]+", "."),
    "not digits": _replaced(r"\D+", "#"),
    "any character": _replaced(".", "x"),
    "first only": _replaced("[aeiou]", "*", replace_global=False),
    "groups": _replaced(r"(\w)(\d)", r"<\2\1\0>\\"),
    "alternatives": _replaced("foo|ba[rz]|quick", "X"),
    "limited": _replaced("a{2,3}", "A"),
    "optional": _replaced("https?:", "u"),
    "mention": _replaced(r"@\w+", ""),
    "not ASCII": _replaced("\u00e9|\u65e5", "e"),
    "start": _replaced("^a", "A"),
    "end": _replaced("[a-z]$", "Z"),
    "spaces of ASCII": Case(
        "RegexReplace",
        {"input": ASCII, "pattern": np.array(rb"[\s,]+", np.object_), "rewrite": np.array(b" ", np.object_)},
        constants=("pattern", "rewrite"),
    ),
    "full match": _of_texts("StaticRegexFullMatch", ASCII, pattern="[a-b1 ,]*"),
    "full match of words": _of_texts("StaticRegexFullMatch", SHORT, pattern=r"a|\w+"),
    "full match of limited repetitions": _matched("a{2}b{1,3}c{0,}"),
    "full match of braces": _matched("a{b}{,3}{2,x}"),
    "full match of no ASCII": _matched("[^\x00-\x7f]+"),
    "full match of nothing": _of_texts("StaticRegexFullMatch", SHORT, pattern=""),
}
_LONG = fill([bytes(_RANDOM.randbytes(size)) for size in range(300)] + [_RANDOM.randbytes(5000), b"", b"\x00"])
_INTEGERS = np.array([0, 1, -1, 7, 2**63 - 1, -(2**63), 12345678901], np.int64)
_COLUMN = SHORT[:60].reshape(20, 3)
_NUMBERS_AS_TEXTS = [b"1", b" 2 ", b"-3", b"+4", b"007", b"\t5\n", b"-0"]
_FLOATS_AS_TEXTS = [*_NUMBERS_AS_TEXTS, b"1.5", b".5", b"5.", b"1e3", b"-2E-3", b"inf", b"-Infinity", b"NaN", b"1e39"]
_MANY = fill([_RANDOM.randbytes(number % size) for size in (4, 200) for number in range(4000)])  # hashed in groups


def _crossed(*columns: Any, **attributes: Any) -> Case:
    inputs = {f"column_{index}": column for index, column in enumerate(columns)}
    fixed = {
        "indices": [],
        "values": [],
        "shapes": [],
        "hashed_output": True,
        "num_buckets": 1000,
        "hash_key": 956888297470,
        "out_type": "int64",
        "internal_type": "int64",
    }
    return Case("SparseCross", inputs, {**fixed, **attributes}, lists={"dense_inputs": tuple(inputs)})


HASHES = {
    "texts as floats": _of_numbers(_FLOATS_AS_TEXTS, "float32"),
    "texts as wide floats": _of_numbers(_FLOATS_AS_TEXTS, "float64"),
    "texts as integers": _of_numbers(_NUMBERS_AS_TEXTS, "int32"),
    "texts as wide integers": _of_numbers([*_NUMBERS_AS_TEXTS, b"-9223372036854775808"], "int64"),
    "fast": _of_texts("StringToHashBucketFast", TEXTS, num_buckets=997),
    "fast of every length": _of_texts("StringToHashBucketFast", _LONG, num_buckets=2**62),
    "strong": _of_texts("StringToHashBucketStrong", TEXTS, num_buckets=997, key=[5, 5]),
    "strong of every length": _of_texts("StringToHashBucketStrong", _LONG, num_buckets=2**62, key=[-3, 2**63 - 1]),
    "integers as texts": _of_texts("AsString", _INTEGERS),
    "bytes as texts": _of_texts("AsString", np.arange(-128, 128).astype(np.int8)),
    "booleans as texts": _of_texts("AsString", np.array([True, False])),
    "floats as texts": _of_texts("AsString", np.array([0.1, 1e10, -1e-9, np.inf, -np.inf, np.nan, 3.0], np.float32)),
    "floats with precision": _of_texts("AsString", np.array([0.125, 2.5, -1e-9]), precision=2),
    "scientific floats": _of_texts("AsString", np.array([0.125, 2.5e100]), scientific=True),
    "fast of many": _of_texts("StringToHashBucketFast", _MANY, num_buckets=2**62),
    "strong of many": _of_texts("StringToHashBucketStrong", _MANY, num_buckets=2**62, key=[-3, 2**63 - 1]),
    "cross": _crossed(_COLUMN, np.arange(-20, 20).reshape(20, 2)),
    "cross of few": _crossed(_COLUMN[:2], np.array([[-5], [2**63 - 1]])),
    "cross of none": _crossed(_COLUMN[:0], np.zeros((0, 2), np.int64)),
    "cross without buckets": _crossed(_COLUMN, _COLUMN, num_buckets=0),
    "cross of few without buckets": _crossed(_COLUMN[:1], num_buckets=0),
}
_KEYS = np.array([3, -1, 3, 0, 7, 2, 2, 9, 1], np.int64)
_SPLITS = np.array([0, 2, 2, 6, 9], np.int64)
_NO_WEIGHTS = np.array([], np.float32)


def _ragged(shape: Any, values: Any, partitions: Mapping[str, Any], types: Sequence[str]) -> Case:
    default = np.array(b"" if values.dtype == np.object_ else 0, values.dtype)
    return Case(
        "RaggedTensorToTensor",
        {"shape": np.array(shape, np.int64), "values": values, "default_value": default, **partitions},
        {"row_partition_types": list(types)},
        constants=("shape",),
        lists={"row_partition_tensors": tuple(partitions)},
    )


def _row_ids(rows: int, *ids: Any) -> dict[str, Any]:
    return {"rows": np.array(rows, np.int64)} | {
        f"ids{index}": np.array(each, np.int64) for index, each in enumerate(ids)
    }


_IDS = ("FIRST_DIM_SIZE", "VALUE_ROWIDS")
_NUMBERS = np.arange(6, dtype=np.float32) + 1
RAGGED = {
    "row ids": _ragged([-1, -1], _NUMBERS, _row_ids(4, [0, 0, 2, 2, 2, 3]), _IDS),
    "row ids cut": _ragged([-1, 2], _NUMBERS, _row_ids(4, [0, 0, 2, 2, 2, 3]), _IDS),
    "row ids padded": _ragged([6, 5], _NUMBERS, _row_ids(4, [0, 0, 2, 2, 2, 3]), _IDS),
    "row ids of none": _ragged([-1, -1], _NUMBERS[:0], _row_ids(0, []), _IDS),
    "row ids of empty rows": _ragged([-1, -1], _NUMBERS[:0], _row_ids(3, []), _IDS),
    "unknown rank": _ragged(-1, _NUMBERS, _row_ids(4, [0, 0, 2, 2, 2, 3]), _IDS),
    "texts": _ragged([-1, -1], TEXTS[:6], _row_ids(4, [0, 0, 2, 2, 2, 3]), _IDS),
    "inner values": _ragged([-1, -1, -1], _NUMBERS.reshape(3, 2), _row_ids(3, [0, 2, 2]), _IDS),
    "three dimensions": _ragged([-1, -1, 2], _NUMBERS, _row_ids(2, [0, 1, 1], [0, 0, 0, 1, 2, 2]), (*_IDS, _IDS[1])),
    "row splits": _ragged([-1, -1], _NUMBERS, {"splits": np.array([0, 2, 2, 5, 6], np.int64)}, ["ROW_SPLITS"]),
    "row splits twice": _ragged(
        [-1, -1, -1],
        _NUMBERS,
        {"outer": np.array([0, 1, 3], np.int64), "inner": np.array([0, 3, 4, 6], np.int64)},
        ["ROW_SPLITS", "ROW_SPLITS"],
    ),
    "count ragged": Case(
        "RaggedBincount",
        {"splits": _SPLITS, "values": abs(_KEYS), "size": np.array(8, np.int64), "weights": _NO_WEIGHTS},
    ),
    "count ragged binary": Case(
        "RaggedBincount",
        {"splits": _SPLITS, "values": abs(_KEYS), "size": np.array(8, np.int64), "weights": _NO_WEIGHTS},
        {"binary_output": True},
    ),
    "count vector": Case(
        "DenseBincount", {"input": abs(_KEYS), "size": np.array(4, np.int64), "weights": np.array([], np.int64)}
    ),
    "count vector with weights": Case(
        "DenseBincount", {"input": abs(_KEYS), "size": np.array(11, np.int64), "weights": np.ones(9, np.float32) / 2}
    ),
    "count matrix": Case(
        "DenseBincount",
        {"input": abs(_KEYS).reshape(3, 3), "size": np.array(4, np.int64), "weights": _NO_WEIGHTS},
    ),
    "count matrix binary": Case(
        "DenseBincount",
        {"input": abs(_KEYS).reshape(3, 3), "size": np.array(10, np.int64), "weights": _NO_WEIGHTS},
        {"binary_output": True},
    ),
    "dense of sparse": Case(
        "SparseToDense",
        {
            "sparse_indices": np.array([[0, 1], [2, 0]], np.int64),
            "output_shape": np.array([3, 2], np.int64),
            "sparse_values": np.array([5, 6], np.int64),
            "default_value": np.array(0, np.int64),
        },
    ),
    "bucketize": _of_texts(
        "Bucketize", np.array([-1, 0, 0.1, 0.5, 2, np.inf, np.nan, -np.inf], np.float32), boundaries=[0.0, 0.1, 2.0]
    ),
    "bucketize float64": _of_texts("Bucketize", np.array([0.1, 0.3, 0.30000000001, 5]), boundaries=[0.1, 0.3]),
    "bucketize integers": _of_texts("Bucketize", np.array([-1, 0, 1, 2], np.int64), boundaries=[0.0, 1.5]),
}
_MATRIX = np.arange(12, dtype=np.int32).reshape(3, 4) - 5


def _axis(name: str, value: Any) -> dict[str, Any]:
    return {name: np.array(value, np.int32)}


def _cut(begin: Any, end: Any, strides: Any, **masks: int) -> Case:
    vectors = {
        name: np.array(value, np.int32) for name, value in (("begin", begin), ("end", end), ("strides", strides))
    }
    return Case("StridedSlice", {"input": _MATRIX, **vectors}, masks)


def _pair(operator: str, left: Any, right: Any) -> Case:
    return Case(operator, {"x": left, "y": right})


_SOME = np.array([[1.5, -2.0, 0.0], [np.inf, np.nan, 3.0]], np.float32)
_WHOLE = np.array([[7, -7, 0], [2, 3, -1]], np.int64)
SHAPES = {
    "cast down": Case("Cast", {"x": np.array([1.9, -1.9, 3e5], np.float32)}, {"DstT": "int32"}),
    "cast of booleans": Case("Cast", {"x": np.array([True, False])}, {"DstT": "float32"}),
    "concatenate": Case("ConcatV2", {"a": _MATRIX, "b": _MATRIX, **_axis("axis", -1)}, lists={"values": ("a", "b")}),
    "cumulate": Case("Cumsum", {"x": _MATRIX, **_axis("axis", 1)}),
    "expand": Case("ExpandDims", {"input": TEXTS, **_axis("axis", -1)}),
    "fill": Case("Fill", {"dims": np.array([2, 3], np.int32), "value": np.array(b"x", np.object_)}),
    "gather": Case("GatherV2", {"params": _MATRIX, "indices": np.array([[2, 0]]), **_axis("axis", 1)}),
    "pack": Case("Pack", {"a": _MATRIX, "b": _MATRIX}, {"axis": -1}, lists={"values": ("a", "b")}),
    "range": Case("Range", {**_axis("start", 2), **_axis("limit", 11), **_axis("delta", 3)}),
    "reshape": Case("Reshape", {"tensor": TEXTS[:12], "shape": np.array([3, -1], np.int32)}),
    "shape": _of_texts("Shape", _MATRIX, out_type="int64"),
    "size": _of_texts("Size", _MATRIX, out_type="int32"),
    "squeeze": _of_texts("Squeeze", TEXTS.reshape(-1, 1), axis=[-1]),
    "squeeze all": _of_texts("Squeeze", np.zeros((1, 3, 1), np.float32)),
    "tile": Case("Tile", {"input": TEXTS[:4].reshape(2, 2), "multiples": np.array([1, 3], np.int32)}),
    "zeros": Case("ZerosLike", {"x": TEXTS}),
    "ones": Case("OnesLike", {"x": _MATRIX}),
    "one hot": Case(
        "OneHot",
        {
            "indices": np.array([[0, -1], [4, 2]], np.int64),
            "depth": np.array(4, np.int32),
            "on_value": np.array(1, np.float32),
            "off_value": np.array(0, np.float32),
        },
    ),
    "slice": _cut([0, 1], [2, 3], [1, 1]),
    "slice of column": _cut([0, 0], [0, 1], [1, 1], begin_mask=1, end_mask=1, shrink_axis_mask=2),
    "slice backwards": _cut([0, -1], [0, -4], [1, -2], begin_mask=1, end_mask=1),
    "slice with new axis": _cut([0, 0], [0, 2], [1, 1], new_axis_mask=1),
    "slice with ellipsis": _cut([0, 1], [0, 2], [1, 1], ellipsis_mask=1),
    "slice of scalar": _cut([2, 1], [3, 2], [1, 1], shrink_axis_mask=3),
    "maximum": Case("Max", {"input": _MATRIX, **_axis("axis", [0])}),
    "maximum of none": Case("Max", {"input": _MATRIX[:0], **_axis("axis", [0, 1])}),
    "minimum": Case("Min", {"input": _MATRIX, **_axis("axis", [1])}, {"keep_dims": True}),
    "sum": Case("Sum", {"input": _MATRIX, **_axis("axis", [0, 1])}),
    "all": Case("All", {"input": _MATRIX > 0, **_axis("axis", [0])}),
}
ELEMENTWISE = {
    "equal texts": _pair("Equal", TEXTS, np.array(b"", np.object_)),
    "not equal texts": _pair("NotEqual", TEXTS, TEXTS[::-1]),
    "select texts": Case(
        "SelectV2",
        {"condition": np.arange(len(TEXTS)) % 2 == 0, "t": TEXTS, "e": np.array(b"\x00", np.object_)},
    ),
    "select scalars": Case("SelectV2", {"condition": np.array(True), "t": np.array(1), "e": np.array(2)}),
    **{
        f"{operator} of floats": _pair(operator, _SOME, _SOME[:1] + 1)
        for operator in ("AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "Greater", "LessEqual", "Equal")
    },
    **{
        f"{operator} of integers": _pair(operator, _WHOLE, np.array([3, 3, -2]))
        for operator in ("AddV2", "Sub", "Mul", "FloorDiv", "FloorMod", "Maximum", "Minimum", "Less", "GreaterEqual")
    },
    "and": _pair("LogicalAnd", _WHOLE > 0, _WHOLE > 2),
    "not": Case("LogicalNot", {"x": _WHOLE > 0}),
    "absolute": Case("Abs", {"x": _WHOLE}),
    "negative": Case("Neg", {"x": _WHOLE}),
    "square root": Case("Sqrt", {"x": np.array([0.0, 2.0, 3.0, np.nan], np.float32)}),
}
CASES: dict[str, Case] = {**STRINGS, **PATTERNS, **HASHES, **RAGGED, **SHAPES, **ELEMENTWISE}
