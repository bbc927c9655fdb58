"""Evaluation of outputs: several classes per row, numbers, unnamed classes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from lightship.errors import InvalidInput
from lightship.evaluation.evaluate import Options, evaluate
from lightship.model import Model
from lightship.tensors import Array, TensorSpec
from tests.evaluation.models import model

FEW = Options(replicates=20)
ROWS = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
TOPICS = TensorSpec("topics", "float32", (None, 2), classes=("news", "sport"), multi_label=True)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


@pytest.fixture
def labels(tmp_path: Path) -> Model:
    return model(tmp_path / "labels", sigmoid, TOPICS)


def topics() -> Array:
    return (ROWS + np.random.default_rng(2).normal(size=ROWS.shape) > 0).astype(int)


def write_columns(path: Path) -> None:
    lines = [f"{a},{b},{news},{sport}" for (a, b), (news, sport) in zip(ROWS.tolist(), topics().tolist(), strict=True)]
    path.write_text("\n".join(["a,b,news,sport", *lines]))


def names() -> list[list[str]]:
    return [[name for name, flag in zip(TOPICS.classes, row, strict=True) if flag] for row in topics().tolist()]


def write_text(path: Path) -> None:
    lines = [f"{a},{b},{';'.join(row)}" for (a, b), row in zip(ROWS.tolist(), names(), strict=True)]
    path.write_text("\n".join(["a,b,topics", *lines]))


def write_lists(path: Path) -> None:
    rows = [{"a": a, "b": b, "topics": row} for (a, b), row in zip(ROWS.tolist(), names(), strict=True)]
    path.write_text("\n".join(map(json.dumps, rows)))


def write_arrays(path: Path) -> None:
    np.savez(path, x=ROWS, topics=topics())


@pytest.mark.parametrize(
    ("name", "write"),
    [("c.csv", write_columns), ("l.jsonl", write_lists), ("a.npz", write_arrays), ("t.csv", write_text)],
)
def test_evaluate_several_classes_of_row_equals_scikit_learn(
    labels: Model, tmp_path: Path, name: str, write: object
) -> None:
    write(tmp_path / name)  # type: ignore[operator]
    (output,) = evaluate(labels, tmp_path / name, FEW).outputs
    predicted, expected = sigmoid(ROWS) >= 0.5, topics()
    assert output.task == "labels"
    assert output.rows == len(ROWS)
    assert output.metrics["f1_macro"].value == pytest.approx(metrics.f1_score(expected, predicted, average="macro"))
    assert output.metrics["subset_accuracy"].value == pytest.approx(metrics.accuracy_score(expected, predicted))


def test_evaluate_several_numbers_equals_scikit_learn(tmp_path: Path) -> None:
    made = model(tmp_path / "m", lambda x: x * 2, TensorSpec("y", "float32", (None, 2)))
    targets = ROWS * 2 + np.random.default_rng(3).normal(size=ROWS.shape)
    np.savez(tmp_path / "data.npz", x=ROWS, y=targets)
    (output,) = evaluate(made, tmp_path / "data.npz", FEW).outputs
    assert output.metrics["r2"].value == pytest.approx(metrics.r2_score(targets, ROWS * 2), rel=1e-6)
    assert output.metrics["mae"].value == pytest.approx(metrics.mean_absolute_error(targets, ROWS * 2), rel=1e-6)


def test_evaluate_number_has_worst_rows_and_residuals(tmp_path: Path) -> None:
    made = model(tmp_path / "m", lambda x: x[:, 0], TensorSpec("y", "float32", (None,)))
    lines = [f"{a},{b},{a + (100 if row == 7 else 0.1)}" for row, (a, b) in enumerate(ROWS.tolist(), start=1)]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *lines]))
    found = evaluate(made, tmp_path / "data.csv", FEW)
    assert found.outputs[0].residuals is not None
    assert (found.worst[0].row, found.worst[0].loss) == (7, pytest.approx(100))


def test_evaluate_probabilities_without_class_names_are_classes(tmp_path: Path) -> None:
    def softmax(x: Array) -> Array:
        return np.asarray(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True))

    made = model(tmp_path / "m", softmax, TensorSpec("p", "float32", (None, 2)))
    targets = (ROWS[:, 1] > ROWS[:, 0]).astype(int)
    np.savez(tmp_path / "data.npz", x=ROWS, y=targets)
    (output,) = evaluate(made, tmp_path / "data.npz", FEW).outputs
    assert output.classes == ("0", "1")
    assert output.metrics["accuracy"].value == 1.0


def test_evaluate_columns_by_position_leave_out_target(tmp_path: Path) -> None:
    made = model(tmp_path / "m", lambda x: x[:, 0], TensorSpec("y", "float32", (None,)))
    plain = made.manifest.signature()._replace(inputs=(TensorSpec("x", "float32", (None, 2)),))
    made.manifest = made.manifest._replace(signatures=(plain,))
    (tmp_path / "data.csv").write_text("one,y,two\n" + "\n".join(f"{a},{a},{b}" for a, b in ROWS.tolist()))
    assert evaluate(made, tmp_path / "data.csv", FEW).outputs[0].metrics["rmse"].value == 0.0


def test_evaluate_target_of_one_class_means_columns_of_all(labels: Model, tmp_path: Path) -> None:
    write_columns(tmp_path / "data.csv")
    expected = evaluate(labels, tmp_path / "data.csv", FEW)
    assert evaluate(labels, tmp_path / "data.csv", replace(FEW, target="sport")).to_json() == expected.to_json()


def test_evaluate_target_of_one_class_without_others_is_refused(labels: Model, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b,news\n1,2,1\n")
    with pytest.raises(InvalidInput, match="'news' is one class.*'sport' is missing"):
        evaluate(labels, tmp_path / "data.csv", replace(FEW, target="news"))


def test_evaluate_numbers_are_no_labels(labels: Model, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b,kind\n1,2,0\n")
    with pytest.raises(InvalidInput, match=r"data\.csv, row 1, column 'kind'"):
        evaluate(labels, tmp_path / "data.csv", replace(FEW, target="kind"))


def test_evaluate_only_label_has_column_of_flags(tmp_path: Path) -> None:
    made = model(
        tmp_path / "m", lambda x: x[:, :1], TensorSpec("s", "float32", (None, 1), None, ("spam",), False, True)
    )
    (tmp_path / "data.csv").write_text("a,b,spam\n0.9,2,1\n0.1,2,0\n")
    assert evaluate(made, tmp_path / "data.csv", FEW).outputs[0].metrics["subset_accuracy"].value == 1


def test_evaluate_wrong_flag_names_column(labels: Model, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b,news,sport\n1,2,1,0\n1,2,1,maybe\n")
    with pytest.raises(InvalidInput, match=r"data\.csv, row 2, column 'sport': 'maybe'"):
        evaluate(labels, tmp_path / "data.csv", FEW)


@pytest.mark.parametrize("target", ["x", "b"])
@pytest.mark.parametrize("suffix", ["csv", "npz"])
def test_evaluate_input_as_target_is_refused(labels: Model, tmp_path: Path, target: str, suffix: str) -> None:
    {"csv": write_columns, "npz": write_arrays}[suffix](tmp_path / f"data.{suffix}")
    with pytest.raises(InvalidInput, match=f"'{target}' is an input"):
        evaluate(labels, tmp_path / f"data.{suffix}", replace(FEW, target=target))


@pytest.mark.parametrize("target", ["topics", "kind"])
def test_evaluate_two_columns_of_target_are_refused(labels: Model, tmp_path: Path, target: str) -> None:
    (tmp_path / "data.csv").write_text(f"a,b,{target},{target}\n1,2,news,sport\n")
    with pytest.raises(InvalidInput, match=f"column '{target}' twice"):
        evaluate(labels, tmp_path / "data.csv", replace(FEW, target=target))


@pytest.mark.parametrize("target", ["1", "news;weather", "maybe"])
def test_evaluate_unknown_label_is_refused(labels: Model, tmp_path: Path, target: str) -> None:
    (tmp_path / "data.csv").write_text(f"a,b,topics\n1,2,{target}x\n")
    with pytest.raises(InvalidInput, match=r"data\.csv, row 1, column 'topics'"):
        evaluate(labels, tmp_path / "data.csv", FEW)


def test_evaluate_model_with_dependent_rows_is_refused(labels: Model, tmp_path: Path) -> None:
    write_columns(tmp_path / "data.csv")
    signature = labels.manifest.signature()._replace(independent_rows=False)
    labels.manifest = labels.manifest._replace(signatures=(signature,))
    with pytest.raises(InvalidInput, match="depend on each other"):
        evaluate(labels, tmp_path / "data.csv", FEW)
