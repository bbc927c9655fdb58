"""The last stage of a compile: a process that has opened nothing yet loads the bundle and answers, as a server would.

The process is forked before the model file is opened, so neither the file nor a framework is in its memory, and it
keeps the sandbox of its parent. What crashes it is not published.

TensorFlow does not start in a fork inside the sandbox: it reads /proc/self/exe, which only the sandboxed process itself
may open. A bundle for the TensorFlow engine is tried in the process that compiled it, without the odd inputs.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import SAVED_MODEL
from lightship.calls import Call
from lightship.compiler import limits
from lightship.compiler.limits import Cost
from lightship.compiler.parity import compare
from lightship.compiler.sandbox import memory
from lightship.errors import CompileError, LightshipError, ParityError, SourceRefused
from lightship.model import Model
from lightship.tensors import Array, Signature, TensorSpec

Tensors = dict[str, Array]

_ODD_SECONDS = 3.0  # for unusual inputs: a slow model gets fewer of them
_ODD_DEADLINE = 10.0
_ODD_BYTES = 2 * 1024**3  # beyond what the golden examples took: an input that sizes a tensor must not take all memory
_BATCHES = (1, 2, 7)
_ERRORS = {error.code: error for error in (CompileError, ParityError, SourceRefused)}


class Trial:
    """A forked process that waits for a bundle to try."""

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        sys.stdout.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # only the BLAS library of numpy has threads by now
            self._pid = os.fork()
        if not self._pid:
            os.close(self._orders)
            os.close(self._answers)
            _serve(orders, answers)
        os.close(orders)
        os.close(answers)

    def run(self, folder: Path, *, slow: bool) -> Cost:
        """Try a bundle. Raises ParityError, CompileError or SourceRefused, also where the process crashed."""
        if (folder / SAVED_MODEL).is_dir():
            return _checked(folder, slow=slow, used=_resident_bytes)[1]
        os.write(self._orders, json.dumps({"folder": str(folder), "slow": slow}).encode() + b"\n")
        with os.fdopen(os.dup(self._answers), "rb") as pipe:
            lines = pipe.read().splitlines()
        return _result([json.loads(line) for line in lines], self._end())

    def close(self) -> None:
        """Close the pipes, at which a process that waits for its order ends; the sandbox refuses to kill it."""
        for descriptor in (self._orders, self._answers):
            os.close(descriptor)
        if self._pid:
            self._end()

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> int:
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


def _result(events: list[dict[str, Any]], code: int) -> Cost:
    """Return the cost that the process told, unless it told an error or crashed.

    A call with an odd input that does not end (SIGALRM after the cost was told) is no reason to refuse: how long a
    call takes may depend on its input.
    """
    for event in events:
        if "error" in event:
            raise _ERRORS.get(event["error"], SourceRefused)(event["message"])
    if events and code in (0, -signal.SIGALRM):
        return Cost(**events[0])
    if code == -signal.SIGALRM:
        raise SourceRefused(limits.overdue())
    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    when = "on unusual inputs" if events else "when it was loaded and called"
    raise SourceRefused(f"the compiled model crashed {when} ({name}): nothing was published")


def _serve(orders: int, answers: int) -> None:
    """Wait for one order, carry it out and end the process; an error of ours is an answer."""
    code = 1
    try:
        with os.fdopen(orders, "rb") as pipe:
            line = pipe.readline()
        if line:
            order = json.loads(line)
            try_bundle(Path(order["folder"]), slow=order["slow"], tell=lambda event: _write(answers, event))
        code = 0
    except LightshipError as error:
        _write(answers, {"error": error.code, "message": error.message})
        code = 0
    except Exception:
        traceback.print_exc()  # for the sandbox's log: the exit code alone says nothing
    finally:
        os._exit(code)


def _write(pipe: int, event: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(event).encode() + b"\n")


def try_bundle(folder: Path, *, slow: bool, tell: Callable[[dict[str, Any]], None]) -> None:
    """Open a bundle as a server does, measure it, check its golden examples, and try unusual inputs.

    ``tell`` gets the cost before the odd inputs are tried. Raises BundleError, CompileError, ParityError, EngineError.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    model, cost = _checked(folder, slow=slow, used=_peak_bytes)
    tell(asdict(cost))
    _bound_memory()
    end = time.monotonic() + _ODD_SECONDS
    for signature in model.manifest.signatures:
        for inputs in _odd_inputs(model, signature):
            if time.monotonic() < end:
                _ask(model, signature.name, inputs)


