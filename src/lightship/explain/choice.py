"""Choice of the best method that the bundle and the row allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from lightship.bundle import Bundle
from lightship.explain import kernel, occlusion
from lightship.explain.attribution import Attribution
from lightship.explain.compiled import STEPS
from lightship.explain.effects import Effects
from lightship.explain.evaluation import Values
from lightship.explain.exact import Exact
from lightship.explain.features import Row
from lightship.explain.gradients import IntegratedGradients
from lightship.explain.line import Unexplained
from lightship.explain.target import Target
from lightship.model import Model
from lightship.tensors import Array, Signature


class Compiled(Protocol):
    """A method that needs more of a bundle than its model; thread-safe."""

    def explain(
        self, rows: Mapping[str, Array], baseline: Mapping[str, Array], output: str, number: int
    ) -> Attribution:
        """Return the attributions of one number in each row of an output.

        ``rows`` and ``baseline``, one row, are inputs of the default signature. Raises Unexplained for rows that need
        another method.
        """
        ...


class Loader(NamedTuple):
    """A compiled method: how it is loaded, and its most evaluations for one row.

    ``load`` raises Unexplained for a bundle without what the method needs, or BundleError. A ``certain`` method
    explains all rows, so that none costs what another method takes.
    """

    load: Callable[[Bundle], Compiled]
    cost: int
    certain: bool = False


class Loaded(NamedTuple):
    """A compiled method of a bundle, with the values of its Loader."""

    method: Compiled
    cost: int
    certain: bool = False


# An exact explanation evaluates no rows; it takes the time of about so many.
EXACT_COST = 20

# The best method first.
LOADERS = (Loader(Exact.load, EXACT_COST, certain=True), Loader(IntegratedGradients.load, sum(STEPS)))

_LOADED: WeakKeyDictionary[Model, Loaded | None] = WeakKeyDictionary()


class Method(NamedTuple):
    """A method for one row: its most evaluations, and the method itself."""

    cost: int
    run: Callable[[Target, Values], Effects]


def method_of(row: Row, compiled: Loaded | None) -> Method:
    """Return the best method for a row.

    ``compiled`` is that of the bundle, None without one.
    """
    other = _by_evaluation(row)
    if compiled is None or not row.numeric:
        return other

    def run(target: Target, values: Values) -> Effects:
        try:
            return _compiled(compiled.method, row, target)
        except Unexplained:
            return other.run(target, values)

    return Method(compiled.cost if compiled.certain else max(compiled.cost, other.cost), run)


def _by_evaluation(row: Row) -> Method:
    """Return the best method that needs no more than the model itself."""
    if row.tabular and row.count <= kernel.MOST:
        differs = row.differs
        return Method(kernel.cost(int(differs.sum())), lambda _, values: kernel.effects(values, differs))
    blocks = row.blocks
    return Method(occlusion.cost(blocks), lambda _, values: occlusion.effects(values, blocks))


def compiled_method(model: Model, signature: Signature) -> Loaded | None:
    """Return the bundle's compiled method for a signature; None without one.

    It is loaded once per model. There is none behind a transform. Raises BundleError.
    """
    default = signature.name == model.manifest.signatures[0].name
    if model.transformed or not default or not all(spec.batched for spec in signature.inputs):
        return None
    if model not in _LOADED:
        _LOADED[model] = _load(model.bundle)
    return _LOADED[model]


def _load(bundle: Bundle) -> Loaded | None:
    for loader in LOADERS:
        try:
            return Loaded(loader.load(bundle), loader.cost, loader.certain)
        except Unexplained:
            continue
    return None


def _compiled(method: Compiled, row: Row, target: Target) -> Effects:
    """Return the effects of a compiled method; raises Unexplained."""
    baseline, own = (row.inputs(np.full((1, row.count), present)) for present in (False, True))
    found = method.explain(own, baseline, target.spec.name, target.element)
    values = target.sign * row.pooled({name: array[0] for name, array in found.values.items()})
    offset = target.offset if found.scale == "output" else 0.0  # the log odds of two classes are opposite numbers
    base, prediction = (offset + target.sign * float(array[0]) for array in (found.base, found.prediction))
    return Effects(found.method, values, base, prediction, float(found.error[0]), found.steps, found.scale)
