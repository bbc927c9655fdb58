"""Trees or coefficients of a bundle."""

from __future__ import annotations

import math

from lightship.bundle import EXACT, Bundle
from lightship.errors import BundleError
from lightship.explain.attribution import Unexplained
from lightship.explain.exact import storage
from lightship.explain.exact.entry import Entry
from lightship.explain.exact.linear import Linear
from lightship.explain.exact.trees import Trees
from lightship.tensors import Array, Signature


def stored(bundle: Bundle) -> tuple[Entry, Trees | Linear, Array]:
    """Return a bundle's entry, its model, and the owners of the features.

    Raises Unexplained with the reason where the bundle has none, or BundleError.
    """
    entry = Entry.from_json(bundle.manifest.explain)
    if entry.reason:
        raise Unexplained(entry.reason)
    signature = bundle.manifest.signatures[0]
    elements = sum(math.prod(size or 1 for size in spec.row_shape) for spec in signature.inputs)
    try:
        model, owners = storage.read(bundle.file(EXACT), entry.method, elements)
        _check_outputs(entry, model.outputs, signature)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise BundleError(f"the bundle's {EXACT} is invalid", detail=repr(error)) from None
    return entry, model, owners


def _check_outputs(entry: Entry, scores: int, signature: Signature) -> None:
    """Raise ValueError unless the raw scores are those of an output's row."""
    sizes = {spec.name: spec.row_shape for spec in signature.outputs if spec.numpy.kind == "f"}
    shape = sizes.get(entry.output)
    if shape is None or (None not in shape and math.prod(size or 1 for size in shape) != entry.numbers):
        raise ValueError(f"the signature has no output '{entry.output[:80]}' of {entry.numbers} numbers")
    if entry.numbers != scores and (scores, entry.numbers) != (1, 2):
        raise ValueError(f"there are {scores} raw scores for {entry.numbers} numbers")
