"""Choice of the best method that the bundle and the row allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from lightship.bundle import Bundle
from lightship.errors import InvalidInput
from lightship.explain import kernel, occlusion
from lightship.explain.attribution import Attribution, CheckTime, Query, Unexplained
from lightship.explain.compiled import STEPS
from lightship.explain.effects import Effects
from lightship.explain.evaluation import Values
from lightship.explain.exact import Exact
from lightship.explain.features import Row
from lightship.explain.gradients import IntegratedGradients
from lightship.explain.target import Target
from lightship.model import Model
from lightship.tensors import Signature


class Compiled(Protocol):
    """A method that needs more of a bundle than its model; thread-safe."""

    def explains(self, output: str) -> bool:
        """Return whether it explains an output."""
        ...

    def explain(self, query: Query) -> Attribution:
        """Return the attributions of one number.

        Raises Unexplained for a row that needs another method, or TooLarge from ``check_time``.
        """
        ...


class Loader(NamedTuple):
    """A compiled method: how it is loaded, and its most evaluations for one row.

    ``load`` raises Unexplained for a bundle without what the method needs, or BundleError. A ``certain`` method
    explains all rows of the outputs that it explains, so that none of them costs what another method takes.
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
    """A method for one row: its most evaluations, and the method itself.

    ``run`` takes the target, the values of the row, and the check of the time.
    """

    cost: int
    run: Callable[[Target, Values, CheckTime], Effects]


def method_of(row: Row, output: str, compiled: Loaded | None) -> Method:
    """Return the best method for an output of a row.

    ``compiled`` is that of the bundle, None without one.
    """
    if compiled is None or not row.numeric or not compiled.method.explains(output):
        return _by_evaluation(row)
    return _certain(row, compiled) if compiled.certain else _uncertain(row, compiled)


def _certain(row: Row, compiled: Loaded) -> Method:
    """Return a compiled method that explains all rows: another one may cost more."""

    def run(target: Target, values: Values, check_time: CheckTime) -> Effects:
        try:
            return _compiled(compiled.method, row, target, check_time)
        except Unexplained as error:
            raise InvalidInput(f"this number of the output cannot be explained: {error}") from None

    return Method(compiled.cost, run)


def _uncertain(row: Row, compiled: Loaded) -> Method:
    """Return a compiled method, after which another one may be needed."""
    other = _by_evaluation(row)

    def run(target: Target, values: Values, check_time: CheckTime) -> Effects:
        try:
            return _compiled(compiled.method, row, target, check_time)
        except Unexplained as error:
            found = other.run(target, values, check_time)
            return found._replace(evaluations=found.evaluations + error.evaluations)

    return Method(compiled.cost + other.cost, run)


def _by_evaluation(row: Row) -> Method:
    """Return the best method that needs no more than the model itself."""
    if row.tabular and row.count <= kernel.MOST:
        differs = row.differs
        return Method(kernel.cost(int(differs.sum())), lambda _, values, __: kernel.effects(values, differs))
    blocks = row.blocks
    return Method(occlusion.cost(blocks), lambda _, values, __: occlusion.effects(values, blocks))


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


def _compiled(method: Compiled, row: Row, target: Target, check_time: CheckTime) -> Effects:
    """Return the effects of a compiled method; raises Unexplained."""
    baseline, own = (row.inputs(np.full((1, row.count), present)) for present in (False, True))
    found = method.explain(Query(own, baseline, target.spec.name, target.element, check_time))
    values = target.sign * row.pooled(found.values)
    offset = target.offset if found.scale == "output" else 0.0  # the log odds of two classes are opposite numbers
    base, prediction = (offset + target.sign * number for number in (found.base, found.prediction))
    return Effects(found.method, values, base, prediction, found.error, found.evaluations, found.scale)
