"""Trees or coefficients of a bundle."""

from __future__ import annotations

import math

from lightship.bundle import Bundle
from lightship.errors import BundleError
from lightship.explain.exact import storage
from lightship.explain.exact.entry import Entry
from lightship.explain.exact.linear import Linear
from lightship.explain.exact.trees import Trees
from lightship.explain.line import Unexplained
from lightship.tensors import Array


def stored(bundle: Bundle) -> tuple[Entry, Trees | Linear, Array]:
    """Return a bundle's entry, its model, and the owners of the features.

    Raises Unexplained with the reason where the bundle has none, or BundleError.
    """
    entry = Entry.from_json(bundle.manifest.explain)
    if entry.reason:
        raise Unexplained(entry.reason)
    inputs = bundle.manifest.signatures[0].inputs
    elements = sum(math.prod(size or 1 for size in spec.row_shape) for spec in inputs)
    try:
        return entry, *storage.read(bundle.path, entry.method, elements)
    except (LookupError, TypeError, ValueError) as error:
        raise BundleError(f"the bundle's {storage.FILE} is invalid", detail=repr(error)) from None