def _checked(folder: Path, *, slow: bool, used: Callable[[], int]) -> tuple[Model, Cost]:
    """Load a bundle, hold it to the limits unless it may be slow, and compare its answers with the golden ones."""
    wait = None if slow else limits.CALL_SECONDS
    with limits.deadline(wait):
        model, cost = _measured(folder, used)
    if not slow:
        limits.check(cost)
    for signature in model.manifest.signatures:
        with limits.deadline(wait):
            _check_golden(model, signature.name)
    return model, cost


def _measured(folder: Path, used: Callable[[], int]) -> tuple[Model, Cost]:
    """Load the bundle and call each signature with one row twice: the faster call counts, of the slowest signature."""
    before = used()
    model = Model.open(folder)
    seconds = []
    for signature in model.manifest.signatures:
        row = _first_row(model.golden(signature.name)[0], signature)
        seconds.append(min(_time(model, signature.name, row) for _ in range(2)))
    return model, Cost(max(seconds), max(0, used() - before))


def _resident_bytes() -> int:
    """Return the memory in use now: the peak of a process that has compiled a model says nothing about the next one."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return _peak_bytes()


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _bound_memory() -> None:
    """Bound what odd inputs may add; /proc, which would tell the exact size, is out of reach in the sandbox."""
    bound = memory.addresses(_peak_bytes() + _ODD_BYTES)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (bound if soft == resource.RLIM_INFINITY else min(soft, bound), hard))


def _time(model: Model, signature: str, inputs: Tensors) -> float:
    start = time.perf_counter()
    model.predict(Call(inputs=inputs, signature=signature))
    return time.perf_counter() - start


def _first_row(inputs: Tensors, signature: Signature) -> Tensors:
    return {spec.name: inputs[spec.name][:1] if spec.batched else inputs[spec.name] for spec in signature.inputs}


def _check_golden(model: Model, name: str) -> None:
    inputs, expected = model.golden(name)
    outputs = model.predict(Call(inputs=inputs, signature=name)).outputs
    for output, array in expected.items():
        compare(name, output, array, outputs[output])


def _ask(model: Model, signature: str, inputs: Tensors) -> None:
    # a refused input is an answer, and a server lives on
    with contextlib.suppress(LightshipError), limits.deadline(_ODD_DEADLINE):
        model.predict(Call(inputs=inputs, signature=signature))


def _odd_inputs(model: Model, signature: Signature) -> Iterator[Tensors]:
    """Yield zeros, extremes and what is no number in the shape of one golden row, then other batch sizes."""
    row = _first_row(model.golden(signature.name)[0], signature)
    most = max((len(_extremes(spec)) for spec in signature.inputs), default=0)
    for pick, shift in itertools.product(range(most), range(min(2, len(signature.inputs)))):
        # the same extreme for all inputs, then a different one for each: the smallest integer and -1 are a pair
        yield {
            spec.name: np.full_like(row[spec.name], _extremes(spec)[(pick + position * shift) % len(_extremes(spec))])
            for position, spec in enumerate(signature.inputs)
        }
    if any(spec.batched for spec in signature.inputs):
        for rows in _BATCHES:
            yield {
                spec.name: np.repeat(row[spec.name], rows, axis=0) if spec.batched else row[spec.name]
                for spec in signature.inputs
            }


def _extremes(spec: TensorSpec) -> tuple[Any, ...]:
    kind = spec.numpy.kind
    if kind == "f":
        limit = np.finfo(spec.numpy)
        return (0.0, limit.max, limit.min, np.nan, np.inf, -np.inf, limit.tiny)
    if kind in "iu":
        bounds = np.iinfo(spec.numpy)
        return (0, bounds.max, bounds.min, bounds.max // 2 if kind == "u" else -1)
    return (False, True) if kind == "b" else (b"", b"\xff\x00" * 1000)
