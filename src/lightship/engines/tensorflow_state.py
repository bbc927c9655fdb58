"""Variables and tables that a SavedModel's functions change.

Decided by operator: a variable or table is changed by any operator that is not known to only read it. Where no result
depends on anything that is changed, there is no state: recurrent layers update a seed that only training reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightship.engines.dead_code import prune
from lightship.engines.handles import Flow
from lightship.graphs.messages import function_defs
from lightship.tensors import Array

# Operators that leave an initialised variable or table as it is.
READERS = frozenset(
    {
        "BoostedTreesGetEnsembleStates",
        "BoostedTreesPredict",
        "InitializeTable",
        "InitializeTableFromDataset",
        "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2",
        "InitializeTableV2",
        "IsBoostedTreesEnsembleInitialized",
        "LookupTableExport",
        "LookupTableExportV2",
        "LookupTableFind",
        "LookupTableFindV2",
        "LookupTableSize",
        "LookupTableSizeV2",
        "ReadVariableOp",
        "ResourceGather",
        "ResourceGatherNd",
        "VarIsInitializedOp",
        "VariableShape",
    }
)


class Unrestorable(Exception):
    """State that cannot be reset; ``operators`` are those that change it."""

    def __init__(self, operators: Iterable[str]) -> None:
        self.operators = tuple(sorted(set(operators)))
        super().__init__(", ".join(self.operators))


@dataclass
class State:
    """Initial values of what functions change; falsy where they change nothing.

    Attributes:
        variables: each ``tf.Variable`` with its value.
        tables: each table's handle with its keys and values.
    """

    variables: list[tuple[Any, Array]] = field(default_factory=list)
    tables: list[tuple[Any, Array, Array]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.variables or self.tables)

    def restore(self) -> None:
        """Assign the initial values; becomes part of a ``tf.function`` being traced."""
        import tensorflow as tf

        for variable, value in self.variables:
            variable.assign(value)
        for handle, keys, values in self.tables:
            tf.raw_ops.LookupTableImportV2(table_handle=handle, keys=keys, values=values)


def state_of(functions: Iterable[Any]) -> State:
    """Return the state that concrete functions change, with the current values.

    These are the initial values if nothing has run yet. Raises Unrestorable.
    """
    variables: dict[int, tuple[Any, Array]] = {}
    tables: dict[int, tuple[Any, Array, Array]] = {}
    unrestorable: set[str] = set()
    for function in functions:
        by_handle = {id(variable.handle): variable for variable in function.variables}
        for handle, users in _changed_handles(function):
            if id(handle) in by_handle:
                variables[id(handle)] = by_handle[id(handle)], np.array(by_handle[id(handle)].numpy())
            elif handle is not None and (dtypes := _table_dtypes(users)):
                tables[id(handle)] = handle, *_export_table(handle, *dtypes)
            else:
                unrestorable.update(node.op for node in users if node.op not in READERS)
    if unrestorable:
        raise Unrestorable(unrestorable)
    return State(list(variables.values()), list(tables.values()))


def _changed_handles(function: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield changed handles (None for the graph's own resources) and their users.

    Yields nothing where no result depends on a changed resource.
    """
    graph = function.graph.as_graph_def()
    names = [tensor.op.name for tensor in function.graph.inputs]
    captured = function.captured_inputs
    handles = dict(zip(names[len(names) - len(captured) :], captured, strict=True))
    changed = {
        origin: users
        for origin, users in _users(graph, handles).items()
        if any(node.op not in READERS for node in users)
    }
    prune(graph, [tensor.name for tensor in function.outputs])
    if changed.keys() & _users(graph, handles).keys():
        yield from ((handles.get(origin), users) for origin, users in changed.items())


def _users(graph: Any, handles: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the nodes that take a handle, by its origin."""
    flow = Flow(function_defs(graph))
    flow.follow(graph.node, {name: frozenset({name}) for name, tensor in handles.items() if _is_handle(tensor)})
    return flow.users


def _is_handle(tensor: Any) -> bool:
    import tensorflow as tf

    return bool(tensor.dtype == tf.resource)


def _table_dtypes(users: list[Any]) -> tuple[Any, Any] | None:
    """Return the dtypes of a table's keys and values, from its users' attributes."""
    for node in users:
        if node.op.startswith("LookupTable") and "Tin" in node.attr and "Tout" in node.attr:
            return node.attr["Tin"].type, node.attr["Tout"].type
    return None


def _export_table(handle: Any, keys: Any, values: Any) -> tuple[Array, Array]:
    import tensorflow as tf

    exported = tf.raw_ops.LookupTableExportV2(table_handle=handle, Tkeys=keys, Tvalues=values)
    return np.array(exported.keys.numpy()), np.array(exported.values.numpy())
