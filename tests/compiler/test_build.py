"""Choice of the engine, with an original whose outputs are a known formula."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler.conversion.choice import compile_best
from lightship.compiler.verification.recordings import record
from lightship.errors import CompileError
from tests.compiler.originals import Scaled


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
