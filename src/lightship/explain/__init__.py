"""Explanations: how much each feature of a row contributed to the prediction.

Methods run on the compiled model, without TensorFlow. A new method is one file and one entry in :func:`_method`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from lightship.calls import Call, Explanation, Result
from lightship.errors import InvalidInput, TooLarge
from lightship.explain import kernel, occlusion
from lightship.explain.effects import Effects
from lightship.explain.evaluation import Evaluator, Values
from lightship.explain.features import Row, rows_of
from lightship.explain.target import Target, explained_output, targets_of
from lightship.model import Model
from lightship.settings import DEFAULT_EXPLAIN, ExplainSettings

__all__ = ["explain"]


class _Method(NamedTuple):
    """A method for one row: its number of evaluations, and the method itself."""

    cost: int
    run: Callable[[Values], Effects]


def explain(
    model: Model, call: Call, target: str | int | None = None, *, limits: ExplainSettings = DEFAULT_EXPLAIN
) -> tuple[Result, tuple[Explanation, ...]]:
    """Return the result of a call and an explanation of each row.

    ``target`` is a class name or an index in a row of the output, by default the likeliest class of each row. Raises
    InvalidInput, NotFound (signature, output), EngineError, or TooLarge beyond the limits.
    """
    signature = model.manifest.signature(call.signature)
    spec = explained_output(signature, call.outputs)
    evaluator = Evaluator(model, signature, time.monotonic() + limits.seconds)
    result = model.predict(call)
    targets = targets_of(spec, result.outputs[spec.name], target)
    rows = _affordable(rows_of(model.bundle, signature, call.inputs), call.rows, limits.evaluations)
    if len(targets) != len(rows):
        raise InvalidInput(f"the output '{spec.name}' has {len(targets)} rows for {len(rows)}: it cannot be explained")
    return result, tuple(
        _explanation(row, each, method.run(evaluator.values(row, each)))
        for each, (row, method) in zip(targets, rows, strict=True)
    )


def _affordable(rows: Iterable[Row], count: int, most: int) -> list[tuple[Row, _Method]]:
    """Return each row with its method; raises TooLarge beyond ``most`` evaluations."""
    found: list[tuple[Row, _Method]] = []
    spent = 0
    for row in rows:
        method = _method(row)
        spent += method.cost
        if spent > most:
            fitting = f"send at most {len(found)} rows" if found else "LIGHTSHIP_EXPLAIN_EVALUATIONS allows more"
            raise TooLarge(
                f"explaining {count} rows evaluates the model on more than {most:,} rows, the limit: {fitting}"
            )
        found.append((row, method))
    return found


def _method(row: Row) -> _Method:
    """Return the best method that the row's features allow."""
    if row.tabular and row.count <= kernel.MOST:
        differs = row.differs
        return _Method(kernel.cost(int(differs.sum())), lambda values: kernel.effects(values, differs))
    blocks = row.blocks
    return _Method(occlusion.cost(blocks), lambda values: occlusion.effects(values, blocks))


def _explanation(row: Row, target: Target, found: Effects) -> Explanation:
    return Explanation(
        method=found.method,
        output=target.spec.name,
        target=target.name,
        prediction=found.prediction,
        base=found.base,
        error=found.error,
        evaluations=found.evaluations,
        attributions=row.named(found.values),
    )
