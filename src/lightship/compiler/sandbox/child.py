"""The confined child process that opens model files.

The parent starts it as ``python -m lightship.compiler.sandbox.child FD``. It reads ``instructions.json`` in its working
directory, limits and confines itself, proves that the confinement holds, and calls the named module's ``build``
function. It writes events to the pipe FD, one JSON line each (:mod:`lightship.compiler.sandbox.events`): first
``{"proof", "measures"}`` or ``{"not_proven"}``, then ``{"stage", "done"}`` for each stage, then ``{"result"}`` or
``{"error", "message", "detail"}``.

No module imported before the confinement may start a thread, because each thread is confined separately: no numpy.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.compiler import stages
from lightship.compiler.sandbox import events, kernel, memory, probe
from lightship.compiler.sandbox.instructions import Instructions
from lightship.compiler.sandbox.kernel import syscalls
from lightship.compiler.sandbox.kernel.view import View, view
from lightship.compiler.sandbox.limits import Limits, set_rlimit
from lightship.compiler.sandbox.unproven import Unproven
from lightship.errors import LightshipError


def main(pipe: int) -> None:
    """Run the task of ``instructions.json`` and send its events to the descriptor.

    Every error of the task becomes an event; an unexpected one carries its class and the stage in which it was raised.
    """
    os.set_inheritable(pipe, False)  # processes started by a model's code must not keep the pipe open
    instructions = Instructions.read(Path())
    set_parent_death_signal(instructions.parent)
    apply_limits(instructions.limits)

    def send(**record: Any) -> None:
        os.write(pipe, events.line(**record))

    try:
        measures = PROOFS[instructions.proof](instructions, pipe)
    except Unproven as error:
        send(not_proven=error.reason)
        return
    send(proof=instructions.proof, measures=measures)
    for path in instructions.reads:
        if not os.access(path, os.R_OK):
            send(**events.error("source_refused", f"{path} cannot be read by this user without root's capabilities"))
            return
    stage = "load"

    def progress(begun: str, done: float) -> None:
        nonlocal stage
        stage = begun
        send(stage=begun, done=done)

    try:
        send(result=_build(instructions, progress))
    except LightshipError as error:
        send(**events.error(error.code, error.message, error.detail))
    except MemoryError:
        limit = memory.formatted(instructions.limits.memory_bytes or 0)
        send(**events.error("source_refused", f"opening this model needs more than {limit} of memory"))
    except Exception as error:
        traceback.print_exc()
        send(**_unexpected(stage, error))


def _unexpected(stage: str, error: Exception) -> Mapping[str, str]:
    """Return the error record of an exception that no translation covers.

    Its text goes into the detail only, because the model file may have chosen it.
    """
    kind = type(error).__name__
    sentence = f"{stages.phrase(stage)}: unexpected {kind:.100}. If the model runs in its framework, report this"
    return events.error("compile_failed", sentence, f"{kind:.100}: {error}")


def set_parent_death_signal(parent: int) -> None:
    """Make the kernel kill this process when its parent dies (Linux)."""
    if sys.platform == "linux":
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent died before prctl
        os._exit(1)


def apply_limits(limits: Limits) -> None:
    """Set the resource limits of this process and its descendants.

    The CPU limit sends SIGXCPU; writing past the file limit fails with EFBIG; allocating more than
    :func:`.memory.data_limit` raises MemoryError or aborts the library that allocates. The parent monitors resident
    memory (:mod:`.memory`). If the machine runs out of memory, the kernel kills this process first.
    """
    set_rlimit(resource.RLIMIT_CPU, limits.cpu_seconds, grace=5)
    set_rlimit(resource.RLIMIT_DATA, memory.data_limit(limits.memory_bytes or memory.share()))
    set_rlimit(resource.RLIMIT_FSIZE, limits.file_bytes)
    set_rlimit(resource.RLIMIT_CORE, 0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _kernel(instructions: Instructions, pipe: int) -> tuple[str, ...]:
    probe.check_before(instructions.targets, events=pipe)
    mountpoint = Path("root").absolute()
    mountpoint.mkdir()
    measures = kernel.confine(_view(instructions), mountpoint=str(mountpoint))
    probe.check_after(instructions.targets, hidden="namespaces" in measures)
    return measures


def _powerless(instructions: Instructions, pipe: int) -> tuple[str, ...]:
    import_module("lightship.compiler.sandbox.powerless").prove(instructions.powerless)
    return kernel.confine_best_effort(_view(instructions))


def _without_proof(instructions: Instructions, pipe: int) -> tuple[str, ...]:
    return kernel.confine_best_effort(_view(instructions))


PROOFS: dict[str, Callable[[Instructions, int], tuple[str, ...]]] = {
    "kernel": _kernel,
    "powerless": _powerless,
    "none": _without_proof,
}


def _view(instructions: Instructions) -> View:
    return view(instructions.reads, instructions.writes, private=instructions.private)


def _build(instructions: Instructions, progress: Callable[[str, float], None]) -> Any:
    return import_module(instructions.module).build({**instructions.job, "sandbox": instructions.proof}, progress)


if __name__ == "__main__":
    main(int(sys.argv[1]))
