from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler.litert import Unconvertible, convert, operators


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
def test_operators_are_read_out_of_messages(text: str, names: list[str]) -> None:
    assert operators(text) == names


def test_a_file_that_the_interpreter_cannot_load(sources: Path, tmp_path: Path) -> None:
    with pytest.raises(Unconvertible) as error:
        convert(sources / "flex.tflite", ["serving_default"], tmp_path / "model.tflite")
    assert error.value.reasons == ("MatrixDeterminant",)
