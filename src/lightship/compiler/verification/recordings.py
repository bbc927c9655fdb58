"""What the original answered: batches of inputs and outputs for each signature, the truth of a compile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from lightship.compiler.sources.base import Original
from lightship.compiler.verification import samples
from lightship.compiler.verification.datafiles import read_data
from lightship.compiler.verification.independence import independent_rows
from lightship.compiler.verification.parity import Agreement, Output, compare, merge
from lightship.engines.base import Engine
from lightship.errors import CompileError, EngineError
from lightship.tensors import Array, Signature

Tensors = dict[str, Array]
Run = Callable[[str, Mapping[str, Array]], Tensors]

GOLDEN_BYTES = 1024 * 1024
GOLDEN_ROWS = 16


@dataclass(frozen=True)
class Recording:
    """Batches of one signature, each asked as a whole; the largest comes last. Without rows there is one."""

    signature: Signature
    batches: tuple[tuple[Tensors, Tensors], ...]

    def up_to(self, rows: int, size: float = float("inf")) -> tuple[Tensors, Tensors]:
        """Return the largest batch of at most so many rows and bytes; the smallest one where there is none."""
        small = [batch for batch in self.batches if _rows(self.signature, batch[0]) <= rows and _size(*batch) <= size]
        return small[-1] if small else self.batches[0]


def record(original: Original, signature: Signature, data: Path | None) -> Recording:
    """Ask the original, in batches of 1, 3, 16 and all rows, so that a dynamic batch and stale state would show.

    The recording's signature says whether rows are independent, as measured on the original.

    Raises CompileError where it takes no input that is known, or answers the same one differently each time.
    """
    if data:
        inputs = read_data(data, signature)
        outputs = _ask(original, signature, inputs)
    else:
        inputs, outputs = samples.generate(original.run, signature, original.hints(signature))
    total = _rows(signature, inputs)
    parts = [samples.take(inputs, signature, rows) for rows in (1, 3, GOLDEN_ROWS) if rows < total]
    batches = (*((part, _ask(original, signature, part)) for part in parts), (inputs, outputs))
    _check_repeatable(original, signature, *batches[0])
    recording = Recording(signature, batches)
    measured = independent_rows(partial(original.run, signature.name), signature, *recording.up_to(GOLDEN_ROWS))
    return Recording(signature._replace(independent_rows=measured), batches)


def restated(recordings: Sequence[Recording], signatures: Sequence[Signature]) -> tuple[Recording, ...]:
    """Return recordings whose signatures have the shapes of others by name; all else stays."""
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


def check_original_state(original: Original, recordings: Sequence[Recording]) -> None:
    """Ask every signature A, then B twice, then A again: no call may see another one's data. Raises CompileError."""
    for recording, outputs in zip(recordings, _ask_again(original.run, recordings), strict=True):
        _check_same(recording, outputs)


def check_engine_state(engine: Engine, recordings: Sequence[Recording], *, precision: str = "") -> None:
    """Ask an engine as :func:`check_original_state` does; raises ParityError."""
    for recording, outputs in zip(recordings, _ask_again(engine.run, recordings), strict=True):
        for name, expected in recording.batches[0][1].items():
            compare(Output(recording.signature.name, name), expected, outputs[name], precision=precision)


def _ask_again(run: Run, recordings: Sequence[Recording]) -> list[Tensors]:
    """Return each signature's answer to its first batch, after it and the others were asked for other things."""
    first = [(recording.signature.name, recording.batches[0][0]) for recording in recordings]
    for name, inputs in first:
        run(name, inputs)
    for _ in range(2):
        for name, inputs in first:
            with suppress(EngineError):  # the model may not take these values
                run(name, samples.altered(inputs))
    return [run(name, inputs) for name, inputs in first]


def replayed(engine: Engine, recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """Return the recordings' inputs with the outputs of another engine; raises EngineError."""
    return tuple(
        Recording(
            recording.signature,
            tuple((inputs, engine.run(recording.signature.name, inputs)) for inputs, _ in recording.batches),
        )
        for recording in recordings
    )


def agree(engine: Engine, recording: Recording, *, precision: str = "") -> list[Agreement]:
    """Compare an engine with every batch, and with the first one again; raises ParityError or EngineError.

    ``precision`` is that of :func:`lightship.compiler.verification.parity.compare`.
    """
    signature = recording.signature
    parts: dict[str, list[Agreement]] = {spec.name: [] for spec in signature.outputs}
    for inputs, expected in (*recording.batches, recording.batches[0]):
        actual = engine.run(signature.name, inputs)
        for name, array in expected.items():
            parts[name].append(compare(Output(signature.name, name), array, actual[name], precision=precision))
    return [merge(entries) for entries in parts.values()]


def golden(recordings: tuple[Recording, ...]) -> dict[str, tuple[Tensors, Tensors]]:
    """Return a whole batch of every recording: the largest of up to 16 rows that fits into 1 MiB in all.

    The smallest batch is recorded where none fits.
    """
    budget = GOLDEN_BYTES // len(recordings)
    return {recording.signature.name: recording.up_to(GOLDEN_ROWS, budget) for recording in recordings}


def oddities(recording: Recording) -> list[str]:
    """Sentences about outputs that are NaN or the same whatever goes in, and about rows that depend on each other."""
    found = []
    inputs, outputs = recording.batches[-1]
    if recording.signature.independent_rows is False:
        found.append(
            f"rows of signature '{recording.signature.name}' depend on each other: a request is answered as a whole, "
            "and jobs, which cut files into chunks, do not take the model"
        )
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
    _check_same(Recording(signature, ((inputs, outputs),)), _ask(original, signature, inputs))


def _check_same(recording: Recording, again: Tensors) -> None:
    signature = recording.signature
    for name, array in recording.batches[0][1].items():
        if not np.array_equal(array, again[name], equal_nan=array.dtype.kind == "f"):
            raise CompileError(
                f"output '{name}' of signature '{signature.name}' differs each time the original is asked the same: "
                "a model with random operators cannot be compared"
            )


def _ask(original: Original, signature: Signature, inputs: Mapping[str, Array]) -> Tensors:
    try:
        return original.run(signature.name, inputs)
    except EngineError as error:
        what = f"the original does not take this input of '{signature.name}': {error.message}"
        raise CompileError(what, detail=error.detail) from None


def _rows(signature: Signature, inputs: Mapping[str, Array]) -> int:
    return next((len(inputs[spec.name]) for spec in signature.inputs if spec.batched), 1)


def _size(inputs: Tensors, outputs: Tensors) -> int:
    return sum(_bytes(array) for array in (*inputs.values(), *outputs.values()))


def _bytes(array: Array) -> int:
    return sum(len(text) for text in array.ravel()) if array.dtype == np.object_ else array.nbytes


def _probable(array: Array) -> bool:
    return array.dtype.kind == "f" and bool(np.isfinite(array).all() and array.min() >= -1e-3 and array.max() <= 1.001)
