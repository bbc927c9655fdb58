"""Interface of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from lightship.tensors import Array


class Engine(Protocol):
    """Runner of the signatures of one bundle; thread-safe.

    Attributes:
        stateful: whether a call changes variables or tables. They are reset to their initial values for every call.
    """

    stateful: bool

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return outputs by name, as new arrays; raises EngineError.

        ``inputs`` must match the signature: engines do not check them.
        """
        ...

    def clone(self) -> Engine:
        """Return another engine of the same bundle, for calls of another shape.

        Returns itself where a new shape costs nothing.
        """
        ...
