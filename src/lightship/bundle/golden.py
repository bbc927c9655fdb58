"""Golden examples: recorded inputs and the original model's outputs.

The file's arrays are named ``<signature>|<inputs or outputs>|<tensor>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lightship.errors import BundleError
from lightship.tensors import Array, Signature
from lightship.tensors.archive import read_arrays, write_arrays

Tensors = dict[str, Array]
Golden = dict[str, tuple[Tensors, Tensors]]

_SIDES = ("inputs", "outputs")


def write_golden(path: Path, golden: Mapping[str, tuple[Mapping[str, Array], Mapping[str, Array]]]) -> None:
    """Write inputs and outputs by signature; equal tensors give equal bytes."""
    arrays: Tensors = {}
    for signature, sides in golden.items():
        for side, tensors in zip(_SIDES, sides, strict=True):
            arrays.update({f"{signature}|{side}|{name}": array for name, array in tensors.items()})
    write_arrays(path, arrays)


def read_golden(source: Path) -> Golden:
    """Read the file of :func:`write_golden`; raises BundleError on anything else."""
    golden: Golden = {}
    try:
        for key, array in read_arrays(source).items():
            signature, side, name = key.split("|")
            golden.setdefault(signature, ({}, {}))[_SIDES.index(side)][name] = array
    except ValueError as error:
        raise BundleError(f"the bundle's golden examples cannot be read: {error}") from None
    return golden


def smallest_call(inputs: Mapping[str, Array], signature: Signature) -> Tensors:
    """Return one row of recorded inputs.

    Returns all rows unless the signature declares its rows independent.
    """
    if not signature.independent_rows:
        return dict(inputs)
    return {spec.name: inputs[spec.name][:1] if spec.batched else inputs[spec.name] for spec in signature.inputs}
