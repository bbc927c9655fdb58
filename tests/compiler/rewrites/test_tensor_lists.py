"""Loops over time steps on LiteRT, at any batch size and sequence length."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lightship.engines.litert import LiteRTEngine
from lightship.errors import EngineError
from lightship.tensors import Array
from tests.model_files import write

NAMES = (
    "lstm",
    "gru_sequences",
    "gru_reset_before",
    "simple_rnn",
    "bidirectional_masked",
    "zero_output_for_mask",
    "encoder_decoder",
    "stacked_cells",
    "conv_lstm",
    "keras2_lstm",
    "keras2_bidirectional_gru",
    "keras2_masked",
    "running_sum",
    "nested_loops",
    "branch_in_loop",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of :mod:`tests.compiler.rewrites.recurrent_models`."""
    folder = tmp_path_factory.mktemp("recurrent")
    write("tests.compiler.rewrites.recurrent_models", folder)
    return folder


def recorded(models: Path, name: str) -> list[tuple[Array, Array]]:
    """Return the inputs and the original's outputs."""
    with np.load(models / f"{name}.npz") as arrays:
        return [(arrays[f"x{index}"], arrays[f"y{index}"]) for index in range(len(arrays) // 2)]


@pytest.mark.parametrize("name", NAMES)
def test_litert_rewritten_loop_matches_original_at_any_batch_and_length(models: Path, name: str) -> None:
    engine = LiteRTEngine(models / f"{name}.tflite")
    assert not engine.stateful
    for x, expected in recorded(models, name):
        answer = engine.run("serving_default", {"x": x})["y"]
        np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=2e-6)


def test_litert_rewritten_loop_matches_original_in_threads(models: Path) -> None:
    engine = LiteRTEngine(models / "lstm.tflite")
    calls = recorded(models, "lstm") * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda call: engine.run("serving_default", {"x": call[0]})["y"], calls))
    for answer, (_, expected) in zip(answers, calls, strict=True):
        np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=2e-6)


def test_litert_rewritten_loop_without_time_steps_raises_and_runs_next_call(models: Path) -> None:
    engine = LiteRTEngine(models / "gru_sequences.tflite")  # TensorFlow raises, too
    x, expected = recorded(models, "gru_sequences")[0]
    with pytest.raises(EngineError):
        engine.run("serving_default", {"x": x[:, :0]})
    np.testing.assert_allclose(engine.run("serving_default", {"x": x})["y"], expected, rtol=1e-5, atol=2e-6)


def test_litert_rewritten_loop_without_rows_returns_no_rows(models: Path) -> None:
    x, expected = recorded(models, "lstm")[0]
    answer = LiteRTEngine(models / "lstm.tflite").run("serving_default", {"x": x[:0]})["y"]
    assert answer.shape == (0, *expected.shape[1:])


def test_rewrite_growing_list_leaves_graph_unchanged(models: Path) -> None:
    assert (models / "growing_list.npz").exists()
    assert not (models / "growing_list.tflite").exists()
