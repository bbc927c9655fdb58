from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightship.compiler.conversion.litert import convert, operators
from lightship.errors import EngineError


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("error: 'tf.StringLower' op is neither a custom op nor a flex op\n'tf.StringLower' op is", ["StringLower"]),
        ("Some ops are not supported.\nTF Select ops: Erf, Lgamma\nDetails:", ["Erf", "Lgamma"]),
        ("Encountered unresolved custom op: FlexMatrixDeterminant. See", ["MatrixDeterminant"]),
        ('<unknown>:0: error: loc(callsite(fused["Lgamma:", "Lgamma@f"] at x)): failed', ["Lgamma"]),
        ("something else", []),
    ],
)
def test_operators_in_message_are_returned(text: str, names: list[str]) -> None:
    assert operators(text) == names


def test_engine_with_missing_operator_names_operator_on_run(sources: Path, tmp_path: Path) -> None:
    """Run a file with dynamic sizes, whose tensors the first call allocates."""
    engine = convert(sources / "flex.tflite", ["serving_default"], tmp_path / "model.tflite")
    with pytest.raises(EngineError) as error:
        engine.run("serving_default", {"x": np.ones((1, 2, 2), np.float32)})
    assert operators(error.value.detail) == ["MatrixDeterminant"]
