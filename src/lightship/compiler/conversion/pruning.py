"""Removal of operators whose results no output of a SavedModel needs.

A converter treats every operator of the graph as needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lightship import graphs
from lightship.compiler import exports
from lightship.engines.dead_code import prune_functions


def prune_saved_model(source: Path, target: Path, signatures: Sequence[str]) -> Path:
    """Write a SavedModel's pruned graph to ``target``; return ``target``.

    Its other files are symbolic links to those of ``source``. Operators that only change variables are removed, so the
    model must not be stateful.
    """
    message = graphs.read_saved_model(source / exports.GRAPH, "the export")
    for meta in message.meta_graphs:
        outputs = [tensor.name for name in signatures for tensor in meta.signature_def[name].outputs.values()]
        prune_functions(meta.graph_def, outputs)
    target.mkdir(parents=True, exist_ok=True)
    (target / exports.GRAPH).write_bytes(message.SerializeToString(deterministic=True))
    for name in exports.ENTRIES:
        if name != exports.GRAPH and (source / name).exists():
            (target / name).symlink_to((source / name).resolve())
    return target
