"""Sandbox: a confined child process that opens model files.

The parent (:func:`run`) starts ``python -m lightship.compiler.sandbox.child`` with a minimal environment, a temporary
home folder, a session of its own and pipes for events and standard error. The child confines itself and proves it
before it opens a file. ``accept`` lists the accepted proofs, in the order in which they are tried:

    kernel      seccomp, with Landlock or namespaces; a probe tries to escape and fails (:mod:`.kernel`, :mod:`.probe`)
    powerless   a worker whose credentials are denied every operation (``powerless.prove``)
    none        no proof: the measures that the machine has are applied, and progress reports ``unconfined``

Where no accepted proof holds, the file is not opened. In every case the parent gets a result or one error message.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightship.compiler.sandbox import events, hiding, memory, powerless, process, targets
from lightship.compiler.sandbox.instructions import Instructions
from lightship.compiler.sandbox.kernel import seatbelt
from lightship.compiler.sandbox.limits import Limits
from lightship.errors import (
    CompileError,
    LightshipError,
    ParityError,
    SandboxUnavailable,
    SourceRefused,
    TransformRefused,
)

__all__ = ["CONFINED", "Confinement", "Limits", "Outcome", "Progress", "Task", "ignore_progress", "run"]

PROOFS = ("kernel", "powerless", "none")

_ERRORS = {error.code: error for error in (CompileError, SourceRefused, ParityError, TransformRefused)}
_ADVICE = "compile on a machine with a sandbox or, if you trust the author of the file, with --no-sandbox"

# Called with a stage's name and the share of the work done, 0 to 1; called with ``unconfined`` before a file is opened
# without a proof.
Progress = Callable[[str, float], None]


def ignore_progress(stage: str, done: float) -> None:
    """Ignore a progress event."""


@dataclass(frozen=True)
class Task:
    """The work of a child process.

    Attributes:
        module: module whose ``build`` function is called with the job and a function that reports progress.
        job: arguments as JSON; the child adds ``sandbox``, the proof that held.
        reads: files and folders that the child may read, besides Python and its libraries.
        writes: folders that the child may write, besides its home folder.
        subject: name of the child in the error message about its end.
    """

    module: str
    job: Mapping[str, Any]
    reads: Sequence[Path] = ()
    writes: Sequence[Path] = ()
    subject: str = "the process that opened this model"


@dataclass(frozen=True)
class Confinement:
    """The confinement that a child process needs.

    Attributes:
        accept: accepted proofs, in the order in which they are tried.
        credentials: credentials that ``powerless.prove`` checks, where that proof is accepted.
        limits: resource limits of the child.
        scratch: parent of the child's home folder; default: the system's folder for temporary files.
    """

    accept: Sequence[str] = ("kernel",)
    credentials: powerless.Credentials | None = None
    limits: Limits = field(default_factory=Limits)
    scratch: Path | None = None

    @classmethod
    def for_user(cls, *, sandbox: bool) -> Confinement:
        """Return the confinement on a user's machine.

        ``sandbox=False`` accepts a machine without a sandbox; where there is one, it is used.
        """
        return cls() if sandbox else cls(accept=("kernel", "none"))

    def with_memory_limit(self) -> Confinement:
        """Return a copy whose memory limit is set.

        The default limit is a share of the memory available now (:func:`lightship.compiler.sandbox.memory.share`).
        """
        if self.limits.memory_bytes is not None:
            return self
        return dataclasses.replace(self, limits=dataclasses.replace(self.limits, memory_bytes=memory.share()))


CONFINED = Confinement()


@dataclass(frozen=True)
class Outcome:
    """The result of a child process and the confinement under which it ran.

    Attributes:
        result: return value of the module's ``build`` function.
        proof: the one of ``PROOFS`` that held.
        measures: names of the measures in force.
        failed_proofs: why the proofs that were tried before did not hold.
    """

    result: dict[str, Any]
    proof: str
    measures: tuple[str, ...]
    failed_proofs: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the proof, its measures and the reasons of failed proofs on one line."""
        return "; ".join((f"{self.proof}: {', '.join(self.measures) or 'nothing'}", *self.failed_proofs))


