from __future__ import annotations

import pytest

from lightship.engines.causes import DETAIL_LENGTH, cause_of, translated
from lightship.errors import EngineError

SECRET = "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI"  # an assertion of a hostile model may print secrets


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("indices[0,0] = 99 is not in [0, 50)", "an index is 99, it must be at least 0 and below 50"),
        ("indices are out of range", "an index is out of range"),
        ("gather index out of boundsNode number 0 (GATHER) failed to invoke.", "an index is outside the table"),
        ("Incompatible shapes: [2,3] vs. [2,4]", "the shapes [2,3] and [2,4] do not fit together"),
        (
            "Input to reshape is a tensor with 6 values, but the requested shape has 4",
            "it cannot be reshaped: there are 6 values",
        ),
        ("Key: x.  Can't parse serialized Example.", "a feature of a serialised tf.Example"),
        ("assertion failed: [wrong]", "an assertion of the model failed"),
        ("OOM when allocating tensor with shape[1]", "there is not enough memory"),
        ("something new", ""),
    ],
)
def test_cause_of_engine_text_is_fixed_text(text: str, cause: str) -> None:
    found = cause_of(f"{text} {SECRET}")
    assert found.startswith(cause) if cause else found == ""
    assert "SECRET" not in found


def test_translated_error_has_engine_text_in_detail_only() -> None:
    text = f"Graph execution error:\n\nassertion failed: [{SECRET}\x1b[2J]\n\t [[{{node Assert}}]]"
    error = translated(EngineError, "TensorFlow could not run this input", ValueError(text))
    assert error.message == "TensorFlow could not run this input: an assertion of the model failed"
    assert SECRET in error.detail
    assert error.detail.isprintable()


def test_translated_detail_is_short_without_path() -> None:
    path = "/secret/folder/m.tflite"
    error = translated(EngineError, "cannot load", ValueError(f"{path}: {'x' * 999}"), path=path)
    assert error.detail.startswith("m.tflite: x")
    assert len(error.detail) <= DETAIL_LENGTH
