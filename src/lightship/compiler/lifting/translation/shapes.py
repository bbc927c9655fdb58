"""Rules of operators on shapes, parts and sums of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.compiler.lifting.translation.base import Translate, Translated, plain, require, with_axis


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
    require(operation, operation.get_attr("batch_dims") == 0)
    return Translated("shapes.gather")


def _cumsum(operation: Any) -> Translated:
    require(operation, not operation.get_attr("exclusive") and not operation.get_attr("reverse"))
    return Translated("shapes.cumulate")


def _reduce(function: str) -> Translate:
    return lambda operation: Translated(
        "shapes.reduce", {"function": function, "keep": bool(operation.get_attr("keep_dims"))}
    )


RULES: Mapping[str, Translate] = {
    "Cast": _cast,
    "ConcatV2": plain("shapes.concatenate"),
    "Cumsum": _cumsum,
    "ExpandDims": plain("shapes.expand"),
    "Fill": plain("shapes.repeat"),
    "GatherV2": _gather,
    "Identity": plain("shapes.identity"),
    "Pack": with_axis("shapes.stack"),
    "Range": plain("shapes.count_up"),
    "Reshape": plain("shapes.reshape"),
    "Shape": _sized("shapes.shape"),
    "Size": _sized("shapes.size"),
    "Squeeze": _squeeze,
    "StridedSlice": _cut,
    "Tile": plain("shapes.tile"),
    "ZerosLike": plain("shapes.zeros_like"),
    **{name: _reduce(name.lower()) for name in ("All", "Any", "Max", "Min", "Sum")},
}
