"""Explanations of one recorded row of a model.

``python -m benchmarks.explain.calls`` reads a registry, a model and a number of calls from standard input and writes
figures to standard output (JSON).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from threadpoolctl import threadpool_limits

from lightship.calls import Call
from lightship.explain.attribution import unlimited
from lightship.explain.choice import compiled_method, method_of
from lightship.explain.evaluation import Evaluator
from lightship.explain.features import rows_of
from lightship.explain.target import explained_output, targets_of
from lightship.model import Model
from lightship.registry.registry import Registry


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    model = Model.load(Registry(parameters["registry"]).open(parameters["model"]))
    with threadpool_limits(1):
        json.dump(_figures(model, parameters["calls"]), sys.stdout)


def _figures(model: Model, calls: int) -> dict[str, Any]:
    signature = model.manifest.signatures[0]
    inputs, _ = model.golden()
    call = Call({spec.name: inputs[spec.name][:1] for spec in signature.inputs})
    spec = explained_output(signature, ())
    (target,) = targets_of(spec, model.predict(call).outputs[spec.name], None)
    (row,) = rows_of(model.bundle, signature, call.inputs)
    values = Evaluator(model, signature).values(row, target)
    found = []
    for compiled in dict.fromkeys((compiled_method(model, signature), None)):
        method = method_of(row, spec.name, compiled)
        effects = method.run(target, values, unlimited)
        seconds = _fastest(lambda method=method: method.run(target, values, unlimited), calls)  # type: ignore[misc]
        found.append({"method": effects.method, "explain_us": seconds * 1e6, "evaluations": effects.evaluations})
    return {"features": row.count, "predict_us": _fastest(lambda: model.predict(call), calls) * 1e6, "methods": found}


def _fastest(work: Callable[[], object], calls: int) -> float:
    """Return the least processor time of a call in seconds."""
    seconds = []
    for _ in range(calls):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return min(seconds)


if __name__ == "__main__":
    main()
