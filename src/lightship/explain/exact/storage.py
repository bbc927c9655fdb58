"""``assets/explain.npz``: trees or coefficients in a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from lightship.bundle import EXACT
from lightship.explain.exact.entry import TREE_SHAP
from lightship.explain.exact.linear import Linear
from lightship.explain.exact.nodes import Nodes
from lightship.explain.exact.trees import Trees
from lightship.tensors import Array
from lightship.tensors.archive import read_arrays, write_arrays

MOST_BYTES = 16 * 1024**2

_OWNERS = "owners"
_NUMBERS = ("float32", "float64")

# The dtypes and the number of axes of each array.
_FORMS: Mapping[str, tuple[tuple[str, ...], int]] = {
    _OWNERS: (("int32",), 1),
    "feature": (("int32",), 1),
    "threshold": (("float32", "int32"), 1),
    "child": (("int32",), 1),
    "missing_left": (("bool", "uint8"), 1),
    "values": (("float32",), 2),
    "cover": (("float32",), 1),
    "roots": (("int32",), 1),
    "bias": (("float64",), 1),
    "divisor": (("int32", "int64"), 0),
    "coefficients": (_NUMBERS, 2),
    "intercept": (_NUMBERS, 1),
    "mean": (_NUMBERS, 1),
}
_NODES = tuple(field.name for field in fields(Nodes) if field.name != "columns")


def write(folder: Path, model: Trees | Linear, owners: Array) -> int:
    """Write a checked model into a bundle's folder; return the file's bytes."""
    path = folder / EXACT
    path.parent.mkdir(exist_ok=True)
    write_arrays(path, {**_arrays(model), _OWNERS: owners.astype(np.int32)})
    return path.stat().st_size


def read(path: Path, method: str, elements: int) -> tuple[Trees | Linear, Array]:
    """Return the model in a bundle's file and the owners of its features.

    ``elements`` is the size of a row. Raises LookupError, TypeError or ValueError for anything else than what
    :func:`write` wrote.
    """
    arrays = read_arrays(path)
    for name, array in arrays.items():
        _check_form(name, array)
    owners = arrays[_OWNERS]
    model = (_trees if method == TREE_SHAP else _linear)(arrays, len(owners))
    if ((owners < 0) | (owners >= elements)).any() or model.features != len(owners):
        raise ValueError("the owners of the features are other than those of the model")
    return model, owners


def _check_form(name: str, array: Array) -> None:
    """Raise ValueError for an unknown array, or one of another dtype or shape."""
    dtypes, axes = _FORMS.get(name, ((), 0))
    if array.dtype.name not in dtypes or array.ndim != axes:
        raise ValueError(f"the array '{name[:80]}' has another form: {array.dtype} {list(array.shape)}")


def _arrays(model: Trees | Linear) -> dict[str, Array]:
    if isinstance(model, Linear):
        return {"coefficients": model.coefficients, "intercept": model.intercept, "mean": model.mean}
    nodes = {name: getattr(model.nodes, name) for name in _NODES}
    return {**nodes, "bias": model.bias, "divisor": np.array(model.divisor)}


def _linear(arrays: dict[str, Array], columns: int) -> Linear:
    model = Linear(arrays["coefficients"], arrays["intercept"], arrays["mean"])
    model.check()
    return model


def _trees(arrays: dict[str, Array], columns: int) -> Trees:
    missing_left = arrays["missing_left"].astype(bool)
    nodes = Nodes(**{name: arrays[name] for name in _NODES} | {"missing_left": missing_left}, columns=columns)
    nodes.check()
    bias, divisor, width = arrays["bias"], int(arrays["divisor"]), nodes.values.shape[1]
    if divisor < 1 or not len(bias) or len(bias) % width or len(nodes.roots) % (len(bias) // width):
        raise ValueError("the trees cannot be divided into groups")
    if not np.isfinite(bias).all():
        raise ValueError("a bias is not finite")
    return Trees(nodes, bias, divisor)
