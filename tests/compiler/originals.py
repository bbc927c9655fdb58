"""Originals that are not models of a framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lightship.compiler.hints import Hint
from lightship.compiler.sources.additive import Additive
from lightship.compiler.sources.base import Batch
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature, TensorSpec


class Scaled:
    """An original that computes ``factor * tanh(x)``, and its file ``tanh(x)``."""

    source: Mapping[str, str] = {"format": "scaled"}
    size = 0
    subject = "a formula"
    stateful = False
    reset = ""
    random_operators: tuple[str, ...] = ()
    signatures = (
        Signature(
            "serving_default",
            (TensorSpec("x", "float32", (1, 3)),),
            (TensorSpec("PartitionedCall", "float32", (1, 3)),),
        ),
    )

    def __init__(self, file: Path, factor: float) -> None:
        self._file = file
        self._factor = np.float32(factor)
        self.notes: list[str] = []
        self.preprocessing: Mapping[str, Program] = {}
        self.additive: Additive | None = None

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {"PartitionedCall": self._factor * np.tanh(inputs["x"])}

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        return {self.subject: lambda: self.run(signature, inputs)}

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        return self.signatures

    def hints(self, signature: Signature) -> dict[str, Hint]:
        return {}

    def candidates(self) -> Iterator[Path]:
        yield self._file

    def saved_model(self, folder: Path) -> bool:
        return False
