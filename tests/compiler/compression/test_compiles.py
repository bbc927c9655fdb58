"""Compiles with a budget: chosen variants, their manifests, and refusals."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lightship.bundle import MODEL, REPORT, Bundle
from lightship.calls import Call
from lightship.compiler import CompileOptions, Report, compile_model
from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.quantizing.recipes import FP32, RECIPES
from lightship.compiler.compression.table import Compression
from lightship.errors import CompileError, NotFound
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings

ROOT = Path(__file__).parents[3]
SMALL = Budget("accuracy", 0.05, prefer="size")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(str(tmp_path_factory.mktemp("registry")))


def compiled(source: Path, registry: Registry, **options: object) -> tuple[Report, Bundle]:
    settings = dataclasses.replace(CompileOptions(sandbox=False), **options)  # type: ignore[arg-type]
    report = compile_model(source, registry=registry, options=settings)
    return report, registry.open(report.name, report.version)


def table(report: Report) -> Compression:
    assert report.compression
    return report.compression


@pytest.fixture(scope="module")
def exact(models: Path, registry: Registry) -> Bundle:
    return compiled(models / "classes.keras", registry, data=models / "classes.npz", target="kind")[1]


@pytest.fixture(scope="module")
def small(models: Path, registry: Registry) -> tuple[Report, Bundle]:
    data = models / "classes.npz"
    return compiled(models / "classes.keras", registry, data=data, target="kind", budget=SMALL)


def test_compile_with_budget_measures_every_recipe(small: tuple[Report, Bundle]) -> None:
    found = table(small[0])
    assert [candidate.name for candidate in found.candidates][: 1 + len(RECIPES)] == [FP32, *RECIPES]
    reference = found.candidate(FP32)
    assert (reference.change, reference.metric, reference.within) == (0.0, "accuracy", True)
    for candidate in found.candidates:
        assert not candidate.error
        assert candidate.p50_1 and candidate.p50_32 and candidate.peak_bytes
        assert candidate.transfer_bytes < candidate.bytes <= reference.bytes
        assert candidate.low is not None and candidate.high is not None and candidate.low <= candidate.high
        assert candidate.name == FP32 or (candidate.largest_difference or 0) > (reference.largest_difference or 0)


def test_compile_with_budget_writes_smallest_variant(small: tuple[Report, Bundle], exact: Bundle) -> None:
    report, bundle = small
    chosen = table(report).candidate(table(report).chosen)
    assert chosen.name in {"dynamic_int8", "int8_weights", "int8"}
    assert chosen.bytes == (bundle.path / MODEL).stat().st_size
    assert report.sizes.after < exact.size / 2
    assert bundle.manifest.compression["chosen"] == chosen.name
    assert bundle.manifest.compression["budget"] == SMALL.to_json()
    assert Bundle.open(bundle.path).digest == report.digest


def test_compile_with_budget_keeps_outputs_of_original(small: tuple[Report, Bundle], exact: Bundle) -> None:
    _, bundle = small
    assert bundle.manifest.files["golden.npz"] == exact.manifest.files["golden.npz"]
    model = Model.load(bundle)
    inputs, expected = model.golden()
    answer = model.predict(Call(inputs=inputs)).outputs["kind"]
    parity = bundle.manifest.parity["serving_default"]["kind"]
    largest = np.abs(answer - expected["kind"]).max()
    assert 0 < largest <= parity["max_abs"] * 1.1
    assert parity["max_abs"] <= parity["atol"]


def test_compile_same_choice_has_same_digest(models: Path, registry: Registry, small: tuple[Report, Bundle]) -> None:
    data = models / "classes.npz"
    again, _ = compiled(models / "classes.keras", registry, data=data, target="kind", budget=SMALL)
    assert again.digest == small[0].digest
    assert table(again).to_json() == table(small[0]).to_json()


def test_compile_with_tight_budget_keeps_exact_model(models: Path, registry: Registry, exact: Bundle) -> None:
    budget = Budget("accuracy", 0.0, 0.0)
    data = models / "classes.csv"
    report, bundle = compiled(models / "classes.keras", registry, data=data, target="kind", budget=budget)
    assert table(report).chosen == bundle.manifest.compression["chosen"] == FP32
    assert bundle.manifest.files[MODEL] == exact.manifest.files[MODEL]
    assert not exact.manifest.compression
    errors = {candidate.name: candidate.error for candidate in table(report).candidates if candidate.error}
    assert set(errors) == {"dynamic_int8_mixed", "int8_mixed"}


def test_compile_keeps_damaging_layer_in_float(models: Path, registry: Registry) -> None:
    data = models / "outliers.npz"
    loose, _ = compiled(models / "outliers.keras", registry, data=data, budget=Budget(max_error=100.0, prefer="size"))
    whole = table(loose).candidate("dynamic_int8").largest_difference
    assert whole
    budget = Budget(max_error=whole / 1.5, prefer="size")
    report, _ = compiled(models / "outliers.keras", registry, data=data, budget=budget)
    mixed = table(report).candidate("dynamic_int8_mixed")
    assert mixed.within
    assert ["spoiled" in name for name in mixed.float_layers][:1] == [True]
    assert (mixed.largest_difference or 0) <= whole / 1.5
    assert table(report).candidate("dynamic_int8").bytes < mixed.bytes < table(report).candidate(FP32).bytes


def test_compile_without_data_leaves_out_quantized_activations(models: Path, registry: Registry) -> None:
    report, bundle = compiled(models / "twice.tflite", registry, budget=Budget(max_error=0.5, prefer="size"))
    errors = {candidate.name for candidate in table(report).candidates if candidate.error}
    assert errors == {"int8", "int16x8"}
    assert set(bundle.manifest.parity) == {"a", "b"}
    assert table(report).chosen != FP32


def test_compile_transformed_model_measures_outputs_of_clients(registry: Registry) -> None:
    examples = ROOT / "build" / "examples"
    report, bundle = compiled(
        examples / "expenses.keras",
        registry,
        config=ROOT / "examples" / "expenses" / "model.yaml",
        data=examples / "expenses.npz",
        transforms=TransformSettings(folder=ROOT / "transforms"),
        budget=Budget(max_error=1e6, prefer="size"),
    )
    assert bundle.manifest.transform
    differences = {each.name: each.largest_difference for each in table(report).candidates}
    assert differences["dynamic_int8"] and differences["dynamic_int8"] > (differences[FP32] or 0)
    assert set(bundle.manifest.parity["serving_default"]) == {spec.name for spec in report.signatures[0].outputs}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"budget": Budget("accuracy", 0.01)}, "--target"),
        ({"target": "kind"}, "--data"),
        ({"budget": Budget(max_error=0.1), "engine": "tensorflow"}, "litert"),
    ],
)
def test_compile_incomplete_options_are_refused(
    models: Path, registry: Registry, options: dict[str, object], named: str
) -> None:
    with pytest.raises(CompileError, match=named):
        compiled(models / "classes.keras", registry, **options)


@pytest.mark.parametrize(
    ("data", "target", "metric", "named"),
    [
        ("classes.npz", "sort", "accuracy", "sort"),
        ("classes.csv", "sort", "accuracy", "sort"),
        ("classes.npz", "kind", "mae", "mae"),
        ("outputless.npz", None, "accuracy", "outputless.npz.*--target"),
    ],
)
def test_compile_unsuitable_data_is_refused(
    models: Path, tmp_path: Path, data: str, target: str | None, metric: str, named: str
) -> None:
    np.savez(tmp_path / "outputless.npz", point=np.ones((4, 4), np.float32), sort=np.ones(4))
    path = tmp_path / data if data.startswith("outputless") else models / data
    options = {"data": path, "target": target, "budget": Budget(metric, 0.01)}
    stages: list[str] = []
    with pytest.raises(CompileError, match=named):
        compile_model(
            models / "classes.keras",
            registry=Registry(str(tmp_path)),
            options=CompileOptions(sandbox=False, **options),  # type: ignore[arg-type]
            progress=lambda stage, _: stages.append(stage),
        )
    assert "record" in stages
    assert "convert" not in stages
    with pytest.raises(NotFound):
        Registry(str(tmp_path)).open("classes")


def test_compile_with_budget_finds_target_and_skips_bad_rows(models: Path, registry: Registry, tmp_path: Path) -> None:
    lines = (models / "classes.csv").read_text().splitlines()
    bad = ["1,2,3,4,purple", "1,2,x,4,0"]
    (tmp_path / "bad.csv").write_text("\n".join([lines[0], bad[0], *lines[1:], bad[1]]))
    report, bundle = compiled(
        models / "classes.keras", registry, data=tmp_path / "bad.csv", skip_bad=True, budget=SMALL, name="skipping"
    )
    assert table(report).candidate(FP32).metric == "accuracy"
    assert report.skipped == 2
    assert [(skip["row"], skip["column"]) for skip in report.skips] == [(1, "kind"), (402, "point_2")]
    evaluated = json.loads((bundle.path / REPORT).read_bytes())["evaluation"]
    assert (evaluated["data"]["rows"], evaluated["data"]["skipped"]) == (400, 2)
    assert evaluated["data"]["skips"] == list(map(dict, report.skips))


def test_compile_scikit_learn_names_of_classes_have_all_variants(registry: Registry, tmp_path: Path) -> None:
    points, kinds = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[kinds]
    network = MLPClassifier((32,), max_iter=2000, random_state=0)
    skops.io.dump(make_pipeline(StandardScaler(), network).fit(points, names), tmp_path / "iris.skops")
    np.savez(tmp_path / "iris.npz", features=points, y=names)
    report, _ = compiled(tmp_path / "iris.skops", registry, data=tmp_path / "iris.npz", budget=Budget("accuracy", 0.5))
    errors = {each.name: each.error for each in table(report).candidates if each.error}
    assert not [error for error in errors.values() if "quantizer" in error]
    assert set(errors) <= {"int8", "dynamic_int8"}  # those may answer another name in a close row


def test_compile_budget_for_tensorflow_engine_is_refused(models: Path, registry: Registry) -> None:
    with pytest.raises(CompileError, match="TensorFlow"):
        compiled(models / "unsupported", registry, budget=Budget(max_error=0.1))
