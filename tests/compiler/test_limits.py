"""Models that are slow, large, endless or crash: refused, or accepted with --slow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.calls import Call
from lightship.compiler import compile_model, sandbox
from lightship.compiler.limits import MOST_BYTES, MOST_SECONDS
from lightship.errors import CompileError, SourceRefused
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.compiler import tflite_models
from tests.compiler.conftest import ROOT

MEBIBYTE = 1024**2


@pytest.fixture(autouse=True)
def probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child import the tests' modules."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def compile_with(folder: Path, content: bytes, *, slow: bool = False, **limits: Any) -> dict[str, Any]:
    source, bundle = folder / "model.tflite", folder / "bundle"
    source.write_bytes(content)
    bundle.mkdir(exist_ok=True)
    job = {
        "source": str(source), "folder": str(bundle), "config": {}, "data": None, "engine": None,
        "trust": False, "slow": slow, "limits": limits,
    }  # fmt: skip
    module = "tests.compiler.limit_probe"
    built = sandbox.run(sandbox.Task(module, job | {"step": "build"}, reads=[source], writes=[bundle])).result
    trial = sandbox.Task(module, job | {"step": "verification.trial"}, reads=[bundle])
    return built | {"cost": sandbox.run(trial).result}


def test_compile_model_over_memory_limit_names_value_and_limit(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"1\d\d MiB.* 64 MiB.*--slow"):
        compile_with(tmp_path, tflite_models.filled(30_000_000), MOST_BYTES=64 * MEBIBYTE)


def test_compile_model_over_time_limit_names_value_and_limit(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"0\.\d s.* 0\.01 s.*--slow"):
        compile_with(tmp_path, tflite_models.filled(30_000_000), MOST_SECONDS=0.01)


def test_compile_with_slow_is_accepted_and_recorded(tmp_path: Path) -> None:
    content = tflite_models.filled(30_000_000)
    built = compile_with(tmp_path, content, slow=True, MOST_SECONDS=0.01, MOST_BYTES=64 * MEBIBYTE, CALL_SECONDS=0.01)
    assert built["cost"]["bytes"] > 64 * MEBIBYTE
    assert built["cost"]["seconds"] > 0.01
    assert Model.open(tmp_path / "bundle").manifest.slow


def test_compile_endless_model_is_stopped(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(SourceRefused, match=r"\d+ s.*--slow"):
        compile_with(tmp_path, tflite_models.endless(), CALL_SECONDS=1)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("divisor", [-1, None], ids=["one input", "two inputs"])
def test_compile_model_crashing_on_unusual_inputs_is_refused(tmp_path: Path, divisor: int | None) -> None:
    with pytest.raises(SourceRefused, match="SIGFPE"):
        compile_with(tmp_path, tflite_models.remainder(divisor))


def test_compile_within_limits_reports_cost_and_same_digest_twice(tmp_path: Path) -> None:
    registry = Registry(str(tmp_path / "registry"))
    source = tmp_path / "model.tflite"
    source.write_bytes(tflite_models.placeholder_too_small())
    first, second = (compile_model(source, registry=registry) for _ in range(2))
    assert first.digest == second.digest
    assert 0 < first.cost.seconds < MOST_SECONDS
    assert 0 < first.cost.bytes < MOST_BYTES
    assert first.to_json()["cost"] == {"seconds": first.cost.seconds, "bytes": first.cost.bytes}


@pytest.mark.parametrize(
    ("content", "answers"),
    [
        (tflite_models.two_signatures(), {"serving_default": 9.0, "double": 6.0}),
        (tflite_models.two_signatures(names=("double",)), {"double": 6.0}),
        (tflite_models.two_signatures() + b"PK\5\6" + bytes(18), {"serving_default": 9.0, "double": 6.0}),
    ],
    ids=["two", "one", "with a zip archive of metadata behind"],
)
def test_compile_tflite_with_signatures_keeps_each(tmp_path: Path, content: bytes, answers: dict[str, float]) -> None:
    compile_with(tmp_path, content)
    model = Model.open(tmp_path / "bundle")
    assert [signature.name for signature in model.manifest.signatures] == list(answers)
    for name, value in answers.items():
        outputs = model.predict(Call({"x": np.full((4, 2), 3.0, np.float32)}, signature=name)).outputs
        np.testing.assert_array_equal(outputs["y"], np.full((4, 2), value, np.float32))


def test_compile_tflite_with_only_signature_of_second_subgraph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="subgraph 1"):
        compile_with(tmp_path, tflite_models.two_signatures(names=("square",), first=1))


def test_compile_unallocatable_placeholder_serves_real_sizes(tmp_path: Path) -> None:
    compile_with(tmp_path, tflite_models.placeholder_too_small())
    model = Model.open(tmp_path / "bundle")
    for height, width in ((3, 3), (5, 9)):
        outputs = model.predict(Call({"t0": np.ones((1, height, width, 1), np.float32)})).outputs
        np.testing.assert_array_equal(outputs["t3"], np.full((1, height - 2, width - 2, 1), 9, np.float32))
