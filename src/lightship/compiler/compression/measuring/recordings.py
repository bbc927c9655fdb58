"""Files that the build leaves for the compression.

``recordings.npz`` has the original's inputs and outputs, as clients see them; ``rows.npz`` has the engine's inputs,
after a transform and lifted preprocessing, with which activations are measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lightship.bundle.golden import Golden, read_golden, write_golden
from lightship.compiler.verification.recordings import Recording
from lightship.preprocessing import Program
from lightship.tensors import Array

_RECORDINGS = "recordings.npz"
_ROWS = "rows.npz"


def write(folder: Path, client: Sequence[Recording], own: Sequence[Recording], programs: Mapping[str, Program]) -> None:
    """Write the largest batch of each recording.

    ``own`` are the recordings of the model itself, ``programs`` its lifted preprocessing by signature.
    """
    write_golden(folder / _RECORDINGS, {recording.signature.name: recording.batches[-1] for recording in client})
    rows: Golden = {}
    for recording in own:
        inputs, _ = recording.batches[-1]
        program = programs.get(recording.signature.name)
        rows[recording.signature.name] = (dict(program.bind().run(inputs) if program else inputs), {})
    write_golden(folder / _ROWS, rows)


def read_recordings(folder: Path) -> Golden:
    """Return inputs and outputs of the original by signature."""
    return read_golden(folder / _RECORDINGS)


def read_rows(folder: Path) -> dict[str, dict[str, Array]]:
    """Return inputs of the engine by signature."""
    return {signature: inputs for signature, (inputs, _) in read_golden(folder / _ROWS).items()}
