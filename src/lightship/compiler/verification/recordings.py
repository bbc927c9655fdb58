"""Recorded outputs of the original: the reference of every comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from lightship.compiler.sources.base import Reference
from lightship.compiler.verification import samples
from lightship.compiler.verification.datafiles import read_data
from lightship.compiler.verification.independence import independent_rows
from lightship.compiler.verification.parity import Agreement, Output, compare, merge
from lightship.engines.base import Engine
from lightship.errors import CompileError, EngineError, InvalidInput, TransformRefused
from lightship.tensors import Array, Signature

Tensors = dict[str, Array]
Run = Callable[[str, Mapping[str, Array]], Tensors]

GOLDEN_BYTES = 1024 * 1024
GOLDEN_ROWS = 16


@dataclass(frozen=True)
class Recording:
    """Batches of one signature in ascending size, as inputs and outputs.

    One batch if the signature has no batch dimension.
    """

    signature: Signature
    batches: tuple[tuple[Tensors, Tensors], ...]

    def up_to(self, rows: int, size: float = float("inf")) -> tuple[Tensors, Tensors]:
        """Return the largest batch of at most ``rows`` rows and ``size`` bytes.

        Returns the smallest batch where none is that small.
        """
        small = [batch for batch in self.batches if _rows(self.signature, batch[0]) <= rows and _size(*batch) <= size]
        return small[-1] if small else self.batches[0]


def record(
    original: Reference,
    signature: Signature,
    data: Path | None,
    *,
    target: str | None = None,
    skip_bad: bool = False,
) -> Recording:
    """Record the original's outputs for batches of 1, 3, 16 and all rows.

    Sizes above that of all rows are omitted. Several sizes reveal a fixed batch size and stale state. The recording's
    signature says whether rows are independent, as measured on the original. ``target`` is the column of the data that
    is no input, ``skip_bad`` leaves out rows that do not fit.

    Raises CompileError where the original does not accept the inputs, or returns different outputs for equal inputs.
    """
    if data:
        inputs = read_data(data, signature, target=target, skip_bad=skip_bad)
        outputs = _run(original, signature, inputs)
    else:
        inputs, outputs = samples.generate(original.run, signature, original.hints(signature))
    total = _rows(signature, inputs)
    parts = [samples.take(inputs, signature, rows) for rows in (1, 3, GOLDEN_ROWS) if rows < total]
    batches = (*((part, _run(original, signature, part)) for part in parts), (inputs, outputs))
    _check_repeatable(original, signature, *batches[0])
    recording = Recording(signature, batches)
    measured = independent_rows(partial(original.run, signature.name), signature, *recording.up_to(GOLDEN_ROWS))
    return Recording(signature._replace(independent_rows=measured), batches)


def with_shapes(recordings: Sequence[Recording], signatures: Sequence[Signature]) -> tuple[Recording, ...]:
    """Return the recordings with the shapes of other signatures of the same names."""
    shapes = {signature.name: signature for signature in signatures}
    return tuple(
        Recording(_reshaped(recording.signature, shapes[recording.signature.name]), recording.batches)
        for recording in recordings
    )


def _reshaped(signature: Signature, other: Signature) -> Signature:
    shapes = {(side, spec.name): spec.shape for side in ("inputs", "outputs") for spec in getattr(other, side)}
    return signature._replace(
        inputs=tuple(replace(spec, shape=shapes["inputs", spec.name]) for spec in signature.inputs),
        outputs=tuple(replace(spec, shape=shapes["outputs", spec.name]) for spec in signature.outputs),
    )


def check_original_state(original: Reference, recordings: Sequence[Recording]) -> None:
    """Check that no call of the original sees another call's data.

    Calls every signature with inputs A, then B twice, then A again; raises CompileError where the outputs for A differ.
    """
    for recording, outputs in zip(recordings, _outputs_after_other_calls(original.run, recordings), strict=True):
        _check_same(recording, outputs)


def check_engine_state(engine: Engine, recordings: Sequence[Recording], *, precision: str = "") -> None:
    """Check an engine as :func:`check_original_state` does; raises ParityError."""
    for recording, outputs in zip(recordings, _outputs_after_other_calls(engine.run, recordings), strict=True):
        for name, expected in recording.batches[0][1].items():
            compare(Output(recording.signature.name, name), expected, outputs[name], precision=precision)


def _outputs_after_other_calls(run: Run, recordings: Sequence[Recording]) -> list[Tensors]:
    """Return each signature's outputs for its first batch, after other calls."""
    first = [(recording.signature.name, recording.batches[0][0]) for recording in recordings]
    for name, inputs in first:
        run(name, inputs)
    for _ in range(2):
        for name, inputs in first:
            with suppress(EngineError, InvalidInput):  # the model may not take these values
                run(name, samples.alter(inputs))
    return [run(name, inputs) for name, inputs in first]


