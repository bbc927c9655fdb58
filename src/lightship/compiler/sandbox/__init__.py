"""The sandbox: a child process that opens model files, which proves that it is confined before it opens one.

The parent (:func:`run`) starts ``python -m lightship.compiler.sandbox.child`` with an environment made from nothing, a
home folder that is removed afterwards, a session of its own and pipes for events and errors. The child confines itself
and proves it. ``accept`` lists the proofs that will do, in the order in which they are tried:

    kernel      seccomp, with Landlock or namespaces; a probe tries to get out and fails (:mod:`.kernel`, :mod:`.probe`)
    powerless   nothing to lose: a worker whose credentials are denied everything (``powerless.prove``)
    none        no proof: the measures that the machine has are applied, and the caller knows what is given up

Where none of them holds the file is not opened. However the child ends, the parent gets a result or one sentence.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.compiler.sandbox import bait, events, hiding, memory, process
from lightship.compiler.sandbox.kernel import seatbelt
from lightship.compiler.sandbox.limits import Limits
from lightship.compiler.sandbox.order import Order
from lightship.errors import CompileError, LightshipError, ParityError, SandboxUnavailable, SourceRefused

__all__ = ["Limits", "Outcome", "run"]

PROOFS = ("kernel", "powerless", "none")

_ERRORS = {error.code: error for error in (CompileError, SourceRefused, ParityError)}
_ADVICE = "compile on a machine that has it, or, if you trust the file's author, with --no-sandbox"

Told = Callable[[str, float], None]


@dataclass(frozen=True)
class Outcome:
    """What the child returned, and how it was confined.

    Attributes:
        proof: the one of ``PROOFS`` that held.
        means: the measures that were in force.
        lacks: why the proofs before it did not hold.
    """

    result: dict[str, Any]
    proof: str
    means: tuple[str, ...]
    lacks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the proof, its measures and what was missing, on one line."""
        return "; ".join((f"{self.proof}: {', '.join(self.means) or 'nothing'}", *self.lacks))


@dataclass(frozen=True)
class _Attempt:
    """One start of the child."""

    module: str
    job: Mapping[str, Any]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    limits: Limits
    scratch: Path | None
    progress: Told
    subject: str


def run(
    module: str,
    job: Mapping[str, Any],
    *,
    reads: Sequence[Path] = (),
    writes: Sequence[Path] = (),
    limits: Limits | None = None,
    scratch: Path | None = None,
    progress: Told = lambda stage, done: None,
    subject: str = "the process that opened this model",
    accept: Sequence[str] = ("kernel",),
    powerless: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run ``module``'s ``build`` function on a job in a confined child process and return what it returned.

    Args:
        job: JSON for ``build(job, progress)``; the child adds ``sandbox``, the proof that held.
        reads: files and folders that the child may read besides Python and its libraries.
        writes: folders that the child may write besides its home folder.
        limits: what the child may use.
        scratch: where the child's home folder is made, by default where temporary files are.
        progress: called with a stage's name and the share of the work that is done, 0 to 1; with ``unconfined``
            before the file is opened without a proof.
        subject: what the child is called in the sentence about its end.
        accept: the proofs that will do, in order.
        powerless: what ``powerless.prove`` is given, when that proof is accepted.

    Raises SandboxUnavailable where no accepted proof holds, or CompileError, SourceRefused or ParityError: the child's
    own, or one that says how the child ended.
    """
    bounds = limits or Limits()
    if bounds.memory_bytes is None:
        bounds = dataclasses.replace(bounds, memory_bytes=memory.share())
    attempt = _Attempt(module, job, _paths(reads), _paths(writes), bounds, scratch, progress, subject)
    lacks: list[events.Lacking] = []
    for proof in accept:
        outcome = _try(attempt, proof, powerless if proof == "powerless" else None)
        if isinstance(outcome, Outcome):
            return dataclasses.replace(outcome, lacks=tuple(lacking.reason for lacking in lacks))
        lacks.append(outcome)
    reasons, detail = "; ".join(lacking.reason for lacking in lacks), "\n".join(lacking.detail for lacking in lacks)
    sentence = f"model files cannot be opened safely here: {reasons}. Nothing was opened: {_ADVICE}"
    raise SandboxUnavailable(sentence, detail=detail.strip())


def _paths(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(path.resolve()) for path in paths)


def _try(attempt: _Attempt, proof: str, powerless: Mapping[str, Any] | None) -> Outcome | events.Lacking:
    """Return the outcome of a child that may use one proof, or what the machine lacks for it."""
    with (
        tempfile.TemporaryDirectory(prefix="lightship-", dir=attempt.scratch) as home,
        hiding.undumpable(),
        bait.laid() as baits,
    ):
        order = Order(
            proof=proof,
            powerless=powerless or {},
            module=attempt.module,
            job=attempt.job,
            reads=attempt.reads,
            writes=(os.path.realpath(home), *attempt.writes, *process.coverage_folder()),
            private=(os.path.expanduser("~"),),  # noqa: PTH111 - unlike Path.home, never fails
            limits=attempt.limits,
            parent=os.getpid(),
            bait=baits,
        )
        order.write(Path(home))
        prefix = seatbelt.prefix(order.reads, order.writes, private=order.private) if proof == "kernel" else ()
        with process.started(Path(home), attempt.limits, prefix=prefix) as child:
            return _outcome(child, proof, attempt)


def _outcome(child: process.Child, proof: str, attempt: _Attempt) -> Outcome | events.Lacking:
    stream = child.events(time.monotonic() + attempt.limits.wall_seconds)
    match next(stream, None):
        case events.Lacking() as lacking:
            return lacking
        case events.Failed() as failed:
            raise _error(failed)
        case events.Proven(proven, means) if proven == proof:
            if proof == "none":
                attempt.progress("unconfined", 0.0)
            return Outcome(_result(child, stream, attempt), proof, means)
    end, words = child.fate()
    return events.Lacking(f"the process {end} before it was confined", words)


def _result(child: process.Child, stream: Iterator[events.Event], attempt: _Attempt) -> dict[str, Any]:
    """From here on the model file may be open, and what the child says may be the file's doing."""
    for event in stream:
        match event:
            case events.Progress(stage, done):
                attempt.progress(stage, done)
            case events.Failed() as failed:
                raise _error(failed)
            case events.Finished(result):
                return result
            case _:
                raise SourceRefused(f"{attempt.subject} sent events out of order: it was stopped")
    end, words = child.fate()
    raise SourceRefused(f"{attempt.subject} {end}: nothing was published", detail=words)


def _error(event: events.Failed) -> LightshipError:
    return _ERRORS.get(event.code, CompileError)(event.message, detail=event.detail)