def run(task: Task, confinement: Confinement = CONFINED, *, progress: Progress = ignore_progress) -> Outcome:
    """Run a task in a confined child process and return its outcome.

    Raises SandboxUnavailable where no accepted proof holds. Raises the error that the child reports, as SourceRefused,
    ParityError, TransformRefused or, for every other code, CompileError. Raises SourceRefused where the child exceeds a
    limit, sends an invalid event or ends without a result.
    """
    limited = confinement.with_memory_limit()
    failures: list[events.NotProven] = []
    for proof in confinement.accept:
        outcome = _try(task, limited, proof, progress)
        if isinstance(outcome, Outcome):
            return dataclasses.replace(outcome, failed_proofs=tuple(failure.reason for failure in failures))
        failures.append(outcome)
    reasons, detail = (
        "; ".join(failure.reason for failure in failures),
        "\n".join(failure.detail for failure in failures),
    )
    sentence = f"model files cannot be opened safely here: {reasons}. Nothing was opened: {_ADVICE}"
    raise SandboxUnavailable(sentence, detail=detail.strip())


def _try(task: Task, confinement: Confinement, proof: str, progress: Progress) -> Outcome | events.NotProven:
    """Run the task under one proof; return the outcome, or why the proof failed."""
    limits = confinement.limits
    with (
        tempfile.TemporaryDirectory(prefix="lightship-", dir=confinement.scratch) as home,
        hiding.undumpable(),
        targets.provide() as probe_targets,
    ):
        instructions = _instructions(task, confinement, proof, os.path.realpath(home), probe_targets)
        instructions.write(Path(home))
        prefix = (
            seatbelt.prefix(instructions.reads, instructions.writes, private=instructions.private)
            if proof == "kernel"
            else ()
        )
        with process.start(Path(home), limits, prefix=prefix) as child:
            stream = child.events(time.monotonic() + limits.wall_seconds)
            match next(stream, None):
                case events.NotProven() as failure:
                    return failure
                case events.Failed() as failed:
                    raise _error(failed)
                case events.Proven(proven, measures) if proven == proof:
                    if proof == "none":
                        progress("unconfined", 0.0)
                    return Outcome(_result(child, stream, task.subject, progress), proof, measures)
            ending, stderr = child.exit_reason()
            return events.NotProven(f"the process {ending} before it was confined", stderr)


def _instructions(
    task: Task, confinement: Confinement, proof: str, home: str, probe_targets: targets.Targets
) -> Instructions:
    credentials = confinement.credentials if proof == "powerless" else None
    return Instructions(
        proof=proof,
        powerless=credentials.to_json() if credentials else {},
        module=task.module,
        job=task.job,
        reads=_paths(task.reads),
        writes=(home, *_paths(task.writes), *process.coverage_folder()),
        private=(os.path.expanduser("~"),),  # noqa: PTH111 - unlike Path.home, never fails
        limits=confinement.limits,
        parent=os.getpid(),
        targets=probe_targets,
    )


def _paths(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(path.resolve()) for path in paths)


def _result(child: process.Child, stream: Iterator[events.Event], subject: str, progress: Progress) -> dict[str, Any]:
    """Return the child's result; raises SourceRefused or the error that it reports.

    From here on the model file may be open, so its code may have written any event.
    """
    for event in stream:
        match event:
            case events.Progress(stage, done):
                progress(stage, done)
            case events.Failed() as failed:
                raise _error(failed)
            case events.Finished(result):
                return result
            case _:
                raise SourceRefused(f"{subject} sent events out of order: it was stopped")
    ending, stderr = child.exit_reason()
    raise SourceRefused(f"{subject} {ending}: nothing was published", detail=stderr)


def _error(event: events.Failed) -> LightshipError:
    return _ERRORS.get(event.code, CompileError)(event.message, detail=event.detail)
