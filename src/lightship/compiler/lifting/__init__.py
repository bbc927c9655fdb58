"""Lifting of operators that LiteRT lacks to a preprocessing program.

A frozen graph is cut between operators on strings or ragged tensors, with all that they depend on, and the others. The
first part becomes steps of numpy operators; the tensors that cross the border become inputs of the remaining graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from lightship import graphs
from lightship.compiler import exports
from lightship.compiler.graph.frozen import Graph, add_node, freeze, rename_inputs, unused_name
from lightship.compiler.lifting.cut import COMPARISONS, REQUIRED, Cut, find_cut, shape_of
from lightship.compiler.lifting.programs import export_tables, program_of
from lightship.compiler.lifting.translation import NotLiftable
from lightship.engines.dead_code import prune
from lightship.preprocessing import Program

__all__ = ["Lifted", "NotLiftable", "lift", "may_require_lifting"]


@dataclass(frozen=True)
class Lifted:
    """Remaining graphs, and the programs before them.

    Attributes:
        graphs: one for each signature; those without lifted operators are unchanged.
        programs: by signature, where operators were lifted.
        operators: names of the lifted operators that LiteRT lacks.
    """

    graphs: list[Graph]
    programs: dict[str, Program]
    operators: tuple[str, ...]

    @property
    def description(self) -> str:
        """Return the report's line."""
        return f"operators without LiteRT equivalent run in numpy: {', '.join(self.operators)}"


def may_require_lifting(folder: Path) -> bool:
    """Return whether a SavedModel has an operator that is lifted, needed or not."""
    from tensorflow.core.framework.types_pb2 import DT_STRING

    message = graphs.read_saved_model(folder / exports.GRAPH, "the export")
    definitions = [meta.graph_def for meta in message.meta_graphs]
    functions = [function for each in definitions for function in graphs.functions_of(each).values()]
    nodes = chain(*(each.node for each in definitions), *(each.node_def for each in functions))
    return any(node.op in REQUIRED or (node.op in COMPARISONS and node.attr["T"].type == DT_STRING) for node in nodes)


def lift(folder: Path, signatures: Sequence[str]) -> Lifted | None:
    """Lift operators out of a SavedModel's signatures.

    Returns None where no output needs an operator that LiteRT lacks, or TensorFlow cannot freeze the graph. Raises
    NotLiftable where such an operator depends on one that has no translation.
    """
    try:
        frozen = freeze(folder, signatures)
    except Exception:  # Unfreezable, and any error of TensorFlow for an unforeseen graph
        return None
    programs: dict[str, Program] = {}
    operators: dict[str, None] = {}
    for graph in frozen:
        if found := _lift(graph):
            cut, programs[graph.name] = found
            operators |= dict.fromkeys(cut.required)
    return Lifted(frozen, programs, tuple(operators)) if programs else None


def _lift(graph: Graph) -> tuple[Cut, Program] | None:
    import tensorflow as tf

    with tf.Graph().as_default() as inside:
        tf.import_graph_def(graph.definition, name="")
    cut = find_cut(inside, list(graph.outputs.values()), graph.captures)
    if cut is None:
        return None
    names = {tensor.partition(":")[0]: name for name, tensor in graph.inputs.items()}
    tables = export_tables(cut, graph.captures)
    crossing = _as_inputs(graph, cut)
    program = program_of(cut, names, tables, crossing)
    return cut, _with_others(program, graph, crossing)


def _as_inputs(graph: Graph, cut: Cut) -> dict[str, Any]:
    """Make the crossing tensors inputs of the graph; return them by input name."""
    made: dict[str, Any] = {}
    for tensor in cut.crossing:
        name = unused_name(graph, f"lifted_{len(made)}")
        while name in graph.inputs:
            name += "_"
        node = add_node(graph.definition.node, "Placeholder", name, [])
        node.attr["dtype"].type = tensor.dtype.as_datatype_enum
        node.attr["shape"].shape.CopyFrom(shape_of(tensor).as_proto())
        rename_inputs(graph.definition.node, _references(tensor, name))
        _redirect_outputs(graph, tensor, name)
        made[name] = tensor
    prune(graph.definition, graph.outputs.values())
    left = {node.name for node in graph.definition.node}
    kept = {key: tensor for key, tensor in graph.inputs.items() if tensor.partition(":")[0] in left}
    graph.inputs = kept | {name: f"{name}:0" for name in made}
    return made


def _references(tensor: Any, name: str) -> dict[str, str]:
    """Return the new references to a tensor by the old ones."""
    short = {tensor.op.name: name} if tensor.value_index == 0 else {}
    return {tensor.name: name} | short


def _redirect_outputs(graph: Graph, tensor: Any, name: str) -> None:
    """Let results that are the tensor itself be a copy of the input."""
    for key, output in list(graph.outputs.items()):
        if output == tensor.name:
            copy = unused_name(graph, f"{name}_result")
            add_node(graph.definition.node, "Identity", copy, [name]).attr["T"].type = tensor.dtype.as_datatype_enum
            graph.outputs[key] = f"{copy}:0"


def _with_others(program: Program, graph: Graph, crossing: dict[str, Any]) -> Program:
    """Return the program that also passes inputs which the remaining graph takes."""
    others = {name: name for name in graph.inputs if name not in crossing}
    return replace(program, outputs={**others, **program.outputs})
