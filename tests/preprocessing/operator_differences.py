"""Differences between numpy's operators and TensorFlow's.

``python -m tests.preprocessing.operator_differences FILE`` runs every case in both and writes a message by case, empty
where they are equal.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from lightship.compiler.lifting.translation import NotLiftable, translate
from lightship.preprocessing.operators import build
from lightship.tensors import Array
from tests.preprocessing.operator_cases import CASES, Case


class Ran(NamedTuple):
    """An operator's results in TensorFlow, and the tf.Operation."""

    operation: Any
    results: list[Any]


def main(target: Path) -> None:
    target.write_text(json.dumps({name: difference(case) for name, case in CASES.items()}))


def difference(case: Case) -> str:
    """Return how the results differ; empty where they are equal."""
    ran = run(case)
    try:
        step = translate(ran.operation)
    except NotLiftable:
        return "not liftable"
    arrays = [np.asarray(value) for value in case.inputs.values()]
    taken = arrays if step.inputs is None else [arrays[position] for position in step.inputs]
    options = json.loads(json.dumps(dict(step.options)))
    result = build(step.operator, options, dict(enumerate(taken)))(*taken)
    found = result if isinstance(result, tuple) else (result,)
    if len(found) != len(ran.results):
        return f"{len(found)} results instead of {len(ran.results)}"
    return next(filter(None, map(compared, ran.results, found)), "")


def run(case: Case) -> Ran:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        feeds = {}
        arguments = {}
        for name, value in case.inputs.items():
            array = np.asarray(value)
            dtype = tf.string if array.dtype == np.object_ else tf.as_dtype(array.dtype)
            if name in case.constants:
                arguments[name] = tf.constant(array, dtype)
            else:
                arguments[name] = tf.compat.v1.placeholder(dtype, [None] * array.ndim)
                feeds[arguments[name]] = array
        listed = {key: [arguments.pop(name) for name in names] for key, names in case.lists.items()}
        made = getattr(tf.raw_ops, case.operator)(**arguments, **listed, **case.attributes)
        outputs = list(made) if isinstance(made, tuple) else [made]
        return Ran(outputs[0].op, session.run(outputs, feeds))


def compared(expected: Any, actual: Array) -> str:
    """Return how two arrays differ; empty where they are equal."""
    want = np.asarray(expected, np.object_ if isinstance(expected, bytes) else None)
    if want.dtype != actual.dtype or want.shape != actual.shape:
        return f"{want.dtype}{want.shape} expected, not {actual.dtype}{actual.shape}"
    pairs = zip(want.ravel().tolist(), actual.ravel().tolist(), strict=True)
    wrong = [(one, other) for one, other in pairs if one != other and not (_is_nan(one) and _is_nan(other))]
    return f"{len(wrong)} differ, such as {wrong[0]!r:.300}" if wrong else ""


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
