"""Trees with long paths."""

from __future__ import annotations

import numpy as np

from lightship.explain.exact.nodes import LEAF, Nodes


def chain(depth: int, *, columns: int) -> Nodes:
    """Return a tree of one leaf beside each inner node, on the columns in turn."""
    nodes = 2 * depth + 1
    inner = np.arange(nodes) % 2 == 0
    inner[-1] = False
    return Nodes(
        feature=np.where(inner, np.arange(nodes) // 2 % columns, LEAF).astype(np.int32),
        threshold=np.zeros(nodes, np.float32),
        child=np.where(inner, np.arange(nodes) + 1, 0).astype(np.int32),
        missing_left=inner,
        values=np.arange(nodes, dtype=np.float32)[:, np.newaxis],
        cover=np.ones(nodes, np.float32),
        roots=np.zeros(1, np.int32),
        columns=columns,
    )
