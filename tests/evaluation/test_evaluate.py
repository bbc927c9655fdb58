"""Evaluation of the example models, the same for each kind of file."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn import metrics

from lightship.calls import Call
from lightship.errors import InvalidInput, UnsupportedMedia
from lightship.evaluation.evaluate import Options, evaluate
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.evaluation import datasets
from tests.evaluation.datasets import TARGET

FEW = Options(replicates=20)


@pytest.fixture(scope="module")
def quickstart(registries: Registries) -> Model:
    return Model.load(Registry(str(registries.examples)).open("quickstart"))


@pytest.fixture(scope="module")
def digits(registries: Registries) -> Model:
    return Model.load(Registry(str(registries.examples)).open("digits"))


@pytest.mark.parametrize("suffix", datasets.WRITERS)
def test_evaluate_each_kind_of_file_equals_scikit_learn(quickstart: Model, tmp_path: Path, suffix: str) -> None:
    path = datasets.WRITERS[suffix](tmp_path / f"data.{suffix}")
    values, targets, _ = datasets.breast_cancer()
    scores = quickstart.predict(Call({"features": values.astype(np.float32)})).outputs[TARGET][:, 0]
    positive = np.array(targets) == "malignant"
    found = evaluate(quickstart, path, FEW)
    (output,) = found.outputs
    assert found.data.rows == len(targets)
    assert output.metrics["accuracy"].value == pytest.approx(np.mean((scores > 0.5) == positive))
    assert output.metrics["roc_auc"].value == pytest.approx(metrics.roc_auc_score(positive, scores), abs=1e-9)
    assert output.metrics["log_loss"].value == pytest.approx(metrics.log_loss(positive, scores.astype(float)), rel=1e-6)


def test_evaluate_images_by_class_equals_arrays(digits: Model, tmp_path: Path) -> None:
    images = datasets.write_images(tmp_path / "images")
    files = sorted(images.glob("*/*.png"))
    small = [PIL.Image.open(file).resize((28, 28), PIL.Image.Resampling.BILINEAR) for file in files]
    pixels = np.array([np.asarray(image) for image in small], np.float32)[..., np.newaxis] / np.float32(255)
    np.savez(tmp_path / "digits.npz", image=pixels, target=[int(file.parent.name) for file in files])
    folder = evaluate(digits, images, FEW).outputs[0]
    arrays = evaluate(digits, tmp_path / "digits.npz", FEW).outputs[0]
    assert folder.metrics["accuracy"].value == arrays.metrics["accuracy"].value
    # The model's activations are int8, with a scale for all rows of a call, and the calls have other rows.
    assert folder.metrics["log_loss"].value == pytest.approx(arrays.metrics["log_loss"].value, rel=1e-2)


def test_evaluate_again_returns_equal_result(quickstart: Model, tmp_path: Path) -> None:
    path = datasets.write_csv(tmp_path / "data.csv")
    assert evaluate(quickstart, path, FEW).to_json() == evaluate(quickstart, path, FEW).to_json()


def test_evaluate_slice_has_metrics_of_rows(quickstart: Model, tmp_path: Path) -> None:
    path = datasets.write_csv(tmp_path / "data.csv")
    values, targets, sites = datasets.breast_cancer()
    scores = quickstart.predict(Call({"features": values.astype(np.float32)})).outputs[TARGET][:, 0]
    right = (scores > 0.5) == (np.array(targets) == "malignant")
    by_site, by_radius = evaluate(quickstart, path, Options(slices=("site", "mean radius"), replicates=20)).slices
    for value in by_site.values:
        chosen = np.array(sites) == value.value
        assert value.rows == chosen.sum()
        assert value.metrics["accuracy"].value == pytest.approx(right[chosen].mean())
    edges = np.quantile(values[:, 0], [0.25, 0.5, 0.75])
    expected = np.bincount(np.searchsorted(edges, values[:, 0]))
    assert [value.rows for value in by_radius.values] == expected.tolist()


def test_evaluate_worst_mistakes_are_largest_losses(quickstart: Model, tmp_path: Path) -> None:
    path = datasets.write_csv(tmp_path / "data.csv")
    values, targets, _ = datasets.breast_cancer()
    scores = quickstart.predict(Call({"features": values.astype(np.float32)})).outputs[TARGET][:, 0].astype(float)
    of_target = np.where(np.array(targets) == "malignant", scores, 1 - scores)
    order = np.argsort(of_target, kind="stable")[:20] + 1
    worst = evaluate(quickstart, path, FEW).worst
    assert [mistake.row for mistake in worst] == order.tolist()
    assert worst[0].cells["site"] == "abc"[(worst[0].row - 1) % 3]
    assert worst[0].target == targets[worst[0].row - 1]


def test_evaluate_worst_images_are_png(digits: Model, tmp_path: Path) -> None:
    images = datasets.write_images(tmp_path / "images", rows=300)
    (images / "9").rename(images / "moved")
    (images / "8").rename(images / "9")
    (images / "moved").rename(images / "8")  # sevens are right, eights and nines are mistakes
    worst = evaluate(digits, images, FEW).worst[0]
    assert worst.target in {"8", "9"}
    assert worst.image is not None
    assert base64.b64decode(worst.image.partition(",")[2]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("line", "cells", "place", "column"),
    [
        (3, "1,2,3,unknown,a", "row 3", TARGET),
        (5, "1,2,3,,a", "row 5", TARGET),
        (2, "1,two,3,benign,a", "row 2", "mean texture"),
        (569, "1,2", "row 569", ""),
    ],
)
def test_evaluate_bad_row_names_file_row_and_column(
    quickstart: Model, tmp_path: Path, line: int, cells: str, place: str, column: str
) -> None:
    path = datasets.write_csv(tmp_path / "data.csv")
    lines = path.read_text().splitlines()
    lines[line] = cells
    path.write_text("\n".join(lines))
    with pytest.raises(InvalidInput) as raised:
        evaluate(quickstart, path, FEW)
    assert raised.value.message.startswith(f"data.csv, {place}")
    assert column in raised.value.message
    found = evaluate(quickstart, path, Options(skip_bad=True, replicates=0))
    assert (found.data.rows, found.data.skipped) == (568, 1)
    assert found.data.skips[0]["row"] == line
    assert found.data.skips[0]["column"] == column


def test_evaluate_unreadable_image_is_named_or_skipped(digits: Model, tmp_path: Path) -> None:
    images = datasets.write_images(tmp_path / "images")
    (images / "3" / "broken.png").write_bytes(b"not an image")
    with pytest.raises(InvalidInput, match=r"3/broken\.png"):
        evaluate(digits, images, FEW)
    assert evaluate(digits, images, Options(skip_bad=True, replicates=0)).data.skipped == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", ""),
        ("header.csv", f"mean radius,mean texture,mean concavity,{TARGET}\n"),
        ("columns.csv", f"a,b,{TARGET}\n1,2,benign\n"),
        ("headerless.csv", "1,2,3,benign\n"),
        ("notarget.csv", "mean radius,mean texture,mean concavity\n1,2,3\n"),
        ("broken.npz", "PK"),
        ("broken.parquet", "PAR1"),
        ("lines.jsonl", "{"),
    ],
)
def test_evaluate_unusable_file_is_refused_by_name(quickstart: Model, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInput) as raised:
        evaluate(quickstart, tmp_path / name, FEW)
    assert raised.value.message.startswith(name)


def test_evaluate_unknown_suffix_and_missing_target_column_are_refused(quickstart: Model, tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("x")
    with pytest.raises(UnsupportedMedia):
        evaluate(quickstart, tmp_path / "data.txt", FEW)
    path = datasets.write_csv(tmp_path / "data.csv", rows=5)
    with pytest.raises(InvalidInput, match="'nothing'"):
        evaluate(quickstart, path, Options(target="nothing"))
    with pytest.raises(InvalidInput, match="'nothing'"):
        evaluate(quickstart, path, Options(slices=("nothing",)))


def test_evaluate_only_bad_rows_is_refused(quickstart: Model, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(f"mean radius,mean texture,mean concavity,{TARGET}\n1,2,x,benign\n")
    with pytest.raises(InvalidInput, match="no row can be evaluated"):
        evaluate(quickstart, tmp_path / "data.csv", Options(skip_bad=True))


@pytest.mark.parametrize("suffix", datasets.WRITERS)
def test_evaluate_single_class_has_reason_and_warning(quickstart: Model, tmp_path: Path, suffix: str) -> None:
    path = datasets.WRITERS[suffix](tmp_path / f"data.{suffix}", rows=10)  # the first rows are malignant
    found = evaluate(quickstart, path, FEW)
    (output,) = found.outputs
    assert "roc_auc" not in output.metrics
    assert output.absent["roc_auc"]
    assert output.metrics["accuracy"].value > 0.5
    column = "y" if suffix == "npz" else TARGET
    (warning,) = found.to_json()["warnings"]
    assert warning.startswith(f"data.{suffix}, column '{column}': every target is 'malignant'")


def test_evaluate_folder_of_one_class_has_warning(digits: Model, tmp_path: Path) -> None:
    images = datasets.write_images(tmp_path / "images", rows=20)
    (tmp_path / "one").mkdir()
    (images / "3").rename(tmp_path / "one" / "3")
    (warning,) = evaluate(digits, tmp_path / "one", FEW).warnings
    assert warning.startswith("one, column 'class': every target is '3'")


def test_evaluate_csv_without_header_says_so(quickstart: Model, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2,3,benign\n4,5,6,malignant\n")
    with pytest.raises(InvalidInput, match=r"data\.csv: the file has no header"):
        evaluate(quickstart, tmp_path / "data.csv", FEW)


@pytest.mark.parametrize("name", ["3/photo.bmp", "3/deep/1.png", "beside.png", "notes.txt"])
def test_evaluate_anything_beside_images_of_classes_is_named_or_skipped(
    digits: Model, tmp_path: Path, name: str
) -> None:
    images = datasets.write_images(tmp_path / "images")
    (images / name).parent.mkdir(exist_ok=True)
    (images / name).write_bytes((images / "3" / "3.png").read_bytes())
    (images / ".hidden").write_text("")
    entry = "3/deep" if "deep" in name else name
    with pytest.raises(InvalidInput, match=entry):
        evaluate(digits, images, FEW)
    data = evaluate(digits, images, Options(skip_bad=True, replicates=0)).data
    assert (data.rows, data.skipped, data.skips[0]["file"]) == (60, 1, entry)


def test_evaluate_binary_target_column_is_text(quickstart: Model, tmp_path: Path) -> None:
    path = datasets.write_parquet(tmp_path / "data.parquet", rows=30)
    table = parquet.read_table(path)
    position = table.column_names.index(TARGET)
    binary = table.set_column(position, TARGET, table.column(TARGET).cast(pa.binary()))
    parquet.write_table(binary, path)
    found = evaluate(quickstart, path, Options(slices=(TARGET,), replicates=0))
    assert [value.value for value in found.slices[0].values] == ["benign", "malignant"]
    broken = binary.set_column(position, TARGET, pa.array([b"\xff\xfe"] * 30))
    parquet.write_table(broken, path)
    with pytest.raises(InvalidInput, match=r"row 1, column 'malignancy': .*2 bytes that are not UTF-8"):
        evaluate(quickstart, path, FEW)
