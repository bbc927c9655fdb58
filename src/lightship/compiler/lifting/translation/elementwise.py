"""Rules of operators that numpy computes entry by entry."""

from __future__ import annotations

from collections.abc import Mapping

from lightship.compiler.lifting.translation.base import Translate, plain

RULES: Mapping[str, Translate] = {
    operator: plain(f"elementwise.{name}")
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
