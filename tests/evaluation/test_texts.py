"""Evaluation and comparison of models whose rows are texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightship.evaluation.comparison import compare
from lightship.evaluation.evaluate import Options, evaluate
from lightship.model import Model
from lightship.tensors import Array, TensorSpec
from tests.evaluation.models import text_model

MOOD = TensorSpec("mood", "float32", (None, 1), classes=("bad", "good"))


def is_long(texts: Array) -> Array:
    return np.array([[0.9 if len(text) > 4 else 0.1] for text in texts])


@pytest.fixture
def mood(tmp_path: Path) -> Model:
    return text_model(tmp_path / "mood", is_long, MOOD)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "mood.jsonl"
    path.write_text('{"x": "awful", "mood": "bad"}\n{"x": "splendid", "mood": "good"}\n{"x": "poor", "mood": "bad"}\n')
    return path


def test_evaluate_texts_lists_worst_row(mood: Model, data: Path) -> None:
    found = evaluate(mood, data, Options(replicates=0))
    assert found.outputs[0].metrics["accuracy"].value == pytest.approx(2 / 3)
    assert [mistake.cells["x"] for mistake in found.worst] == ["awful"]


def test_compare_texts_counts_changes(mood: Model, data: Path, tmp_path: Path) -> None:
    other = text_model(tmp_path / "other", lambda texts: 1 - is_long(texts), MOOD)
    assert compare(mood, other, data, Options(replicates=0)).outputs[0].changed == 3


def test_evaluate_array_of_texts_lists_worst_row(mood: Model, tmp_path: Path) -> None:
    np.savez(tmp_path / "mood.npz", x=["awful", "splendid"], y=["bad", "good"])
    (mistake,) = evaluate(mood, tmp_path / "mood.npz", Options(replicates=0)).worst
    assert mistake.row == 1
