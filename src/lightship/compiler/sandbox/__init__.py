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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightship.compiler.sandbox import events, hiding, memory, powerless, process, targets
from lightship.compiler.sandbox.instructions import Instructions
from lightship.compiler.sandbox.kernel import seatbelt
from lightship.compiler.sandbox.limits import Limits
from lightship.errors import CompileError, LightshipError, ParityError, SandboxUnavailable, SourceRefused

__all__ = ["CONFINED", "Confinement", "Limits", "Outcome", "Progress", "Task", "ignore_progress", "run"]

PROOFS = ("kernel", "powerless", "none")

_ERRORS = {error.code: error for error in (CompileError, SourceRefused, ParityError)}
_ADVICE = "compile on a machine that has it, or, if you trust the file's author, with --no-sandbox"

# Called with a stage's name and the share of the work that is done, 0 to 1; with ``unconfined`` before a file is opened
# without a proof.
Progress = Callable[[str, float], None]


def ignore_progress(stage: str, done: float) -> None:
    """Observe no progress."""


@dataclass(frozen=True)
class Task:
    """What the child does.

    Attributes:
        module: its ``build`` function is called with the job and a function to report progress to.
        job: JSON; the child adds ``sandbox``, the proof that held.
        reads: files and folders that the child may read besides Python and its libraries.
        writes: folders that the child may write besides its home folder.
        subject: what the child is called in the sentence about its end.
    """

    module: str
    job: Mapping[str, Any]
    reads: Sequence[Path] = ()
    writes: Sequence[Path] = ()
    subject: str = "the process that opened this model"


@dataclass(frozen=True)
class Confinement:
    """How the child is confined.

    Attributes:
        accept: the proofs that will do, in order.
        credentials: what ``powerless.prove`` is given, where that proof is accepted.
        limits: what the child may use.
        scratch: where the child's home folder is made, by default where temporary files are.
    """

    accept: Sequence[str] = ("kernel",)
    credentials: powerless.Credentials | None = None
    limits: Limits = field(default_factory=Limits)
    scratch: Path | None = None

    @classmethod
    def for_user(cls, *, sandbox: bool) -> Confinement:
        """Return the confinement of a user's machine: False does without where it has no sandbox."""
        return cls() if sandbox else cls(accept=("kernel", "none"))

    def with_memory_limit(self) -> Confinement:
        """Return the same with a number for memory: by default a share of what is available now."""
        if self.limits.memory_bytes is not None:
            return self
        return dataclasses.replace(self, limits=dataclasses.replace(self.limits, memory_bytes=memory.share()))


CONFINED = Confinement()


@dataclass(frozen=True)
class Outcome:
    """What the child returned, and how it was confined.

    Attributes:
        proof: the one of ``PROOFS`` that held.
        measures: the measures that were in force.
        failed_proofs: why the proofs before it did not hold.
    """

    result: dict[str, Any]
    proof: str
    measures: tuple[str, ...]
    failed_proofs: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the proof, its measures and what was missing, on one line."""
        return "; ".join((f"{self.proof}: {', '.join(self.measures) or 'nothing'}", *self.failed_proofs))


def run(task: Task, confinement: Confinement = CONFINED, *, progress: Progress = ignore_progress) -> Outcome:
    """Do a task in a confined child process and return what it returned.

    Raises SandboxUnavailable where no accepted proof holds, or CompileError, SourceRefused or ParityError: the child's
    own, or one that says how the child ended.
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
    """Return the outcome of a child that may use one proof, or what the machine lacks for it."""
    limits = confinement.limits
    with (
        tempfile.TemporaryDirectory(prefix="lightship-", dir=confinement.scratch) as home,
        hiding.undumpable(),
        targets.prepared() as probe_targets,
    ):
        instructions = _instructions(task, confinement, proof, os.path.realpath(home), probe_targets)
        instructions.write(Path(home))
        prefix = (
            seatbelt.prefix(instructions.reads, instructions.writes, private=instructions.private)
            if proof == "kernel"
            else ()
        )
        with process.started(Path(home), limits, prefix=prefix) as child:
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
    """From here on the model file may be open, and what the child says may be the file's doing."""
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
