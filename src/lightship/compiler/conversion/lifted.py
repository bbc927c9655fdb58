"""Models to convert after operators that LiteRT lacks were lifted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lightship.compiler.conversion.litert import Unconvertible
from lightship.compiler.graph.frozen import save
from lightship.compiler.lifting import Lifted, NotLiftable, lift, may_require_lifting
from lightship.compiler.rewrites import Rewritten, requires_rewrite, rewrite_graphs
from lightship.compiler.rewrites.tables import string_tables


def lifted_models(folder: Path, work: Path, signatures: Sequence[str]) -> Iterator[Rewritten] | None:
    """Return the remaining models of a SavedModel, without and then with rewrites.

    Returns None where no operator has to be lifted. Raises Unconvertible where one cannot be.
    """
    if not may_require_lifting(folder):
        return None
    try:
        lifted = lift(folder, signatures)
    except NotLiftable as error:
        raise Unconvertible([str(error)]) from None
    return None if lifted is None else _models(lifted, work)


def _models(lifted: Lifted, work: Path) -> Iterator[Rewritten]:
    first, second = _plain(lifted, work / "lifted"), None
    if first is not None and not requires_rewrite(first.folder):
        yield first
    for graph in lifted.graphs:
        graph.tables.clear()
    with suppress(Exception):  # any error of TensorFlow for an unforeseen graph
        second = rewrite_graphs(lifted.graphs, work / "lifted_and_rewritten")
    if second is not None:
        yield replace(second, applied=(lifted.description, *second.applied), preprocessing=lifted.programs)
    if first is None and second is None:
        raise Unconvertible(lifted.operators)


def _plain(lifted: Lifted, folder: Path) -> Rewritten | None:
    """Return the remaining models without rewrites; None where they cannot be saved."""
    try:
        kept = all(string_tables.keep(graph) for graph in lifted.graphs)
        if kept:
            save(lifted.graphs, folder)
    except Exception:  # any error of TensorFlow for an unforeseen graph
        return None
    return Rewritten(folder, (lifted.description,), preprocessing=lifted.programs) if kept else None
