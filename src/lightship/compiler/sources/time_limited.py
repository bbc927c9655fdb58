"""An original model with a time limit for its calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightship.compiler import limits
from lightship.compiler.sources.base import Batch, Original
from lightship.compiler.sources.wrapped import Wrapped
from lightship.tensors import Array, Signature

_EXPORTS = 2  # that check_export compares at most


class TimeLimited(Wrapped):
    """An original model with a time limit for :meth:`run` and :meth:`check_export`.

    A call that exceeds the limit ends the process, unless the model may be ``slow``. The functions of :meth:`calls`
    have none, because it would be timed with them: :func:`lightship.compiler.verification.latency.p50` sets it.
    """

    def __init__(self, original: Original, *, slow: bool) -> None:
        super().__init__(original)
        self._slow = slow

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the original within the time limit."""
        with limits.calls(1, slow=self._slow):
            return self.original.run(signature, inputs)

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Compare the export with recorded batches, within the time of all their calls."""
        count = sum(map(len, batches.values()))
        with limits.calls(_EXPORTS * count, slow=self._slow):
            return self.original.check_export(batches)
