"""Rewrites of graphs that LiteRT's converter cannot convert.

A rewrite changes the frozen graph of one signature, whichever framework made it. To add one, write a module with a
function ``apply(graph) -> bool``, an entry in REWRITES, and a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lightship.compiler.graph import replacement
from lightship.compiler.graph.frozen import Graph, freeze, save
from lightship.compiler.rewrites import recast
from lightship.compiler.rewrites.arithmetic import bitwise, integers, mathematics, no_nan, saturation
from lightship.compiler.rewrites.images import pooling, resizing, suppression
from lightship.compiler.rewrites.loops import tensor_lists
from lightship.compiler.rewrites.shapes import arrangement, new_axes, static_sizes
from lightship.compiler.rewrites.tables import lookup, string_tables
from lightship.preprocessing import Program

# Functions by their description in the report, in the order in which they are applied. Each changes the graph in
# place and returns whether it changed anything.
REWRITES: dict[str, Callable[[Graph], bool]] = {
    "lists of tensors became tensors": tensor_lists.apply,
    "slices that add axes became expansions": partial(replacement.replace, rules=new_axes.RULES),
    **{f"{dtype} computed in float32": partial(recast.apply, dtype=dtype) for dtype in recast.DTYPES},
    "lookups of numbers became searches in constants": lookup.apply,
    "sums of integers became sums of float32": partial(replacement.replace, rules=integers.RULES),
    "selected boxes are cut to their number": partial(replacement.replace, rules=suppression.RULES),
    "resizing became matrix multiplications": partial(replacement.replace, rules=resizing.RULES),
    "pooling of volumes became pooling of images": partial(replacement.replace, rules=pooling.RULES),
    "mathematical functions became approximations": partial(replacement.replace, rules=mathematics.RULES),
    "quotients that are zero for zero became choices": partial(replacement.replace, rules=no_nan.RULES),
    "operations on bits became arithmetic": partial(replacement.replace, rules=bitwise.RULES),
    "operators along an axis became slices": partial(replacement.replace, rules=arrangement.RULES),
    "known sizes became constants in reshapes": partial(replacement.replace, rules=static_sizes.RULES),
    "softplus of large values computed exactly": saturation.apply,
}
# The dtype whose tolerance applies after a rewrite, the coarsest first; other rewrites keep the original's tolerance.
PRECISIONS: dict[str, str] = {
    f"{dtype} computed in float32": dtype if dtype != "float64" else "float32" for dtype in recast.DTYPES
}


@dataclass(frozen=True)
class Rewritten:
    """SavedModel of the rewritten graphs, and the applied rewrites.

    ``precision`` is the dtype whose tolerance applies, where a rewrite computes in another dtype than the original;
    empty where the original's values are kept. ``preprocessing`` are programs, by signature, from the inputs of the
    graphs before to those of the rewritten graphs.
    """

    folder: Path
    applied: tuple[str, ...]
    precision: str = ""
    preprocessing: Mapping[str, Program] = field(default_factory=dict)


def rewrite(source: Path, target: Path, signatures: Sequence[str]) -> Rewritten | None:
    """Write a SavedModel's rewritten signatures to ``target``.

    Returns None where no rewrite applies, or one fails. The graphs are frozen: variables become constants, so the model
    must not assign to any.
    """
    try:
        return rewrite_graphs(freeze(source, signatures), target)
    except Exception:  # Unfreezable, and any error of TensorFlow for an unforeseen graph
        return None


def rewrite_graphs(graphs: Sequence[Graph], target: Path) -> Rewritten | None:
    """Rewrite frozen graphs in place and write them; None where no rewrite applies."""
    applied = tuple(text for text, apply in REWRITES.items() if sum(apply(graph) for graph in graphs))  # all of them
    if not applied or not all(string_tables.keep(graph) for graph in graphs):
        return None
    save(graphs, target)
    return Rewritten(target, applied, next((PRECISIONS[text] for text in PRECISIONS if text in applied), ""))


def requires_rewrite(source: Path) -> bool:
    """Return whether LiteRT may compute wrong values unless the model is rewritten."""
    return saturation.may_contain_softplus(source)
