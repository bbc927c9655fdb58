"""Micro-batching: calls of one row that wait for a thread run as one batch.

Without a window, a call that finds a free thread runs at once and alone: calls are gathered only while all threads are
busy. A signature is batched only if a measurement at load time shows that it saves time, and if its rows were measured
to be independent. Calls of stateful models are never batched.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lightship.calls import Call, Result
from lightship.errors import LightshipError
from lightship.model import Model
from lightship.serving.counters import Counters
from lightship.tensors import Array, Signature, validate

# The share of time that a batch must save over its rows alone, to be worth its memory.
_MINIMUM_SAVING = 0.15
_TOLERANCE = 1e-3

Waiting = tuple[Call, "Future[Result]"]


@dataclass(frozen=True)
class Batching:
    """Parameters of batching on this server.

    Attributes:
        executor: runs the batches; at most ``threads`` of a model run at once.
        rows: the largest batch.
        window: seconds for which a free thread waits for a fuller batch while another one is running. 0 for none.
    """

    executor: ThreadPoolExecutor
    threads: int
    rows: int
    window: float = 0.0

    def of(self, model: Model, counters: Counters) -> Batches | None:
        """Return the batches of a model.

        Returns None where the model is stateful, or batching saves no time or changes the results of every signature.
        """
        if self.rows < 2 or model.stateful:
            return None
        names = [signature.name for signature in model.manifest.signatures if _saves_time(model, signature, self.rows)]
        return Batches(model, counters, self, names) if names else None


class Batches:
    """The calls of one version that run together. Thread-safe.

    Batches have 1, 2, 4, … rows, each size with a copy of the model, because LiteRT allocates its tensors again for
    another shape, which takes longer than a batch saves.

    ``signatures`` are the names of those that may be batched.
    """

    def __init__(self, model: Model, counters: Counters, batching: Batching, signatures: Collection[str]) -> None:
        default = model.manifest.signature().name
        self._signatures = frozenset([*signatures, *([None] if default in signatures else [])])
        self._models = {1: model}
        self._counters = counters
        self._batching = batching
        self._waiting: list[Waiting] = []
        self._threads = self._running = 0
        self._changed = threading.Condition()

    def takes(self, call: Call) -> bool:
        """Return whether a call's signature may be batched."""
        return call.signature in self._signatures

    def submit(self, call: Call) -> Future[Result]:
        """Return the future result of a call of one row.

        Raises InvalidInput or NotFound before the call waits.
        """
        try:
            validate(call.inputs, self._models[1].manifest.signature(call.signature).inputs)
        except LightshipError:
            self._counters.count_refusal()
            raise
        future: Future[Result] = Future()
        with self._changed:
            self._waiting.append((call, future))
            self._changed.notify_all()
            starts = self._threads < self._batching.threads
            self._threads += starts
        if starts:
            self._batching.executor.submit(self._work)
        return future

    def _work(self) -> None:
        """Run one batch; queue again, behind other models, while calls are waiting."""
        batch = self._take()
        try:
            self._run(batch)
        finally:
            with self._changed:
                self._running -= 1
                more = bool(self._waiting)
                self._threads -= not more
                self._changed.notify_all()
            if more:
                self._batching.executor.submit(self._work)

    def _take(self) -> list[Waiting]:
        """Return the next batch: the first waiting call and similar ones.

        Its size is a power of two.
        """
        with self._changed:
            self._changed.wait_for(self._ready, self._batching.window)
            self._running += 1
            self._waiting = [entry for entry in self._waiting if not entry[1].cancelled()]
            if not self._waiting:
                return []
            key = _batch_key(self._waiting[0][0])
            alike = [entry for entry in self._waiting if _batch_key(entry[0]) == key][: self._batching.rows]
            batch = alike[: 1 << (len(alike).bit_length() - 1)]
            taken = set(map(id, batch))
            self._waiting = [entry for entry in self._waiting if id(entry) not in taken]
        return batch

    def _ready(self) -> bool:
        return not self._running or not 0 < len(self._waiting) < self._batching.rows

    def _run(self, batch: Sequence[Waiting]) -> None:
        batch = [entry for entry in batch if entry[1].set_running_or_notify_cancel()]
        start = time.perf_counter_ns()
        try:
            results = self._run_batch([call for call, _ in batch]) if len(batch) > 1 else None
        except Exception:  # run alone, the failing call raises its own error
            results = None
        if results is None:
            for call, future in batch:
                self._run_single(call, future)
            return
        self._counters.count_execution(len(batch), start, calls=len(batch))
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _run_single(self, call: Call, future: Future[Result]) -> None:
        start = time.perf_counter_ns()
        try:
            result = self._models[1].predict(call)
        except Exception as error:
            self._counters.count_failure(start)
            future.set_exception(error)
        else:
            self._counters.count_execution(1, start)
            future.set_result(result)

    def _run_batch(self, calls: Sequence[Call]) -> list[Result] | None:
        """Return the calls' results; None where the outputs do not have one row each."""
        first = calls[0]
        inputs = {name: np.concatenate([call.inputs[name] for call in calls]) for name in first.inputs}
        result = self._model_for(len(calls)).predict(Call(inputs, first.signature, first.outputs))
        if any(len(array) != len(calls) for array in result.outputs.values()):
            return None
        return [
            Result(call, result.signature, {name: array[row : row + 1] for name, array in result.outputs.items()})
            for row, call in enumerate(calls)
        ]

    def _model_for(self, rows: int) -> Model:
        if rows not in self._models:
            self._models[rows] = self._models[1].clone()
        return self._models[rows]


