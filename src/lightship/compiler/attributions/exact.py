"""Exact explanation of a model: its trees or coefficients in the bundle.

They are kept only where their sums become the recorded outputs of the original.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lightship.bundle import EXACT
from lightship.compiler.sources.additive import Additive, Coefficients
from lightship.compiler.trees import Activation, Ensemble
from lightship.compiler.trees.forest import LEAF, Forest, levels
from lightship.compiler.trees.layout import LARGEST
from lightship.compiler.verification.recordings import Recording
from lightship.errors import LightshipError
from lightship.explain.exact import COEFFICIENTS, TREE_SHAP, Entry, Exact, Linear, Trees, storage
from lightship.explain.exact.nodes import MOST_NODES, Nodes
from lightship.explain.exact.origins import origins_of
from lightship.preprocessing import Program
from lightship.tensors import Array, TensorSpec

_TOLERANCE = 1e-4
_ROWS = 16


class Inexact(Exception):
    """A model without an exact explanation; the message is the reason."""


def compile_exact(model: Additive, recording: Recording, folder: Path, *, program: Program | None = None) -> Entry:
    """Write the exact explanation of a model's default signature into the bundle.

    ``program`` computes the model's features. Where there is none, no file is written, and the returned entry has the
    reason.
    """
    try:
        return _compiled(model, recording, folder, program)
    except Inexact as error:
        reason = str(error)
    except LightshipError as error:
        reason = error.message
    (folder / EXACT).unlink(missing_ok=True)
    return Entry(reason)


def _compiled(model: Additive, recording: Recording, folder: Path, program: Program | None) -> Entry:
    output = _output(recording, model.activation)
    origins = origins_of(program, recording.signature.inputs)
    if origins is None:
        raise Inexact("a step before the model mixes columns")
    owners = np.array([origin.element for origin in origins])
    stored = trees_of(model) if isinstance(model, Ensemble) else _linear(model, recording, program)
    if len(owners) != stored.features:
        raise Inexact(f"the model has {stored.features} features, and its inputs {len(owners)}")
    entry = _entry(stored, output, recording.batches[0][1], _scale(model))
    exact = Exact(entry, stored, owners, program.bind() if program else None)
    _check(exact, _LINKS[model.activation], recording, output.name, _slope(model))
    if (size := storage.write(folder, stored, owners)) > storage.MOST_BYTES:
        limit = storage.MOST_BYTES // 1024**2
        raise Inexact(f"the trees take {size / 1024**2:.0f} MiB, and the limit is {limit} MiB")
    return entry


def _output(recording: Recording, activation: Activation) -> TensorSpec:
    """Return the only output, of floating-point numbers."""
    (output,) = recording.signature.outputs
    if output.numpy.kind != "f":
        raise Inexact(f"its output '{output.name}' is {output.dtype}")
    if activation not in _LINKS:
        raise Inexact(f"its prediction is a function of the sums that explanations do not support: {activation}")
    return output


def _entry(model: Trees | Linear, output: TensorSpec, outputs: Mapping[str, Array], scale: str) -> Entry:
    numbers = int(np.prod(outputs[output.name].shape[1:]))
    if numbers != model.outputs and (model.outputs, numbers) != (1, 2):
        raise Inexact(f"the output '{output.name}' has {numbers} numbers for {model.outputs} sums")
    method = TREE_SHAP if isinstance(model, Trees) else COEFFICIENTS
    return Entry("", method, output.name, numbers, scale)


def _scale(model: Additive) -> str:
    if model.activation == "identity":
        return "output"
    if model.activation == "exp":
        return "logarithm"
    return "log_odds" if _slope(model) == 1.0 else "raw_score"


def _slope(model: Additive) -> float:
    return model.slope if isinstance(model, Ensemble) else 1.0


def trees_of(ensemble: Ensemble) -> Trees:
    """Return the trees of a checked ensemble; raises Inexact."""
    bias = np.zeros(ensemble.outputs) if ensemble.bias is None else np.asarray(ensemble.bias, np.float64)
    trees = Trees(_nodes(ensemble.forest), bias, ensemble.divisor)
    try:
        trees.nodes.check()
    except ValueError as error:
        raise Inexact(str(error)) from None
    return trees


def _nodes(forest: Forest) -> Nodes:
    """Return the nodes of a checked forest by level."""
    if forest.cover is None:
        raise Inexact("the file does not say how many training rows reached each node")
    if forest.memberships:
        raise Inexact("its trees split at categories")
    if len(forest.feature) > MOST_NODES:
        raise Inexact(f"its trees have {len(forest.feature):,} nodes, and the limit is {MOST_NODES:,}")
    order = np.concatenate(list(levels(forest)))
    position = np.zeros(len(forest.feature), np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    inner = forest.feature[order] != LEAF
    missing_left = np.ones(len(order), bool) if forest.missing_left is None else forest.missing_left[order]
    return Nodes(
        feature=forest.feature[order].astype(np.int32),
        threshold=_finite(np.where(inner, forest.threshold[order], np.zeros(1, forest.threshold.dtype))),
        child=np.where(inner, position[forest.left[order]], 0).astype(np.int32),
        missing_left=np.where(inner, missing_left, False),
        values=np.where(inner[:, np.newaxis], 0, forest.values[order]).astype(np.float32),
        cover=forest.cover[order].astype(np.float32),
        roots=position[forest.roots],
        columns=forest.columns,
    )


def _finite(threshold: Array) -> Array:
    """Return thresholds below the number that stands for infinity."""
    if threshold.dtype.kind != "f":
        return threshold.astype(np.int32)
    return np.minimum(threshold, np.nextafter(LARGEST, np.float32(0))).astype(np.float32)


def _linear(model: Coefficients, recording: Recording, program: Program | None) -> Linear:
    """Return a linear model with the mean of the recorded rows as the baseline."""
    inputs, _ = recording.batches[-1]
    (features,) = (program.bind().run(inputs) if program else inputs).values()
    rows = features.reshape(len(features), -1).astype(np.float64)
    finite = rows[np.isfinite(rows).all(axis=1)]
    linear = Linear(model.weights, model.intercept, finite.mean(axis=0) if len(finite) else np.zeros(rows.shape[1]))
    try:
        linear.check()
    except ValueError as error:
        raise Inexact(str(error)) from None
    return linear


def _check(exact: Exact, link: Callable[[Array], Array], recording: Recording, output: str, slope: float) -> None:
    """Raise Inexact unless recorded outputs are a function of the sums."""
    inputs, outputs = recording.up_to(_ROWS)
    expected = np.asarray(outputs[output], np.float64)
    scores = exact.scores(inputs)
    predicted = link(scores * slope)
    if predicted.shape[1] == 1 and expected.size == 2 * len(predicted):
        predicted = np.concatenate([1 - predicted, predicted], axis=1)
    expected = expected.reshape(predicted.shape)
    scale = float(np.abs(expected).max(initial=0.0)) or 1.0
    if not np.allclose(predicted, expected, rtol=_TOLERANCE, atol=_TOLERANCE * scale):
        raise Inexact("its sums do not become the recorded outputs")


def _sigmoid(scores: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(scores / 2))


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _identity(scores: Array) -> Array:
    return scores


def _exp(scores: Array) -> Array:
    return np.asarray(np.exp(scores))


_LINKS: Mapping[str, Callable[[Array], Array]] = {
    "identity": _identity,
    "exp": _exp,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
