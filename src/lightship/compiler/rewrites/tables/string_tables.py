"""Lookup tables between strings and integers, which LiteRT supports unchanged."""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.frozen import Graph
from lightship.engines.handles import Flow
from lightship.graphs.messages import function_defs

_FIND = "LookupTableFindV2"
_KINDS = {("string", "int64"), ("int64", "string")}


def keep(graph: Graph) -> bool:
    """Add the tables that outputs depend on to ``graph.tables``.

    Returns False where LiteRT does not support one of them.
    """
    for name in graph.needed_captures():
        table = _table(graph, name)
        if table is None:
            return False
        graph.tables[name] = table
    return True


def _table(graph: Graph, name: str) -> Any:
    """Return a table that TensorFlow can save; None unless it maps string and int64."""
    import tensorflow as tf

    flow = Flow(function_defs(graph.definition))
    flow.follow(graph.definition.node, {name: frozenset({name})})
    users = flow.users.get(name, [])
    kinds = {tuple(tf.as_dtype(node.attr[key].type).name for key in ("Tin", "Tout")) for node in users}
    if {node.op for node in users} != {_FIND} or len(kinds) != 1 or not kinds <= _KINDS:
        return None
    ((keys, values),) = kinds
    content = tf.raw_ops.LookupTableExportV2(
        table_handle=graph.captures[name], Tkeys=tf.as_dtype(keys), Tvalues=tf.as_dtype(values)
    )
    initial = tf.lookup.KeyValueTensorInitializer(content.keys.numpy(), content.values.numpy(), keys, values)
    # The default is not used: each lookup passes its own.
    return tf.lookup.StaticHashTable(initial, -1 if values == "int64" else "")
