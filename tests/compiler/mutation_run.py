"""Fuzz job of the sandboxed child: compile .tflite mutants, serve the results.

Each mutant is compiled by :func:`lightship.compiler.build.build` in a forked process, which does the same as the child
of a compile without its start-up time of seconds. A published bundle is then opened and called in another process.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import GOLDEN
from lightship.calls import Call
from lightship.compiler import build as compiler
from lightship.compiler import limits
from lightship.compiler.sources.tflite import TfliteFile
from lightship.compiler.verification import latency, trial
from lightship.errors import LightshipError, SourceRefused
from lightship.model import Model
from lightship.tensors import Signature
from tests.compiler.mutations import Mutator

CALL_SECONDS = 3.0  # the limits of a compile, scaled down: these models take microseconds
MOST_SECONDS = 0.5
LONGEST = 60  # processor seconds of one compile or one server; more counts as a hang
MEMORY = 8 * 1024**3


@dataclass
class Tally:
    """Counts of mutants by outcome, and the numbers of the mutants that failed."""

    outcomes: Counter[str] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)
    verify_seconds: float = 0.0
    slowest_verify: float = 0.0


def build(job: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Try ``job["count"]`` mutants from ``job["first"]``, within ``job["seconds"]``."""
    mutator = Mutator(Path(job["source"]).read_bytes(), job["seed"])
    tally, end = Tally(), time.monotonic() + job["seconds"]
    work = Path.cwd() / "mutants"
    (work / "warm").mkdir(parents=True)
    assert _compile(Path(job["source"]), work / "warm") == "published"  # imports the modules once for all forks
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page
    for number in range(job["first"], job["first"] + job["count"]):
        if time.monotonic() > end:
            break
        shutil.rmtree(work, ignore_errors=True)
        (work / "bundle").mkdir(parents=True)
        source = work / "mutant.tflite"
        source.write_bytes(mutator.mutant(number))
        outcome = _try(source, work / "bundle", tally)
        tally.outcomes[outcome] += 1
        if outcome.startswith("broken"):
            tally.broken[str(number)] = outcome
    return vars(tally)


def _try(source: Path, bundle: Path, tally: Tally) -> str:
    start = time.perf_counter()
    try:
        TfliteFile().check(source, source.parent)
    except SourceRefused:
        return "rejected by the verifier"
    except Exception as error:  # the verifier must raise SourceRefused only
        return f"broken: the verifier raised {type(error).__name__}: {error}"
    finally:
        seconds = time.perf_counter() - start
        tally.verify_seconds += seconds
        tally.slowest_verify = max(tally.slowest_verify, seconds)
    status, answer = _forked(lambda: _compile(source, bundle))
    if status == "hung":
        return "broken: the compile hung"
    if status != "ended" or answer.startswith("broken"):
        return "crashed in the child" if status != "ended" else answer
    if answer != "published":
        return answer
    status, answer = _forked(lambda: _serve(bundle))
    return answer if status == "ended" else f"broken: published, and {status} when served"


def _compile(source: Path, bundle: Path) -> str:
    job = {
        "source": str(source), "folder": str(bundle), "config": {}, "data": None, "engine": None,
        "trust": False, "slow": False, "sandbox": "kernel",
    }  # fmt: skip
    limits.CALL_SECONDS, limits.MOST_SECONDS, latency.SECONDS = CALL_SECONDS, MOST_SECONDS, 0.0
    try:
        compiler.build(job, lambda stage, done: None)
        trial.build(job, lambda stage, done: None)
    except LightshipError:
        return "refused by LiteRT or a limit"
    return "published"


def _serve(bundle: Path) -> str:
    """Open the bundle and call it with golden rows, other batches and random values."""
    rng = np.random.default_rng(5)
    model = Model.open(bundle)
    assert (bundle / GOLDEN).exists()
    for signature in model.manifest.signatures:
        inputs, _ = model.golden(signature.name)
        for rows in (1, 4, 33):
            for scale in (1.0, 1e30):
                _predict(model, signature, inputs, rng, rows, scale)
    return "published"


def _predict(
    model: Model, signature: Signature, golden: dict[str, Any], rng: np.random.Generator, rows: int, scale: float
) -> None:
    inputs = {}
    for spec in signature.inputs:
        shape = (rows, *golden[spec.name].shape[1:]) if spec.batched else golden[spec.name].shape
        values = rng.standard_normal(shape) * scale
        if spec.numpy.kind in "iu":
            values = np.clip(values, *(getattr(np.iinfo(spec.numpy), bound) for bound in ("min", "max")))
        inputs[spec.name] = golden[spec.name] if spec.dtype == "string" else values.astype(spec.numpy)
    with contextlib.suppress(LightshipError):
        model.predict(Call(inputs=inputs, signature=signature.name))


def _forked(task: Callable[[], str]) -> tuple[str, str]:
    """Run a task in a forked process; return its status and result.

    The status is ``ended``, ``hung`` or ``died (exit code)``.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _run(task, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        # a blocked process cannot be killed from inside the sandbox: fail the whole run
        assert select.select([pipe], [], [], 4 * LONGEST)[0], "a forked process uses no processor time and does not end"
        answer = pipe.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == -signal.SIGXCPU:
        return "hung", ""
    return ("ended", json.loads(answer)) if code == 0 and answer else (f"died ({code})", "")


def _run(task: Callable[[], str], writer: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    code = 0
    try:
        answer = task()
    except Exception as error:
        answer = f"broken: {type(error).__name__}: {error}"
    os.write(writer, json.dumps(answer).encode())
    os._exit(code)
