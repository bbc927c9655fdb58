"""Types of rules, and what rules have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lightship.compiler.graph.constants import constant
from lightship.tensors import Array


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


def plain(operator: str) -> Translate:
    """Return the rule of an operator without attributes."""
    return lambda operation: Translated(operator)


def text_of(operation: Any, attribute: str) -> str:
    """Return an attribute, a string of any bytes, as text."""
    value: bytes = operation.get_attr(attribute)
    return value.decode("utf-8", "surrogateescape")


def require(operation: Any, condition: bool) -> None:
    """Raise NotLiftable unless a condition holds."""
    if not condition:
        raise NotLiftable(operation.type)


def constant_of(operation: Any, position: int) -> Array:
    """Return the value of a constant input; raises NotLiftable."""
    value = constant(operation.inputs[position])
    if value is None:
        raise NotLiftable(operation.type)
    return value


def with_axis(operator: str) -> Translate:
    """Return the rule of an operator with the attribute ``axis``."""
    return lambda operation: Translated(operator, {"axis": operation.get_attr("axis")})
