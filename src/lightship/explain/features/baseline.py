"""The baseline of a table: a row of typical values.

It is computed from the rows that the bundle recorded. A column of numbers has their mean, without missing ones and
rounded where the tensor holds integers. Any other column has its most frequent value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from lightship.bundle import GOLDEN, Bundle
from lightship.bundle.golden import read_golden
from lightship.inputs import kind_of
from lightship.inputs.kind import Feature
from lightship.tensors import Array, Signature


def baseline_of(bundle: Bundle, signature: Signature) -> Mapping[str, Array]:
    """Return one row by the name of each input whose rows are columns.

    Raises BundleError where the recorded rows cannot be read.
    """
    return _read(bundle.path, signature, bundle.digest)


@lru_cache(maxsize=32)
def _read(path: Path, signature: Signature, digest: str) -> Mapping[str, Array]:
    inputs, _outputs = read_golden(path / GOLDEN)[signature.name]
    return typical(signature, inputs)


def typical(signature: Signature, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return the typical row of each input whose rows are columns."""
    found = {}
    for spec in signature.inputs:
        features = kind_of(spec).column_features(spec)
        if features is not None:
            array = inputs[spec.name] if spec.batched else inputs[spec.name][np.newaxis]
            flat = array.reshape(len(array), -1)
            row = np.concatenate([_typical(flat[:, each.start : each.stop], each) for each in features])
            found[spec.name] = row.astype(spec.numpy).reshape(array.shape[1:])
    return found


def _typical(values: Array, feature: Feature) -> Array:
    """Return the typical value of a column [rows, width]."""
    if not feature.number:
        common, _ = Counter(map(tuple, values.tolist())).most_common(1)[0]
        value = np.empty(len(common), values.dtype)
        value[:] = common
        return value
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    mean = present.mean(dtype=np.float64) if present.size else np.nan
    return np.atleast_1d(mean if values.dtype.kind == "f" else np.rint(mean))
