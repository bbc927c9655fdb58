"""Tables that stay in a rewritten graph: of texts to numbers or back, which LiteRT has as they are."""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.frozen import Graph
from lightship.engines.handles import Flow

_FIND = "LookupTableFindV2"
_KINDS = {("string", "int64"), ("int64", "string")}


def keep(graph: Graph) -> bool:
    """Give the graph tables for the handles that its outputs need; return whether LiteRT has all of them."""
    for name in graph.needed_captures():
        table = _table(graph, name)
        if table is None:
            return False
        graph.tables[name] = table
    return True


def _table(graph: Graph, name: str) -> Any:
    """Return a table of the same content that TensorFlow can save; None where it is not of texts and numbers."""
    import tensorflow as tf

    flow = Flow(graph.definition.library.function)
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
    return tf.lookup.StaticHashTable(initial, -1 if values == "int64" else "")  # each lookup has its own default
