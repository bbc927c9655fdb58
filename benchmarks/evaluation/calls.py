"""Counting of random predictions, and their metrics.

``python -m benchmarks.evaluation.calls`` reads a task and a number of rows from standard input and writes figures to
standard output (JSON).
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.processes import peak
from lightship.evaluation.counts import Classes, Counts, Labels, Numbers, replicates
from lightship.evaluation.metrics import figures
from lightship.tensors import Array


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    with threadpool_limits(1):
        seconds = _counted(parameters["task"], parameters["rows"])
    json.dump({"rows": parameters["rows"], "seconds": seconds, "peak_memory_mib": peak()}, sys.stdout)


def _counted(task: str, rows: int) -> float:
    """Return the processor time of counting and of the metrics in seconds."""
    counts, seconds = _empty(task), 0.0
    for block, start in enumerate(range(0, rows, replicates.ROWS)):
        targets, predictions = _random(task, np.random.default_rng(block), min(replicates.ROWS, rows - start))
        begun = time.process_time()
        counts.add(targets, predictions, replicates.weights(0, block, len(targets), replicates.REPLICATES))
        seconds += time.process_time() - begun
    begun = time.process_time()
    assert figures(counts).rows == rows
    return seconds + time.process_time() - begun


def _empty(task: str) -> Counts:
    width, kind = task.split()
    if kind == "number":
        return Numbers.empty()
    names = [str(index) for index in range(int(width))]
    return Labels.empty(names) if kind == "labels" else Classes.empty(names)


def _random(task: str, rng: np.random.Generator, rows: int) -> tuple[Array, Array]:
    """Return targets and predictions that agree with them more often than not."""
    width, kind = task.split()
    if kind == "number":
        targets = rng.normal(size=rows)
        return targets, targets + rng.normal(size=rows)
    if kind == "labels":
        labels = rng.integers(0, 2, (rows, int(width)))
        return labels, (labels * 0.3 + 0.7 * rng.random(labels.shape)).astype(np.float32)
    classes = rng.integers(0, int(width), rows)
    odds = np.exp(rng.normal(size=(rows, int(width))) + 2 * np.eye(int(width))[classes])
    return classes, (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    main()
