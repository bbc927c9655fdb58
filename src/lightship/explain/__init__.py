"""Explanations: how much each feature of a row contributed to the prediction.

Methods run on the compiled model, without TensorFlow. A new method is one file and one entry in
:mod:`lightship.explain.choice`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lightship.calls import Call, Explanation, Result
from lightship.errors import InvalidInput, TooLarge
from lightship.explain.choice import Method, compiled_method, method_of
from lightship.explain.effects import Effects
from lightship.explain.evaluation import Evaluator
from lightship.explain.features import Row, rows_of
from lightship.explain.target import Target, explained_output, ranked_targets, ranking_of, targets_of
from lightship.model import Model
from lightship.settings import DEFAULT_EXPLAIN, ExplainSettings
from lightship.tensors import Signature, validate

__all__ = ["explain"]


def explain(
    model: Model, call: Call, target: str | int | None = None, *, limits: ExplainSettings = DEFAULT_EXPLAIN
) -> tuple[Result, tuple[Explanation, ...]]:
    """Return the result of a call and an explanation of each row.

    ``target`` is a class name or an index in a row of the output, by default the likeliest class of each row; of a
    ranking, it is the name or the position of an item, by default the first one. Raises InvalidInput, NotFound
    (signature, output), EngineError, or TooLarge beyond the limits.
    """
    signature = model.manifest.signature(call.signature)
    spec = explained_output(signature, call.outputs)
    validate(call.inputs, signature.inputs)
    evaluator = Evaluator(model, signature, time.monotonic() + limits.seconds)
    rows = _affordable(_methods(model, signature, spec.name, call), limits.evaluations)
    ranking = ranking_of(signature, spec)
    if ranking is None:
        result = model.predict(call)
        targets = targets_of(spec, result.outputs[spec.name], target)
    else:
        result = model.predict(replace(call, outputs=(ranking.name, spec.name)))
        targets = ranked_targets(spec, ranking, result.outputs, target)
    if len(targets) != len(rows):
        raise InvalidInput(f"the output '{spec.name}' has {len(targets)} rows for {len(rows)}: it cannot be explained")
    explanations = []
    for each, (row, method) in zip(targets, rows, strict=True):
        evaluator.check_time()
        found = method.run(each, evaluator.values(row, each), evaluator.check_time)
        explanations.append(_explanation(row, each, found))
    return result, tuple(explanations)


def _methods(model: Model, signature: Signature, output: str, call: Call) -> Iterator[tuple[Row, Method]]:
    """Yield each row of a call with the method for an output."""
    compiled = compiled_method(model, signature)
    for row in rows_of(model.bundle, signature, call.inputs):
        yield row, method_of(row, output, compiled)


def _affordable(rows: Iterable[tuple[Row, Method]], most: int) -> list[tuple[Row, Method]]:
    """Return the rows; raises TooLarge where they cost more than ``most`` evaluations."""
    found: list[tuple[Row, Method]] = []
    spent = 0
    for row, method in rows:
        spent += method.cost
        if spent > most:
            fitting = (
                f"at most {len(found)} of these rows fit" if found else "LIGHTSHIP_EXPLAIN_EVALUATIONS allows more"
            )
            raise TooLarge(
                f"the explanation evaluates the model on more than {most:,} rows, which is the limit: {fitting}"
            )
        found.append((row, method))
    return found


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
        scale="log_odds" if found.scale == "output" and target.spec.from_logits else found.scale,
    )
