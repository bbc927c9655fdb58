"""Rewrite of softplus to a form that is right for large values.

LiteRT computes log(1 + exp(x)), which is constant above 88.4. Mish, softplus and log-sigmoid use it. The replacement
is max(x, 0) + log(1 + exp(-abs(x))).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightship.compiler.exports import GRAPH
from lightship.compiler.graph.frozen import Graph
from lightship.compiler.graph.replacement import Function, replace

_OPERATOR = "Softplus"


def apply(graph: Graph) -> bool:
    """Replace every softplus; return whether there was one."""
    return replace(graph, {_OPERATOR: _softplus})


def may_contain_softplus(source: Path) -> bool:
    """Return whether a SavedModel's bytes contain the name of the operator."""
    return _OPERATOR.encode() in (source / GRAPH).read_bytes()


def _softplus(operation: Any) -> Function:
    import tensorflow as tf

    return lambda x: tf.nn.relu(x) + tf.math.log1p(tf.exp(-tf.abs(x)))
