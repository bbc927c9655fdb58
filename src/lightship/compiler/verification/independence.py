"""Measurement whether a row's outputs depend on the other rows of the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lightship.compiler.verification.parity import EXACT, TOLERANCES
from lightship.compiler.verification.samples import alter
from lightship.errors import EngineError
from lightship.tensors import Array, Signature

Tensors = dict[str, Array]
Run = Callable[[Tensors], Tensors]


def independent_rows(run: Run, signature: Signature, inputs: Tensors, outputs: Tensors) -> bool | None:
    """Return whether every row's outputs are independent of the other rows.

    A row is compared alone, in another order, and together with other rows. ``inputs`` and ``outputs`` are one recorded
    batch. Returns None where the signature has no batch dimension or the model accepts none of the batches; False where
    an output does not have one row for each row of the inputs.
    """
    batched = [spec.name for spec in signature.inputs if spec.batched]
    if not batched:
        return None
    rows = len(inputs[batched[0]])
    if not all(spec.batched and len(outputs[spec.name]) == rows for spec in signature.outputs):
        return False
    compared = 0
    for batch, positions, recorded in _regroup(inputs, batched, rows):
        try:
            found = run(batch)
        except EngineError:
            continue  # the model does not accept these values, or this number of rows
        if not all(_same(outputs[name], recorded, array, positions) for name, array in found.items()):
            return False
        compared += 1
    return True if compared else None


def _regroup(inputs: Tensors, batched: list[str], rows: int) -> Iterator[tuple[Tensors, list[int], list[int]]]:
    """Yield batches that hold rows of the recorded batch in other positions.

    Each comes with the positions of these rows in it, and their positions in the recorded batch.
    """

    def pick(order: list[int]) -> Tensors:
        return {name: array[order] if name in batched else array for name, array in inputs.items()}

    if rows > 1:
        for row in sorted({0, rows // 2, rows - 1}):
            yield pick([row]), [0], [row]
        order = list(range(rows))[::-1]
        yield pick(order), list(range(rows)), order
    others = alter({name: inputs[name] for name in batched})
    second = list(range(0, rows, 2))
    joined = {name: np.concatenate([others[name], inputs[name][second]]) for name in batched}
    yield inputs | joined, list(range(rows, rows + len(second))), second


def _same(recorded: Array, rows: list[int], found: Array, positions: list[int]) -> bool:
    """Compare rows with the tolerance of the whole recorded array."""
    if found.shape[1:] != recorded.shape[1:] or len(found) <= max(positions):
        return False
    want, got = recorded[rows], found[positions]
    if recorded.dtype.kind != "f":
        return bool((want == got).all())
    tolerance = TOLERANCES.get(recorded.dtype.name, EXACT)
    scale = float(np.max(np.abs(recorded), initial=0.0, where=np.isfinite(recorded)))
    return np.allclose(got, want, rtol=tolerance.relative, atol=tolerance.share * scale, equal_nan=True)
