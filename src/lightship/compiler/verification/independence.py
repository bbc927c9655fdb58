"""Measure whether a row's outputs depend on the rows that come with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lightship.compiler.verification.parity import EXACT, TOLERANCES
from lightship.compiler.verification.samples import altered
from lightship.errors import EngineError
from lightship.tensors import Array, Signature

Tensors = dict[str, Array]
Ask = Callable[[Tensors], Tensors]


def independent_rows(ask: Ask, signature: Signature, inputs: Tensors, outputs: Tensors) -> bool | None:
    """Return whether every row's outputs are the same alone, in another order, and with other rows.

    ``inputs`` and ``outputs`` are one recorded batch. None where there are no rows, or none that can be compared; False
    where an output does not have one row for each row of the inputs.
    """
    batched = [spec.name for spec in signature.inputs if spec.batched]
    if not batched:
        return None
    rows = len(inputs[batched[0]])
    if not all(spec.batched and len(outputs[spec.name]) == rows for spec in signature.outputs):
        return False
    compared = 0
    for company, places, kept in _companies(inputs, batched, rows):
        try:
            found = ask(company)
        except EngineError:
            continue  # values that the model does not take, or fewer rows than it needs
        if not all(_same(outputs[name], kept, array, places) for name, array in found.items()):
            return False
        compared += 1
    return True if compared else None


def _companies(inputs: Tensors, batched: list[str], rows: int) -> Iterator[tuple[Tensors, list[int], list[int]]]:
    """Yield batches, the places in them that hold rows of the recorded batch, and which rows these are."""

    def pick(order: list[int]) -> Tensors:
        return {name: array[order] if name in batched else array for name, array in inputs.items()}

    if rows > 1:
        for row in sorted({0, rows // 2, rows - 1}):
            yield pick([row]), [0], [row]
        order = list(range(rows))[::-1]
        yield pick(order), list(range(rows)), order
    others = altered({name: inputs[name] for name in batched})
    kept = list(range(0, rows, 2))
    joined = {name: np.concatenate([others[name], inputs[name][kept]]) for name in batched}
    yield inputs | joined, list(range(rows, rows + len(kept))), kept


def _same(recorded: Array, kept: list[int], found: Array, places: list[int]) -> bool:
    """Compare rows with the tolerance of the whole recorded array."""
    if found.shape[1:] != recorded.shape[1:] or len(found) <= max(places):
        return False
    want, got = recorded[kept], found[places]
    if recorded.dtype.kind != "f":
        return bool((want == got).all())
    tolerance = TOLERANCES.get(recorded.dtype.name, EXACT)
    scale = float(np.max(np.abs(recorded), initial=0.0, where=np.isfinite(recorded)))
    return np.allclose(got, want, rtol=tolerance.relative, atol=tolerance.share * scale, equal_nan=True)
