"""The baseline of a table: a row of typical values.

A column of numbers has their mean, without missing ones and rounded where the tensor holds integers. Any other column
has its most frequent value. The rows are those of ``lightship compile --data``, whose typical row is a file of the
bundle; without data they are the recorded ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from lightship.bundle import ASSETS, BASELINE, GOLDEN, Bundle
from lightship.bundle.golden import read_golden
from lightship.errors import BundleError, InvalidInput
from lightship.inputs import kind_of
from lightship.inputs.kind import Feature
from lightship.tensors import Array, Signature, validate
from lightship.tensors.archive import read_arrays, write_arrays


def write_baseline(folder: Path, rows: Mapping[Signature, Mapping[str, Array]]) -> None:
    """Write the typical row of each signature, if any of its inputs has columns.

    The arrays have shape [1, …] and are named ``<signature>|<input>``.
    """
    arrays = {
        f"{signature.name}|{name}": row[np.newaxis]
        for signature, inputs in rows.items()
        for name, row in typical(signature, inputs).items()
    }
    if arrays:
        (folder / ASSETS).mkdir(exist_ok=True)
        write_arrays(folder / BASELINE, arrays)


def baseline_of(bundle: Bundle, signature: Signature) -> Mapping[str, Array]:
    """Return one row by the name of each input whose rows are columns.

    Raises BundleError where the file cannot be read.
    """
    if BASELINE in bundle.manifest.files:
        return _stored(bundle.file(BASELINE), signature, bundle.digest)
    return _recorded(bundle.file(GOLDEN), signature, bundle.digest)


@lru_cache(maxsize=32)
def _recorded(path: Path, signature: Signature, digest: str) -> Mapping[str, Array]:
    try:
        inputs, _ = read_golden(path)[signature.name]
        validate(inputs, signature.inputs)
    except (LookupError, InvalidInput) as error:
        raise BundleError(f"the bundle's golden examples are not of its signature: {error}") from None
    return typical(signature, inputs)


@lru_cache(maxsize=32)
def _stored(path: Path, signature: Signature, digest: str) -> Mapping[str, Array]:
    try:
        arrays = read_arrays(path)
        tables = [spec for spec in signature.inputs if kind_of(spec).column_features(spec) is not None]
        found = {spec.name: arrays[f"{signature.name}|{spec.name}"] for spec in tables}
        for spec in tables:
            validate({spec.name: found[spec.name] if spec.batched else found[spec.name][0]}, [spec])
        return {name: array.reshape(array.shape[1:]) for name, array in found.items()}
    except (ValueError, KeyError, IndexError, InvalidInput) as error:
        raise BundleError(f"the bundle's {BASELINE} cannot be read: {error}") from None


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
