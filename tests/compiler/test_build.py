"""What decides over a bundle, with an original whose truth we know; the rest is proven by whole compiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from lightship.compiler.conversion.choice import compile_best
from lightship.compiler.hints import Hint
from lightship.compiler.sources.base import Batch
from lightship.compiler.verification.recordings import record
from lightship.errors import CompileError
from lightship.tensors import Array, Signature, TensorSpec

pytestmark = pytest.mark.alone  # shares its compiled models with other files


class Claimed:
    """An original that answers ``factor * tanh(x)`` and whose converter makes of it a file that answers ``tanh(x)``."""

    source: Mapping[str, str] = {"format": "claimed"}
    size = 0
    subject = "a formula"
    stateful = False
    reset = ""
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


def test_compile_best_wrong_litert_answers_are_refused(sources: Path, tmp_path: Path) -> None:
    true, false = (Claimed(sources / "unnamed.tflite", factor) for factor in (1.0, 1.01))
    good = record(true, true.signatures[0], None)
    assert compile_best(true, (good,), tmp_path).engine == "litert"
    wrong = record(false, false.signatures[0], None)
    with pytest.raises(CompileError, match="'PartitionedCall'"):
        compile_best(false, (wrong,), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_another_engine_says_so(sources: Path, tmp_path: Path) -> None:
    original = Claimed(sources / "flex.tflite", 1.0)
    recording = record(original, original.signatures[0], None)
    with pytest.raises(CompileError, match="LiteRT.*MatrixDeterminant"):
        compile_best(original, (recording,), tmp_path)
    assert list(tmp_path.iterdir()) == []
