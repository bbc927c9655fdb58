"""What every engine offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from lightship.tensors import Array


class Engine(Protocol):
    """Runs the signatures of one bundle; safe to call from several threads.

    Attributes:
        stateful: whether a call changes variables or tables. Every call is answered from their initial values.
    """

    stateful: bool

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs by name, as new arrays. Inputs match the signature. Raises EngineError."""
        ...

    def twin(self) -> Engine:
        """Another one of the same bundle, for calls of another shape; itself where a new shape costs nothing."""
        ...