def record_engine(engine: Engine, recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """Return the recordings' inputs with an engine's outputs; raises EngineError."""
    return tuple(
        Recording(
            recording.signature,
            tuple((inputs, engine.run(recording.signature.name, inputs)) for inputs, _ in recording.batches),
        )
        for recording in recordings
    )


def compare_engine(engine: Engine, recording: Recording, *, precision: str = "") -> list[Agreement]:
    """Compare an engine with every batch, and with the first batch again.

    ``precision`` is that of :func:`lightship.compiler.verification.parity.compare`. Raises ParityError or EngineError.
    """
    signature = recording.signature
    parts: dict[str, list[Agreement]] = {spec.name: [] for spec in signature.outputs}
    for inputs, expected in (*recording.batches, recording.batches[0]):
        actual = engine.run(signature.name, inputs)
        for name, array in expected.items():
            parts[name].append(compare(Output(signature.name, name), array, actual[name], precision=precision))
    return [merge(entries) for entries in parts.values()]


def golden(recordings: tuple[Recording, ...]) -> dict[str, tuple[Tensors, Tensors]]:
    """Return one batch of every recording, of up to 16 rows and 1 MiB in all.

    It is the largest batch within these limits, or the smallest batch where none is.
    """
    budget = GOLDEN_BYTES // len(recordings)
    return {recording.signature.name: recording.up_to(GOLDEN_ROWS, budget) for recording in recordings}


def output_warnings(recording: Recording) -> list[str]:
    """Return warnings about dependent rows and about outputs that are NaN or constant."""
    found = []
    inputs, outputs = recording.batches[-1]
    if recording.signature.independent_rows is False:
        found.append(
            f"rows of signature '{recording.signature.name}' depend on each other: requests are not batched together, "
            "and batch jobs, which split files into chunks, refuse the model"
        )
    several = _rows(recording.signature, inputs) > 1
    for name, array in outputs.items():
        where = f"output '{name}' of signature '{recording.signature.name}'"
        if array.dtype.kind == "f" and np.isnan(array).any():
            found.append(f"{where} holds NaN for some of the compared inputs")
        elif several and array.ndim and len(array) > 1 and (array == array[:1]).all():
            found.append(f"{where} was the same for all compared inputs")
    return found


def check_probabilities(recording: Recording) -> None:
    """Raise CompileError where an output with classes is not probabilities or logits."""
    for spec in recording.signature.outputs:
        array = recording.batches[-1][1][spec.name]
        if spec.classes and array.dtype.kind not in "fiu":
            raise CompileError(
                f"model.yaml: outputs.{spec.name} has classes, and its values are {spec.dtype}, not numbers"
            )
        if spec.classes and not spec.from_logits and not _probable(array):
            raise CompileError(
                f"model.yaml: outputs.{spec.name} has classes and values from {array.min():.3g} to {array.max():.3g}, "
                "which are not probabilities: set from_logits: true if a softmax or sigmoid is missing"
            )


def check_indices(recording: Recording) -> None:
    """Raise CompileError where an output with names holds other numbers.

    It may hold indices of the names, and -1 for none.
    """
    for spec in recording.signature.outputs:
        array = recording.batches[-1][1][spec.name]
        if spec.names and array.size and not (array.min() >= -1 and array.max() < spec.names.count):
            raise CompileError(
                f"model.yaml: outputs.{spec.name}.names has {spec.names.count} names, and the output holds "
                f"{array.min()} to {array.max()}: it must be indices from 0, and -1 for none"
            )


def _check_repeatable(original: Reference, signature: Signature, inputs: Tensors, outputs: Tensors) -> None:
    _check_same(Recording(signature, ((inputs, outputs),)), _run(original, signature, inputs))


def _check_same(recording: Recording, again: Tensors) -> None:
    signature = recording.signature
    for name, array in recording.batches[0][1].items():
        if not np.array_equal(array, again[name], equal_nan=array.dtype.kind == "f"):
            raise CompileError(
                f"output '{name}' of signature '{signature.name}' differs each time the original is called with "
                "equal inputs: a model with random operators cannot be compared"
            )


def _run(original: Reference, signature: Signature, inputs: Mapping[str, Array]) -> Tensors:
    try:
        return original.run(signature.name, inputs)
    except samples.TransformFailed as error:
        raise TransformRefused(error.message, detail=error.detail) from None
    except EngineError as error:
        message = f"the original does not accept this input of '{signature.name}': {error.message}"
        raise CompileError(message, detail=error.detail) from None


def _rows(signature: Signature, inputs: Mapping[str, Array]) -> int:
    return next((len(inputs[spec.name]) for spec in signature.inputs if spec.batched), 1)


def _size(inputs: Tensors, outputs: Tensors) -> int:
    return sum(_bytes(array) for array in (*inputs.values(), *outputs.values()))


def _bytes(array: Array) -> int:
    return sum(len(text) for text in array.ravel()) if array.dtype == np.object_ else array.nbytes


def _probable(array: Array) -> bool:
    return array.dtype.kind == "f" and bool(np.isfinite(array).all() and array.min() >= -1e-3 and array.max() <= 1.001)
