"""Choice of the best method that the bundle and the row allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from lightship.explain import kernel, occlusion
from lightship.explain.effects import Effects
from lightship.explain.evaluation import Values
from lightship.explain.features import Row
from lightship.explain.gradients import STEPS, IntegratedGradients
from lightship.explain.line import Unexplained
from lightship.explain.target import Target
from lightship.model import Model
from lightship.tensors import Signature

_GRADIENTS: WeakKeyDictionary[Model, IntegratedGradients | None] = WeakKeyDictionary()


class Method(NamedTuple):
    """A method for one row: its most evaluations, and the method itself."""

    cost: int
    run: Callable[[Target, Values], Effects]


def method_of(row: Row, gradient: IntegratedGradients | None) -> Method:
    """Return the best method for a row.

    ``gradient`` is that of the bundle, None without one.
    """
    other = _by_evaluation(row)
    if gradient is None or not row.numeric:
        return other

    def run(target: Target, values: Values) -> Effects:
        try:
            return _integrated(gradient, row, target)
        except Unexplained:
            return other.run(target, values)

    return Method(max(sum(STEPS), other.cost), run)


def _by_evaluation(row: Row) -> Method:
    """Return the best method that needs no more than the model itself."""
    if row.tabular and row.count <= kernel.MOST:
        differs = row.differs
        return Method(kernel.cost(int(differs.sum())), lambda _, values: kernel.effects(values, differs))
    blocks = row.blocks
    return Method(occlusion.cost(blocks), lambda _, values: occlusion.effects(values, blocks))


def compiled_gradient(model: Model, signature: Signature) -> IntegratedGradients | None:
    """Return the bundle's compiled gradient of a signature; None without one.

    It is loaded once per model. There is none behind a transform. Raises BundleError.
    """
    default = signature.name == model.manifest.signatures[0].name
    if model.transformed or not default or not all(spec.batched for spec in signature.inputs):
        return None
    if model not in _GRADIENTS:
        try:
            _GRADIENTS[model] = IntegratedGradients.load(model.bundle)
        except Unexplained:
            _GRADIENTS[model] = None
    return _GRADIENTS[model]


def _integrated(gradient: IntegratedGradients, row: Row, target: Target) -> Effects:
    """Return the effects of integrated gradients; raises Unexplained."""
    baseline, own = (row.inputs(np.full((1, row.count), present)) for present in (False, True))
    found = gradient.explain(own, baseline, target.spec.name, target.element)
    values = target.sign * row.pooled({name: array[0] for name, array in found.values.items()})
    base, prediction = (target.offset + target.sign * float(array[0]) for array in (found.base, found.prediction))
    return Effects(found.method, values, base, prediction, float(found.error[0]), found.steps)
