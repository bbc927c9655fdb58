"""Base of originals that change some methods of another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lightship.compiler.hints import Hint
from lightship.compiler.sources.base import Batch, Original
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature


class Wrapped:
    """An original with the attributes and methods of another one.

    See :class:`lightship.compiler.sources.base.Original`. Subclasses override what they change.
    """

    def __init__(self, original: Original) -> None:
        self.original = original
        self.source: Mapping[str, str] = original.source
        self.size = original.size
        self.signatures: tuple[Signature, ...] = original.signatures
        self.subject = original.subject
        self.notes = original.notes
        self.preprocessing: Mapping[str, Program] = original.preprocessing
        self.stateful = original.stateful
        self.random_operators = original.random_operators
        self.reset = original.reset
        self.additive = original.additive

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the original."""
        return self.original.run(signature, inputs)

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> Mapping[str, Callable[[], object]]:
        """Return the original's calls."""
        return self.original.calls(signature, inputs)

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Compare the original's export with recorded batches."""
        return self.original.check_export(batches)

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return the original's hints."""
        return self.original.hints(signature)

    def candidates(self) -> Iterator[Path]:
        """Yield the original's models to convert."""
        return self.original.candidates()

    def saved_model(self, folder: Path) -> bool:
        """Write the original's SavedModel."""
        return self.original.saved_model(folder)
