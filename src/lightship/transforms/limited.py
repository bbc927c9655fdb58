"""Calls of a user's code within a time limit.

A call runs in another thread, because Python code cannot be interrupted: after the limit the caller continues, and the
thread is abandoned until the call returns. While several are abandoned, further calls are refused, so that threads do
not accumulate. Passing a call to a waiting thread takes 20 µs, a fifth of the time to start one.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

# Calls that may be running beyond the limit before further ones are refused.
MOST_ABANDONED = 4

Work = Callable[[], None]


class TimedOut(Exception):
    """A call did not return within the limit."""


class TooManyAbandoned(Exception):
    """A function was not called, because too many earlier calls have not returned."""


class Raised(Exception):
    """A function raised an exception, which is ``error``."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class _Outcome(NamedTuple):
    """The result or the exception of a call."""

    result: Any = None
    error: BaseException | None = None


class Limited:
    """Runs functions within a time limit; thread-safe.

    Attributes:
        seconds: the limit of one call.

    ``most_abandoned`` is the number of calls beyond the limit from which further ones are refused.
    """

    def __init__(self, seconds: float, *, most_abandoned: int = MOST_ABANDONED) -> None:
        self.seconds = seconds
        self._most_abandoned = most_abandoned
        self._idle: list[_Worker] = []
        self._abandoned: list[SimpleQueue[_Outcome]] = []
        self._changing = threading.Lock()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return the function's result; raises Raised, TimedOut or TooManyAbandoned."""
        if self._abandoned and self.abandoned >= self._most_abandoned:
            raise TooManyAbandoned
        try:
            worker = self._idle.pop()  # list.pop and append are atomic: no lock
        except IndexError:
            worker = _Worker()
        answer = worker.submit(function, arguments)
        try:
            outcome = answer.get(timeout=self.seconds)
        except Empty:
            with self._changing:
                self._abandoned.append(answer)
            raise TimedOut from None
        self._idle.append(worker)
        if outcome.error is not None:
            raise Raised(outcome.error)
        return outcome.result

    @property
    def abandoned(self) -> int:
        """Return the number of calls beyond the limit that have not returned yet."""
        with self._changing:
            self._abandoned = [answer for answer in self._abandoned if answer.empty()]
            return len(self._abandoned)


class _Worker:
    """A thread that runs functions one by one, until this object is deleted."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        threading.Thread(target=_serve, args=(self._work,), name="lightship-user-code", daemon=True).start()

    def __del__(self) -> None:
        self._work.put(None)

    def submit(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> SimpleQueue[_Outcome]:
        """Return a queue that will hold the function's outcome."""
        answer: SimpleQueue[_Outcome] = SimpleQueue()
        context = contextvars.copy_context()

        def work() -> None:
            try:
                answer.put(_Outcome(context.run(function, *arguments)))
            except BaseException as error:  # a user's code may also call sys.exit
                answer.put(_Outcome(error=error))

        self._work.put(work)
        return answer


def _serve(work: SimpleQueue[Work | None]) -> None:
    while (item := work.get()) is not None:
        item()
        del item  # the next call may come hours later: do not keep this one's arrays
