"""Programs in a bundle: steps in the manifest, arrays in ``assets/constants.npz``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lightship.preprocessing.program import Program, Step
from lightship.tensors import Array
from lightship.tensors.archive import read_arrays, write_arrays

CONSTANTS = "assets/constants.npz"


def write_programs(folder: Path, programs: Mapping[str, Program]) -> dict[str, Any]:
    """Write the constants and return the manifest's form, by signature.

    An array that several programs hold is written once.
    """
    arrays: dict[str, Array] = {}
    records = {signature: _record(program, arrays) for signature, program in programs.items()}
    if arrays:
        (folder / CONSTANTS).parent.mkdir(exist_ok=True)
        write_arrays(folder / CONSTANTS, arrays)
    return records


def read_programs(folder: Path, records: Mapping[str, Any]) -> dict[str, Program]:
    """Return the programs of a bundle by signature.

    Raises KeyError, TypeError or ValueError for records or constants of another form.
    """
    needed = any(record["constants"] for record in records.values())
    arrays = read_arrays(folder / CONSTANTS) if needed else {}
    return {
        signature: Program(
            tuple(Step.from_json(step) for step in record["steps"]),
            {str(name): str(value) for name, value in record["outputs"].items()},
            {str(name): arrays[key] for name, key in record["constants"].items()},
        )
        for signature, record in records.items()
    }


def _record(program: Program, arrays: dict[str, Array]) -> dict[str, Any]:
    return {
        "steps": [step.to_json() for step in program.steps],
        "outputs": dict(program.outputs),
        "constants": {name: _key(array, arrays) for name, array in program.constants.items()},
    }


def _key(array: Array, arrays: dict[str, Array]) -> str:
    """Return the key of an equal array, which is added where there is none."""
    same = (key for key, other in arrays.items() if other is array or _equal(other, array))
    key = next(same, str(len(arrays)))
    arrays[key] = array
    return key


def _equal(one: Array, other: Array) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return one.tolist() == other.tolist() if one.dtype == np.object_ else one.tobytes() == other.tobytes()
