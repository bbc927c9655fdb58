"""What the original answered: batches of inputs and outputs for each signature, the truth of a compile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lightship.compiler import samples
from lightship.compiler.datafiles import read_data
from lightship.compiler.importers.base import Original
from lightship.compiler.parity import Agreement, compare, merge
from lightship.engines.base import Engine
from lightship.errors import CompileError, EngineError
from lightship.tensors import Array, Signature, TensorSpec

Tensors = dict[str, Array]

GOLDEN_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Recording:
    """Batches of one signature; the largest comes last, and is what the golden examples are cut from."""

    signature: Signature
    batches: tuple[tuple[Tensors, Tensors], ...]

    @property
    def rows(self) -> int:
        """Rows of the largest batch; 1 for a signature without a batch dimension."""
        return _rows(self.signature, self.batches[-1][0])


def record(original: Original, signature: Signature, data: Path | None) -> Recording:
    """Ask the original, in batches of 1, 3 and all rows, so that a dynamic batch and stale state would show.

    Raises CompileError where it takes no input that is known, or answers the same one differently each time.
    """
    if data:
        inputs = read_data(data, signature)
        outputs = _ask(original, signature, inputs)
    else:
        inputs, outputs = samples.generate(original.run, signature)
    total = _rows(signature, inputs)
    parts = [samples.take(inputs, signature, rows) for rows in (1, 3) if rows < total]
    batches = (*((part, _ask(original, signature, part)) for part in parts), (inputs, outputs))
    _check_repeatable(original, signature, *batches[0])
    return Recording(signature, batches)


def agree(engine: Engine, recording: Recording) -> list[Agreement]:
    """Compare an engine with every batch, and with the first one again; raises ParityError or EngineError."""
    signature = recording.signature
    parts: dict[str, list[Agreement]] = {spec.name: [] for spec in signature.outputs}
    for inputs, expected in (*recording.batches, recording.batches[0]):
        actual = engine.run(signature.name, inputs)
        for name, array in expected.items():
            parts[name].append(compare(signature.name, name, array, actual[name]))
    return [merge(entries) for entries in parts.values()]


def golden(recordings: tuple[Recording, ...]) -> dict[str, tuple[Tensors, Tensors]]:
    """A few rows of every recording: as many as fit into 1 MiB in all, at least one of each."""
    budget = GOLDEN_BYTES // len(recordings)
    return {recording.signature.name: _golden(recording, budget) for recording in recordings}


def oddities(recording: Recording) -> list[str]:
    """Sentences about outputs that are NaN or the same whatever goes in."""
    found = []
    inputs, outputs = recording.batches[-1]
    several = _rows(recording.signature, inputs) > 1
    for name, array in outputs.items():
        where = f"output '{name}' of signature '{recording.signature.name}'"
        if array.dtype.kind == "f" and np.isnan(array).any():
            found.append(f"{where} holds NaN for some of the inputs it was compared on")
        elif several and array.ndim and len(array) > 1 and (array == array[:1]).all():
            found.append(f"{where} was the same for every input it was compared on")
    return found


def check_probabilities(recording: Recording) -> None:
    """Outputs with classes must look like probabilities unless they are declared logits; raises CompileError."""
    for spec in recording.signature.outputs:
        array = recording.batches[-1][1][spec.name]
        if spec.classes and not spec.from_logits and not _probable(array):
            raise CompileError(
                f"model.yaml: outputs.{spec.name} has classes and values from {array.min():.3g} to {array.max():.3g}, "
                "which are no probabilities: set from_logits: true if a softmax or sigmoid is missing"
            )


def _check_repeatable(original: Original, signature: Signature, inputs: Tensors, outputs: Tensors) -> None:
    again = _ask(original, signature, inputs)
    for name, array in outputs.items():
        if not np.array_equal(array, again[name], equal_nan=array.dtype.kind == "f"):
            raise CompileError(
                f"output '{name}' of signature '{signature.name}' differs each time the original is asked the same: "
                "a model with random operators cannot be compared"
            )


def _golden(recording: Recording, budget: int) -> tuple[Tensors, Tensors]:
    inputs, outputs = recording.batches[-1]
    size = sum(_bytes(array) for array in (*inputs.values(), *outputs.values()))
    rows = max(1, min(16, recording.rows * budget // max(1, size)))
    for part, answers in recording.batches:
        if _rows(recording.signature, part) == rows:
            return part, answers
    cut = samples.take(inputs, recording.signature, rows)
    return cut, {
        spec.name: _cut(outputs[spec.name], spec, recording.rows, rows) for spec in recording.signature.outputs
    }


def _cut(array: Array, spec: TensorSpec, total: int, rows: int) -> Array:
    return array[:rows] if spec.batched and len(array) == total else array


def _ask(original: Original, signature: Signature, inputs: Mapping[str, Array]) -> Tensors:
    try:
        return original.run(signature.name, inputs)
    except EngineError as error:
        what = f"the original does not take this input of '{signature.name}': {error.message}"
        raise CompileError(what, detail=error.detail) from None


def _rows(signature: Signature, inputs: Mapping[str, Array]) -> int:
    return next((len(inputs[spec.name]) for spec in signature.inputs if spec.batched), 1)


def _bytes(array: Array) -> int:
    return sum(len(text) for text in array.ravel()) if array.dtype == np.object_ else array.nbytes


def _probable(array: Array) -> bool:
    return array.dtype.kind == "f" and bool(np.isfinite(array).all() and array.min() >= -1e-3 and array.max() <= 1.001)
