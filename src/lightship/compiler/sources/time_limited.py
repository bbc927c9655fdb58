"""An original model with a time limit for each call of :meth:`TimeLimited.run`."""

from __future__ import annotations

from collections.abc import Mapping

from lightship.compiler import limits
from lightship.compiler.sources.base import Original
from lightship.tensors import Array, Signature


class TimeLimited:
    """An original model with a time limit for each call of :meth:`run`.

    A call that exceeds the limit ends the process, unless the model may be ``slow``. The functions that ``calls``
    returns and the calls in ``check_export`` have no limit of their own.
    """

    def __init__(self, original: Original, *, slow: bool) -> None:
        self._original = original
        self._slow = slow
        self.source: Mapping[str, str] = original.source
        self.size = original.size
        self.signatures: tuple[Signature, ...] = original.signatures
        self.subject = original.subject
        self.notes = original.notes
        self.preprocessing = original.preprocessing
        self.stateful = original.stateful
        self.random_operators = original.random_operators
        self.reset = original.reset
        self.hints = original.hints
        self.calls = original.calls
        self.check_export = original.check_export
        self.candidates = original.candidates
        self.saved_model = original.saved_model

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the original within the time limit."""
        with limits.calls(1, slow=self._slow):
            return self._original.run(signature, inputs)
