"""Gradients of operators, made of operators that LiteRT has.

TensorFlow's own gradient of an operator is often another operator (``ReluGrad``) that LiteRT lacks. An operator whose
gradient TensorFlow builds of ordinary operators needs no entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lightship.compiler.attributions.derivatives import activations, arrangement, windows

# Takes the tf.Operation and the gradients of its outputs, and returns the gradients of its inputs.
Derivative = Callable[..., Any]

DERIVATIVES: Mapping[str, Derivative] = {**activations.DERIVATIVES, **arrangement.DERIVATIVES, **windows.DERIVATIVES}

# The attribute by which TensorFlow finds another gradient than the operator's.
CHOSEN = "_gradient_op_type"


def choose(definition: Any) -> None:
    """Let TensorFlow use :data:`DERIVATIVES` in a GraphDef."""
    _register()
    for node in definition.node:
        if node.op in DERIVATIVES:
            node.attr[CHOSEN].s = _name(node.op).encode()


def forget(definition: Any) -> None:
    """Remove choices of gradients, so that TensorFlow uses its own."""
    for node in definition.node:
        node.attr.pop(CHOSEN, None)


@cache
def _register() -> None:
    import tensorflow as tf

    for operator, derivative in DERIVATIVES.items():
        tf.RegisterGradient(_name(operator))(derivative)


def _name(operator: str) -> str:
    return f"Lightship{operator}"
