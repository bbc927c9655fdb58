"""The process that opens models: ``python -m lightship.compiler.sandbox.child FD``, started by the sandbox.

It reads ``order.json`` in its working directory, bounds and confines itself, proves that, and runs the named module's
``build`` function. What it has to say goes to the pipe FD as lines (:mod:`lightship.compiler.sandbox.events`): first
``{"proof", "means"}`` or ``{"lacks"}``, then ``{"stage", "done"}`` while it works, then ``{"result"}`` or
``{"error", "message", "detail"}``.

Nothing that it imports before it is confined may start a thread, because threads are confined one by one: no numpy.
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
from lightship.compiler.sandbox.kernel import syscalls
from lightship.compiler.sandbox.kernel.view import View, view
from lightship.compiler.sandbox.limits import Limits, bound
from lightship.compiler.sandbox.order import Order
from lightship.compiler.sandbox.unproven import Unproven
from lightship.errors import LightshipError


def main(pipe: int) -> None:
    """Do the work; every error is an event, an unexpected one with its class and the stage that it came in."""
    os.set_inheritable(pipe, False)  # what a model's code might start must not hold the pipe open
    order = Order.read(Path())
    die_with(order.parent)
    apply(order.limits)

    def tell(**record: Any) -> None:
        os.write(pipe, events.line(**record))

    try:
        means = PROOFS[order.proof](order, pipe)
    except Unproven as error:
        tell(lacks=error.reason)
        return
    tell(proof=order.proof, means=means)
    for path in order.reads:
        if not os.access(path, os.R_OK):
            tell(**events.error("source_refused", f"{path} cannot be read by this user without special rights"))
            return
    stage = "load"

    def progress(begun: str, done: float) -> None:
        nonlocal stage
        stage = begun
        tell(stage=begun, done=done)

    try:
        tell(result=_build(order, progress))
    except LightshipError as error:
        tell(**events.error(error.code, error.message, error.detail))
    except MemoryError:
        limit = memory.text(order.limits.memory_bytes or 0)
        tell(**events.error("source_refused", f"opening this model takes more than {limit} of memory"))
    except Exception as error:
        traceback.print_exc()
        tell(**_unexpected(stage, error))


def _unexpected(stage: str, error: Exception) -> Mapping[str, str]:
    """Return an error that neither Lightship nor a framework's translation foresaw; its text is a detail."""
    kind = type(error).__name__
    sentence = f"{stages.doing(stage)}: unexpected {kind:.100}. If the model runs in its framework, report this"
    return events.error("compile_failed", sentence, f"{kind:.100}: {error}")


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies."""
    if sys.platform == "linux":
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def apply(limits: Limits) -> None:
    """Bound this process and what it starts; the parent watches what they really use (:mod:`.memory`).

    The CPU limit sends SIGXCPU, a file over its limit fails with EFBIG, memory over its limit is a MemoryError or an
    abort of the library that asked for it. Where memory runs out all the same, the kernel takes this process first.
    """
    bound(resource.RLIMIT_CPU, limits.cpu_seconds, spare=5)
    bound(resource.RLIMIT_DATA, memory.addresses(limits.memory_bytes or memory.share()))
    bound(resource.RLIMIT_FSIZE, limits.file_bytes)
    bound(resource.RLIMIT_CORE, 0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _kernel(order: Order, pipe: int) -> tuple[str, ...]:
    probe.before(order.bait, events=pipe)
    workplace = Path("root").absolute()
    workplace.mkdir()
    means = kernel.insist(_view(order), workplace=str(workplace))
    probe.after(order.bait, hidden="namespaces" in means)
    return means


def _powerless(order: Order, pipe: int) -> tuple[str, ...]:
    import_module("lightship.compiler.sandbox.powerless").prove(order.powerless)
    return kernel.attempt(_view(order))


def _none(order: Order, pipe: int) -> tuple[str, ...]:
    return kernel.attempt(_view(order))


PROOFS: dict[str, Callable[[Order, int], tuple[str, ...]]] = {
    "kernel": _kernel,
    "powerless": _powerless,
    "none": _none,
}


def _view(order: Order) -> View:
    return view(order.reads, order.writes, private=order.private)


def _build(order: Order, progress: Callable[[str, float], None]) -> Any:
    return import_module(order.module).build({**order.job, "sandbox": order.proof}, progress)


if __name__ == "__main__":
    main(int(sys.argv[1]))