def _batch_key(call: Call) -> Hashable:
    """Return what calls of a batch must share; dtypes are those of the signature."""
    shapes = tuple((name, array.shape[1:]) for name, array in sorted(call.inputs.items()))
    return call.signature, call.outputs, shapes


def _has_independent_rows(signature: Signature, recorded: int) -> bool:
    """Return whether rows are independent.

    Where an older manifest does not state it, more than one row must be recorded: the caller compares their results.
    """
    if not all(spec.batched for spec in (*signature.inputs, *signature.outputs)):
        return False
    return recorded > 1 if signature.independent_rows is None else signature.independent_rows


def _saves_time(model: Model, signature: Signature, rows: int) -> bool:
    """Return whether a full batch of recorded rows saves time and has equal results."""
    inputs, _ = model.golden(signature.name)
    if not _has_independent_rows(signature, len(next(iter(inputs.values())))):
        return False
    try:
        one, many = model.clone(), model.clone()
        several = {name: np.resize(array, (rows, *array.shape[1:])) for name, array in inputs.items()}
        single = [{name: array[row : row + 1] for name, array in several.items()} for row in range(rows)]
        together = many.predict(Call(several, signature.name))
        alone = [one.predict(Call(row, signature.name)) for row in single]
        if not all(_same(together, row, result) for row, result in enumerate(alone)):
            return False
        batch, row = Call(several, signature.name), Call(single[0], signature.name)
        return _seconds(many, batch) < (1 - _MINIMUM_SAVING) * rows * _seconds(one, row)
    except LightshipError:
        return False


def _same(together: Result, row: int, alone: Result) -> bool:
    return all(_close(array[row : row + 1], alone.outputs[name]) for name, array in together.outputs.items())


def _close(first: Array, second: Array) -> bool:
    if first.dtype.kind == "f":
        return first.shape == second.shape and np.allclose(first, second, _TOLERANCE, _TOLERANCE, equal_nan=True)
    return np.array_equal(first, second)


def _seconds(model: Model, call: Call) -> float:
    """Return the best of five durations, after calls that warmed up."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        model.predict(call)
        times.append(time.perf_counter() - start)
    return min(times)
