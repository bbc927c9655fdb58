"""Translation of TensorFlow's operators to steps of a preprocessing program.

To add an operator, add an entry to one of the mappings of :data:`TRANSLATIONS`, and a case to its differential test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lightship.compiler.graph.constants import constant
from lightship.preprocessing import patterns
from lightship.tensors import DTYPES, Array


class NotLiftable(Exception):
    """Operator that no preprocessing program can run.

    ``operator`` is its name; ``because`` the name of an operator that it depends on and that prevents it.
    """

    def __init__(self, operator: str, *, because: str = "") -> None:
        self.operator = operator
        self.because = "" if because == operator else because
        super().__init__(f"{operator} (which needs {self.because})" if self.because else operator)


@dataclass(frozen=True)
class Translated:
    """Operator of a step and its options.

    ``inputs`` are the positions of those inputs of the operation that the step takes; None for all.
    """

    operator: str
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[int, ...] | None = None


Translate = Callable[[Any], Translated]  # takes a tf.Operation; raises NotLiftable


def translate(operation: Any) -> Translated:
    """Return the step of a tf.Operation; raises NotLiftable."""
    rule = TRANSLATIONS.get(operation.type)
    if rule is None or any(tensor.dtype.name not in {*DTYPES, "resource"} for tensor in operation.outputs):
        raise NotLiftable(operation.type)
    return rule(operation)


def _plain(operator: str, **options: Any) -> Translate:
    return lambda operation: Translated(operator, options)


def _text(operation: Any, attribute: str) -> str:
    value: bytes = operation.get_attr(attribute)
    return value.decode("utf-8", "surrogateescape")


def _require(operation: Any, condition: bool) -> None:
    if not condition:
        raise NotLiftable(operation.type)


def _fixed(operation: Any, position: int) -> Array:
    """Return the value of a constant input; raises NotLiftable."""
    value = constant(operation.inputs[position])
    if value is None:
        raise NotLiftable(operation.type)
    return value


def _ascii(operator: str) -> Translate:
    def rule(operation: Any) -> Translated:
        _require(operation, operation.get_attr("encoding") == b"")
        return Translated(operator)

    return rule


def _length(operation: Any) -> Translated:
    return Translated("strings.length", {"characters": operation.get_attr("unit") == b"UTF8_CHAR"})


def _static_replace(operation: Any) -> Translated:
    return _replace(operation, operation.get_attr("pattern"), operation.get_attr("rewrite"))


def _dynamic_replace(operation: Any) -> Translated:
    return _replace(operation, _fixed(operation, 1).item(), _fixed(operation, 2).item())


def _replace(operation: Any, pattern: bytes, rewrite: bytes) -> Translated:
    try:
        found = patterns.translate(pattern)
        parts = patterns.translate_rewrite(rewrite, found.groups)
    except patterns.Untranslatable:
        raise NotLiftable(operation.type) from None
    _require(operation, found.shortest > 0)
    options = {"pattern": pattern.decode(), "parts": parts, "every": bool(operation.get_attr("replace_global"))}
    return Translated("strings.replace", options, (0,))


def _static_match(operation: Any) -> Translated:
    return _match(operation, operation.get_attr("pattern"))


def _dynamic_match(operation: Any) -> Translated:
    return _match(operation, _fixed(operation, 1).item())


def _match(operation: Any, pattern: bytes) -> Translated:
    try:
        patterns.translate(pattern)
    except patterns.Untranslatable:
        raise NotLiftable(operation.type) from None
    return Translated("strings.matches", {"pattern": pattern.decode()}, (0,))


def _join(operation: Any) -> Translated:
    _require(operation, len(operation.inputs) > 0)
    return Translated("strings.join", {"separator": _text(operation, "separator")})


def _split(operation: Any) -> Translated:
    most = operation.get_attr("maxsplit")
    return Translated("splitting.split", {"most": most if most > 0 else -1})


def _ngrams(operation: Any) -> Translated:
    padding = [_text(operation, "left_pad"), _text(operation, "right_pad"), operation.get_attr("pad_width")]
    options = {
        "widths": list(operation.get_attr("ngram_widths")),
        "separator": _text(operation, "separator"),
        "padding": padding,
        "keep_short": bool(operation.get_attr("preserve_short_sequences")),
    }
    return Translated("splitting.ngrams", options)


def _decode(operation: Any) -> Translated:
    _require(operation, operation.get_attr("input_encoding") in (b"UTF-8", b"UTF8"))
    return Translated("unicode.decode", {"errors": _errors(operation)})


def _transcode(operation: Any) -> Translated:
    utf8 = (b"UTF-8", b"UTF8")
    _require(operation, operation.get_attr("input_encoding") in utf8 and operation.get_attr("output_encoding") in utf8)
    return Translated("unicode.transcode", {"errors": _errors(operation)})


def _errors(operation: Any) -> str:
    errors = _text(operation, "errors")
    _require(operation, not operation.get_attr("replace_control_characters"))
    _require(operation, errors != "replace" or operation.get_attr("replacement_char") == 0xFFFD)
    return errors


def _encode(operation: Any) -> Translated:
    _require(operation, operation.get_attr("output_encoding") in (b"UTF-8", b"UTF8"))
    _require(operation, operation.get_attr("errors") == b"replace")
    _require(operation, operation.get_attr("replacement_char") == 0xFFFD)
    return Translated("unicode.encode")


def _as_string(operation: Any) -> Translated:
    kind = DTYPES[operation.inputs[0].dtype.name].kind
    _require(operation, kind in "iufb" and operation.get_attr("width") == -1 and operation.get_attr("fill") == b"")
    if kind != "f":
        return Translated("literals.from_numbers")
    letter = "e" if operation.get_attr("scientific") else "f"
    _require(operation, not operation.get_attr("shortest"))
    precision = operation.get_attr("precision")
    _require(operation, precision < 100)
    return Translated("literals.from_numbers", {"format": f"%{'' if precision < 0 else f'.{precision}'}{letter}"})


def _to_number(operation: Any) -> Translated:
    return Translated(
        "literals.to_numbers", {"dtype": operation.get_attr("out_type").name, "source": _source(operation)}
    )


def _source(operation: Any) -> str:
    """Return the name of the only placeholder that an operation depends on, or ""."""
    found, waiting = set[str](), [operation]
    while waiting:
        for tensor in waiting.pop().inputs:
            waiting.append(tensor.op)
            if tensor.op.type == "Placeholder":
                found.add(tensor.op.name)
    return found.pop() if len(found) == 1 else ""


def _hash_fast(operation: Any) -> Translated:
    return Translated("hashing.fast", {"buckets": operation.get_attr("num_buckets")})


def _hash_strong(operation: Any) -> Translated:
    return Translated(
        "hashing.strong", {"buckets": operation.get_attr("num_buckets"), "key": list(operation.get_attr("key"))}
    )


def _cross(operation: Any) -> Translated:
    dense = [tensor.dtype.name for tensor in operation.inputs]
    _require(operation, operation.get_attr("N") == 0 and not operation.get_attr("sparse_types"))
    _require(operation, bool(operation.get_attr("hashed_output")) and set(dense) <= {"string", "int64"})
    options = {"buckets": operation.get_attr("num_buckets"), "key": operation.get_attr("hash_key")}
    return Translated("hashing.cross", options)


def _find(operation: Any) -> Translated:
    _require(operation, operation.inputs[2].shape.rank == 0)
    return Translated("lookup.find")


def _bucketize(operation: Any) -> Translated:
    return Translated("lookup.bucketize", {"boundaries": list(operation.get_attr("boundaries"))})


def _ragged(operation: Any) -> Translated:
    types = [name.decode() for name in operation.get_attr("row_partition_types")]
    by_splits = set(types) == {"ROW_SPLITS"}
    by_rows = types[0] == "FIRST_DIM_SIZE" and set(types[1:]) == {"VALUE_ROWIDS"}
    _require(operation, (by_splits or by_rows) and operation.inputs[2].shape.rank == 0)
    return Translated("ragged.to_dense", {"types": types})


def _count(operator: str) -> Translate:
    return lambda operation: Translated(operator, {"binary": bool(operation.get_attr("binary_output"))})


def _cast(operation: Any) -> Translated:
    return Translated("arrays.cast", {"dtype": operation.outputs[0].dtype.name})


def _sized(operator: str) -> Translate:
    return lambda operation: Translated(operator, {"dtype": operation.get_attr("out_type").name})


def _squeeze(operation: Any) -> Translated:
    return Translated("shapes.squeeze", {"axes": list(operation.get_attr("squeeze_dims"))})


def _cut(operation: Any) -> Translated:
    names = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    return Translated("shapes.cut", {"masks": [operation.get_attr(f"{name}_mask") for name in names]})


def _gather(operation: Any) -> Translated:
    _require(operation, operation.get_attr("batch_dims") == 0)
    return Translated("shapes.gather")


def _cumsum(operation: Any) -> Translated:
    _require(operation, not operation.get_attr("exclusive") and not operation.get_attr("reverse"))
    return Translated("shapes.cumulate")


def _reduce(function: str) -> Translate:
    return lambda operation: Translated(
        "shapes.reduce", {"function": function, "keep": bool(operation.get_attr("keep_dims"))}
    )


def _with_axis(operator: str) -> Translate:
    return lambda operation: Translated(operator, {"axis": operation.get_attr("axis")})


_TEXTS: dict[str, Translate] = {
    "StringLower": _ascii("strings.lower"),
    "StringUpper": _ascii("strings.upper"),
    "StringStrip": _plain("strings.strip"),
    "StringLength": _length,
    "StringJoin": _join,
    "StaticRegexReplace": _static_replace,
    "RegexReplace": _dynamic_replace,
    "StaticRegexFullMatch": _static_match,
    "RegexFullMatch": _dynamic_match,
    "StringSplitV2": _split,
    "StringNGrams": _ngrams,
    "UnicodeDecode": _decode,
    "UnicodeEncode": _encode,
    "UnicodeTranscode": _transcode,
    "AsString": _as_string,
    "StringToNumber": _to_number,
}
_INDICES: dict[str, Translate] = {
    "StringToHashBucketFast": _hash_fast,
    "StringToHashBucketStrong": _hash_strong,
    "SparseCross": _cross,
    "LookupTableFindV2": _find,
    "Bucketize": _bucketize,
    "RaggedTensorToTensor": _ragged,
    "RaggedBincount": _count("ragged.count_ragged"),
    "DenseBincount": _count("ragged.count_dense"),
    "SparseToDense": _plain("ragged.dense_of_sparse"),
    "OneHot": _with_axis("shapes.one_hot"),
}
_SHAPES: dict[str, Translate] = {
    "Cast": _cast,
    "ConcatV2": _plain("shapes.concatenate"),
    "Cumsum": _cumsum,
    "ExpandDims": _plain("shapes.expand"),
    "Fill": _plain("shapes.repeat"),
    "GatherV2": _gather,
    "Identity": _plain("shapes.identity"),
    "Pack": _with_axis("shapes.stack"),
    "Range": _plain("shapes.count_up"),
    "Reshape": _plain("shapes.reshape"),
    "Shape": _sized("shapes.shape"),
    "Size": _sized("shapes.size"),
    "Squeeze": _squeeze,
    "StridedSlice": _cut,
    "Tile": _plain("shapes.tile"),
    "ZerosLike": _plain("shapes.zeros_like"),
    **{name: _reduce(name.lower()) for name in ("All", "Any", "Max", "Min", "Sum")},
}
_ELEMENTWISE: dict[str, Translate] = {
    operator: _plain(f"elementwise.{name}")
    for operator, name in {
        "Abs": "absolute",
        "Add": "add",
        "AddV2": "add",
        "Equal": "equal",
        "Exp": "exp",
        "Floor": "floor",
        "FloorDiv": "floor_divide",
        "FloorMod": "mod",
        "Greater": "greater",
        "GreaterEqual": "greater_equal",
        "Less": "less",
        "LessEqual": "less_equal",
        "Log1p": "log1p",
        "LogicalAnd": "logical_and",
        "LogicalNot": "logical_not",
        "LogicalOr": "logical_or",
        "Maximum": "maximum",
        "Minimum": "minimum",
        "Mul": "multiply",
        "Neg": "negative",
        "NotEqual": "not_equal",
        "OnesLike": "ones_like",
        "RealDiv": "divide",
        "SelectV2": "where",
        "Sqrt": "sqrt",
        "Sub": "subtract",
    }.items()
}
TRANSLATIONS: dict[str, Translate] = {**_TEXTS, **_INDICES, **_SHAPES, **_ELEMENTWISE}
