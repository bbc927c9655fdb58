"""Choice of the engine, with an original whose outputs are a known formula."""

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
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature, TensorSpec

pytestmark = pytest.mark.alone  # shares its compiled models with other files


class Scaled:
    """An original that computes ``factor * tanh(x)``, and its file ``tanh(x)``."""

    source: Mapping[str, str] = {"format": "scaled"}
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
        self.preprocessing: Mapping[str, Program] = {}

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


def test_compile_best_wrong_litert_outputs_are_refused(sources: Path, tmp_path: Path) -> None:
    true, false = (Scaled(sources / "unnamed.tflite", factor) for factor in (1.0, 1.01))
    good = record(true, true.signatures[0], None)
    assert compile_best(true, (good,), tmp_path).engine == "litert"
    wrong = record(false, false.signatures[0], None)
    with pytest.raises(CompileError, match="'PartitionedCall'"):
        compile_best(false, (wrong,), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_compile_best_without_other_engine_names_litert_and_operator(sources: Path, tmp_path: Path) -> None:
    original = Scaled(sources / "flex.tflite", 1.0)
    recording = record(original, original.signatures[0], None)
    with pytest.raises(CompileError, match="LiteRT.*MatrixDeterminant"):
        compile_best(original, (recording,), tmp_path)
    assert list(tmp_path.iterdir()) == []
