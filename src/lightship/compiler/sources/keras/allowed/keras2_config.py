"""Check of Keras 2 layers that call TensorFlow functions by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lightship.compiler.sources.keras.allowed import keras2_names
from lightship.graphs import phrases_of
from lightship.graphs.checks import TYPED
from lightship.graphs.operators import reason


def phrases(name: Any, config: Any) -> Iterator[str]:
    """Yield a phrase for each function that a layer calls and that is on no list.

    ``name`` and ``config`` are the layer's class and configuration.
    """
    if isinstance(name, str) and name in _CHECKS:
        yield from _CHECKS[name](config if isinstance(config, dict) else {})


def _function(config: Mapping[str, Any]) -> Iterator[str]:
    symbol = config.get("function")
    if not isinstance(symbol, str) or not keras2_names.pure(symbol):
        yield f"the function 'tf.{symbol}'"[:120]


def _class_method(config: Mapping[str, Any]) -> Iterator[str]:
    symbol, method = config.get("cls_symbol"), config.get("method_name")
    if f"{symbol}" not in keras2_names.CLASSES or f"{method}" not in keras2_names.METHODS:
        yield f"the function 'tf.{symbol}.{method}'"[:120]


def _attribute(config: Mapping[str, Any]) -> Iterator[str]:
    name = config.get("attr_name")
    if not isinstance(name, str) or name not in keras2_names.METHODS | keras2_names.PROPERTIES:
        yield f"the attribute '{name}'"[:120]


def _operator(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a phrase for the operator of a TensorFlowOpLayer, unless it is listed.

    The layer holds a graph node as JSON, or as a text-format message, which is always refused.
    """
    node = config.get("node_def")
    if not isinstance(node, dict) or not isinstance(node.get("op"), str):
        yield "a TensorFlowOpLayer"
    elif node["op"] in TYPED or _names_a_function(node.get("attr")):
        yield f"a TensorFlowOpLayer of the operator {node['op']:.100}"
    elif key := reason(node["op"], registered=True):
        yield from phrases_of([(key, node["op"])])


def _names_a_function(attributes: Any) -> bool:
    """Return whether a node's attributes name a function at any depth."""
    pending = [attributes]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "func" in value:
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "ClassMethod": _class_method,
    "InstanceMethod": _attribute,
    "InstanceProperty": _attribute,
    "SlicingOpLambda": _function,
    "TFOpLambda": _function,
    "TensorFlowOpLayer": _operator,
}
