"""Comparison of two models on the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.evaluation.comparison import ComparedOutput, Difference, Requirement, compare
from lightship.evaluation.comparison.mcnemar import mcnemar
from lightship.evaluation.evaluate import Options, evaluate
from lightship.model import Model
from lightship.tensors import Array, TensorSpec
from tests.evaluation.models import Function, model, several

ROWS = np.random.default_rng(0).normal(size=(9000, 2)).astype(np.float32)
SPEC = TensorSpec("answer", "float32", (None, 1), classes=("no", "yes"))


def by_column(column: int) -> Function:
    def function(x: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-x[:, column : column + 1])))

    return function


@pytest.fixture
def first(tmp_path: Path) -> Model:
    return model(tmp_path / "first", by_column(0), SPEC)


@pytest.fixture
def second(tmp_path: Path) -> Model:
    return model(tmp_path / "second", by_column(1), SPEC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    targets = ["yes" if row[0] + row[1] + 0.5 > 0 else "no" for row in ROWS.tolist()]
    lines = [f"{a},{b},{target}" for (a, b), target in zip(ROWS.tolist(), targets, strict=True)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["a,b,answer", *lines]) + "\n")
    return path


def test_compare_differences_equal_those_of_evaluations(first: Model, second: Model, data: Path) -> None:
    options = Options(replicates=50)
    found = compare(first, second, data, options)
    (before,), (after,) = (evaluate(each, data, options).outputs for each in (first, second))
    for name, each in found.outputs[0].metrics.items():
        assert each.before == before.metrics[name].value
        assert each.difference == pytest.approx(after.metrics[name].value - before.metrics[name].value)
    assert found.data.rows == len(ROWS)
    assert set(found.latencies.by_rows) == {1, 32}


def test_compare_paired_interval_is_narrower_than_unpaired(first: Model, data: Path, tmp_path: Path) -> None:
    nearly = model(tmp_path / "nearly", lambda x: by_column(0)(x + 0.01), SPEC)
    found = compare(first, nearly, data, Options(replicates=100)).outputs[0].metrics["log_loss"]
    single = evaluate(first, data, Options(replicates=100)).outputs[0].metrics["log_loss"]
    assert found.low is not None
    assert found.high is not None
    assert single.low is not None
    assert single.high is not None
    assert found.low <= found.difference <= found.high
    assert found.high - found.low < (single.high - single.low) / 5


def test_compare_changed_rows_are_counted_and_listed(first: Model, second: Model, data: Path) -> None:
    (found,) = compare(first, second, data, Options(replicates=0)).outputs
    before, after = ROWS[:, 0] > 0, ROWS[:, 1] > 0
    target = ROWS[:, 0] + ROWS[:, 1] + 0.5 > 0
    assert found.changed == (before != after).sum()
    assert len(found.changes) == 20
    assert all(before[change.row - 1] != after[change.row - 1] for change in found.changes)
    assert found.mcnemar is not None
    assert found.mcnemar.only_before == ((before == target) & (after != target)).sum()
    assert found.mcnemar.only_after == ((before != target) & (after == target)).sum()


def test_compare_same_model_has_no_differences(first: Model, data: Path) -> None:
    (found,) = compare(first, first, data, Options(replicates=20)).outputs
    assert {(each.difference, each.low, each.high) for each in found.metrics.values()} == {(0.0, 0.0, 0.0)}
    assert found.changed == 0


def test_compare_row_refused_by_one_model_is_left_out(first: Model, second: Model, data: Path, tmp_path: Path) -> None:
    other = model(tmp_path / "other", by_column(0), SPEC, columns=("a", "c"))
    lines = data.read_text().splitlines()
    data.write_text("\n".join([f"{lines[0]},c", f"{lines[1]},wrong", *(f"{line},1" for line in lines[2:])]))
    with pytest.raises(InvalidInput, match="row 1, column 'c'"):
        compare(first, other, data)
    found = compare(first, other, data, Options(skip_bad=True, replicates=0))
    assert (found.data.rows, found.data.skipped) == (len(ROWS) - 1, 1)
    assert found.outputs[0].changed == 0


def test_compare_outputs_of_other_kind_are_refused(first: Model, data: Path, tmp_path: Path) -> None:
    number = model(tmp_path / "number", lambda x: x[:, 0], TensorSpec("answer", "float32", (None,)))
    with pytest.raises(InvalidInput, match="cannot be compared"):
        compare(first, number, data)


def test_mcnemar_p_value_equals_binomial_and_chi_squared_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert mcnemar(0, 0).p_value == 1
    assert mcnemar(3, 15).p_value == pytest.approx(stats.binomtest(3, 18).pvalue)
    assert mcnemar(500, 600).p_value == pytest.approx(stats.chi2.sf((100 - 1) ** 2 / 1100, 1))


@pytest.mark.parametrize(
    ("text", "holds"),
    [("accuracy>=-0.02", True), ("accuracy >= 0", False), ("accuracy<0", True), ("accuracy > -0.01", False)],
)
def test_requirement_limit_is_compared_with_difference(text: str, holds: bool) -> None:
    assert Requirement.parse(text).check([output("answer", -0.01)]).holds is holds


@pytest.mark.parametrize("text", ["accuracy", "accuracy>=", "accuracy>=x", "accuracy>=nan", ">=1", "accuracy=1"])
def test_requirement_of_other_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"accuracy>=-0\.005"):
        Requirement.parse(text)


@pytest.mark.parametrize("text", ["rmse<=0", "rows.accuracy<=0"])
def test_requirement_of_unknown_metric_or_output_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=text.partition("<")[0]):
        Requirement.parse(text).check([output("answer", 0)])


def test_requirement_names_output_before_point() -> None:
    outputs = [output("answer", 0.0), output("a.b/c", -0.5)]
    assert Requirement.parse("accuracy>=0").check(outputs).holds
    assert Requirement.parse("a.b/c.accuracy>=0").check(outputs).difference == -0.5


def test_compare_undefined_metric_is_named_with_reason(first: Model, second: Model, data: Path) -> None:
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], *(line for line in lines if line.endswith(",yes"))]))
    found = compare(first, second, data, Options(replicates=0))
    assert found.outputs[0].absent["roc_auc"] == "all targets are of one class"
    assert "data.csv, column 'answer'" in found.warnings[0]
    assert found.to_json()["warnings"] == list(found.warnings)
    with pytest.raises(InvalidInput, match="undefined.*all targets are of one class"):
        Requirement.parse("roc_auc>=-0.01").check(found.outputs)


SIZE = TensorSpec("size", "float32", (None,))


@pytest.fixture
def two_targets(data: Path) -> Path:
    lines = data.read_text().splitlines()
    data.write_text("\n".join([f"{lines[0]},size", *(f"{line},{line.partition(',')[0]}" for line in lines[1:])]))
    return data


def test_compare_covers_every_output(two_targets: Path, tmp_path: Path) -> None:
    before = several(tmp_path / "before", [(by_column(0), SPEC), (lambda x: x[:, 0], SIZE)])
    after = several(tmp_path / "after", [(by_column(0), SPEC), (lambda x: x[:, 0] + 0.5, SIZE)])
    found = compare(before, after, two_targets, Options(replicates=10))
    answer, size = found.outputs
    assert (answer.output, answer.changed, answer.mcnemar is None) == ("answer", 0, False)
    assert (size.output, size.changed, size.mcnemar is None) == ("size", len(ROWS), True)
    assert size.metrics["mae"].difference == pytest.approx(0.5, abs=1e-6)
    assert len(size.changes) == 20
    record = found.to_json()
    assert [each["changed"]["rows"] for each in record["outputs"]] == [0, len(ROWS)]
    assert not Requirement.parse("size.mae<=0.1").check(found.outputs).holds


def test_compare_output_without_finite_prediction_does_not_hide_others(two_targets: Path, tmp_path: Path) -> None:
    before = several(tmp_path / "before", [(by_column(0), SPEC), (lambda x: x[:, 0] * np.nan, SIZE)])
    found = compare(before, before, two_targets, Options(replicates=0))
    assert [each.rows for each in found.outputs] == [len(ROWS), 0]
    assert "'size'" in found.data.exclusions[0]["reason"]
    assert found.lost == 0


def test_compare_output_of_one_model_is_named(first: Model, two_targets: Path, tmp_path: Path) -> None:
    after = several(tmp_path / "after", [(by_column(0), SPEC), (lambda x: x[:, 0], SIZE)])
    found = compare(first, after, two_targets, Options(replicates=0))
    assert [each.output for each in found.outputs] == ["answer"]
    assert found.unmatched == ("size",)


def output(name: str, difference: float) -> ComparedOutput:
    return ComparedOutput(name, 1, {"accuracy": Difference(0.9, 0.9 + difference, difference, None, None)})
