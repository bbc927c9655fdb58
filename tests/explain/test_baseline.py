"""Baselines of tables: from recorded rows and from data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightship.bundle import BASELINE, GOLDEN, Bundle, digests, write_manifest
from lightship.bundle.golden import Golden, write_golden
from lightship.errors import BundleError
from lightship.explain.features.baseline import baseline_of, typical, write_baseline
from lightship.tensors import Array, Signature, TensorSpec
from lightship.tensors.archive import write_arrays
from tests.explain.models import model

AGE, CITY = TensorSpec("age", "int32", (None, 1)), TensorSpec("city", "string", (None,))
TEXT = TensorSpec("image", "float32", (None, 4, 4))
SIGNATURE = Signature("serving_default", (AGE, CITY, TEXT), (TensorSpec("y", "float32", (None, 1)),))


def rows(*ages: int) -> dict[str, Array]:
    cities = [b"Bern", b"Rome", b"Rome", b"\xff"][: len(ages)]
    return {
        "age": np.int32(ages).reshape(-1, 1),
        "city": np.array(cities, object),
        "image": np.zeros((len(ages), 4, 4), np.float32),
    }


def bundle(folder: Path, *, data: dict[str, Array] | None = None) -> Bundle:
    made = model(folder, lambda age, city, image: age, SIGNATURE.inputs, rows(1, 2)).bundle
    if data is not None:
        write_baseline(folder, {SIGNATURE: data})
    return write_manifest(folder, made.manifest._replace(files=digests(folder)))


def test_typical_row_has_means_and_most_frequent_values() -> None:
    found = typical(SIGNATURE, rows(20, 31, 40, 40))
    assert {name: row.tolist() for name, row in found.items()} == {"age": [33], "city": b"Rome"}
    assert found["age"].dtype == np.int32


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, np.nan, 3], 2), ([np.nan], np.nan), ([3e38, 3e38], 3e38), ([-1.5], -1.5)],
)
def test_typical_number_ignores_missing_values(values: list[float], expected: float) -> None:
    spec = TensorSpec("x", "float32", (None,), kind={"type": "number", "missing": "nan"})
    found = typical(Signature("s", (spec,), ()), {"x": np.float32(values)})
    np.testing.assert_allclose(found["x"], np.float32(expected))
    assert found["x"].shape == ()


def test_baseline_without_file_is_from_recorded_rows(tmp_path: Path) -> None:
    found = baseline_of(bundle(tmp_path), SIGNATURE)
    assert (found["age"].tolist(), found["city"].item()) == ([2], b"Bern")
    assert found.keys() == {"age", "city"}


def test_baseline_with_data_is_from_all_rows(tmp_path: Path) -> None:
    made = bundle(tmp_path, data=rows(100, 200, 300))
    assert BASELINE in made.manifest.files
    found = baseline_of(made, SIGNATURE)
    assert (found["age"].tolist(), found["city"].item()) == ([200], b"Rome")


def test_write_baseline_without_columns_writes_nothing(tmp_path: Path) -> None:
    write_baseline(tmp_path, {Signature("s", (TEXT,), ()): {"image": np.zeros((1, 4, 4), np.float32)}})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"serving_default|age": np.int32([[1]])},
        {"serving_default|age": np.int32([[1, 2]]), "serving_default|city": np.array([b"x"], object)},
        {"serving_default|age": np.float32([[1]]), "serving_default|city": np.array([b"x"], object)},
        {"serving_default|age": np.zeros((0, 1), np.int32), "serving_default|city": np.array([b"x"], object)},
        {"serving_default|age": np.int32(1), "serving_default|city": np.array([b"x"], object)},
    ],
)
def test_baseline_of_other_form_is_bundle_error(tmp_path: Path, arrays: dict[str, Array]) -> None:
    made = bundle(tmp_path, data=rows(1))
    write_arrays(tmp_path / BASELINE, arrays)
    with pytest.raises(BundleError, match="baseline"):
        baseline_of(made, SIGNATURE)


def test_baseline_without_archive_is_bundle_error(tmp_path: Path) -> None:
    made = bundle(tmp_path, data=rows(1))
    (tmp_path / BASELINE).write_bytes(b"PK\x03\x04")
    with pytest.raises(BundleError, match="baseline"):
        baseline_of(made, SIGNATURE)


@pytest.mark.parametrize(
    "golden",
    [
        {"other": (rows(1, 2), {})},
        {"serving_default": ({"age": np.int32([[1]])}, {})},
        {"serving_default": (rows(), {})},
        {"serving_default": ({**rows(1), "age": np.zeros((1, 2), np.int32)}, {})},
    ],
    ids=["signature", "input", "empty", "shape"],
)
def test_baseline_of_recorded_rows_of_another_signature_raises_bundle_error(golden: Golden, tmp_path: Path) -> None:
    made = bundle(tmp_path)
    write_golden(tmp_path / GOLDEN, golden)
    changed = write_manifest(tmp_path, made.manifest._replace(files=digests(tmp_path)))
    with pytest.raises(BundleError, match="golden"):
        baseline_of(changed, SIGNATURE)


def test_golden_of_missing_signature_raises_bundle_error(tmp_path: Path) -> None:
    subject = model(tmp_path, lambda age, city, image: age, SIGNATURE.inputs, rows(1, 2))
    write_golden(tmp_path / GOLDEN, {"other": (rows(1), {})})
    with pytest.raises(BundleError, match="serving_default"):
        subject.golden()
