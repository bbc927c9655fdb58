"""Graphs with effects outside of the model: refused before TensorFlow loads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.calls import Call
from lightship.compiler import CompileOptions, compile_model
from lightship.errors import BundleError, SourceRefused
from lightship.graphs.operators import REASONS
from lightship.model import Model
from lightship.registry.registry import Registry

# The reason and the operators, by model.
TRUSTABLE = {
    "datasets": ("datasets", "AnonymousIteratorV3"),
    "debug": ("debug", "Copy"),
    "debug-summary": ("debug", "FlushSummaryWriter, SummaryWriter"),
    "devices": ("devices", "ShutdownTPUSystem"),
    "files-calibration": ("files", "CalibrationStatisticsSaver"),
    "files-descriptors": ("files", "DecodeProtoV2"),
    "files-vocabulary": ("files", "FixedUnigramCandidateSampler"),
    "internal": ("internal", "_MklElu"),
    "memory-constant": ("memory", "Const"),
    "memory-empty": ("memory", "Empty"),
    "memory-handle": ("memory", "ParseTensor"),
    "network": ("network", "XlaRecvFromHost"),
    "print": ("files", "PrintV2"),
    "process": ("process", "Abort"),
    "programs": ("programs", "XlaCustomCallV2"),
    "programs-foreign": ("programs", "PartitionedCall"),
    "programs-nested": ("programs", "Mul"),
    "saver": ("saver", "SaveV2, ShardedFilename"),
    "saver-restores-by-saving": ("saver", "SaveV2, ShardedFilename"),
    "saver-restores-other-file": ("saver", "RestoreV2"),
    "vocabulary-constant": ("files", "InitializeTableFromTextFileV2"),
    "vocabulary-identity": ("files", "InitializeTableFromTextFileV2"),
    "vocabulary-joined": ("files", "InitializeTableFromTextFileV2"),
    "vocabulary-served": ("files", "InitializeTableFromTextFileV2"),
    "waiting": ("waiting", "FIFOQueueV2, QueueDequeueV2"),
}
# Models that --trust does not accept either, and what the message names.
BROKEN = {
    "second-graph": "saved_model.pbtxt",
    "unknown": "SendWeights",
    "unknown-name": "'Mul, ReadFile\\n'",
    "vocabulary-absolute": "victim.txt",
    "vocabulary-dots": "../../victim.txt",
    "vocabulary-old-dots": "../../victim.txt",
}
GOOD = ("good-vocabulary", "good-old-vocabulary", "good-saver")


@pytest.fixture(scope="module")
def checked(hostile: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((hostile / "checked.json").read_text())
    return found


@pytest.mark.parametrize("model", TRUSTABLE)
def test_check_hostile_graph_names_operators_and_reason(checked: dict[str, Any], model: str) -> None:
    reason, operators = TRUSTABLE[model]
    assert checked[model] == {"phrases": [f"operators that {REASONS[reason]}: {operators}"]}


@pytest.mark.parametrize("model", BROKEN)
def test_check_broken_graph_is_refused_without_trust_hint(checked: dict[str, Any], model: str) -> None:
    assert BROKEN[model] in checked[model]["refused"]
    assert "--trust" not in checked[model]["refused"]


@pytest.mark.parametrize("model", GOOD)
def test_check_own_saver_and_vocabulary_are_accepted(checked: dict[str, Any], model: str) -> None:
    assert checked[model] == {"phrases": []}


def test_check_of_all_hostile_models_is_tested(checked: dict[str, Any]) -> None:
    assert checked.keys() == {*TRUSTABLE, *BROKEN, *GOOD}


@pytest.mark.parametrize(
    ("model", "operator"), [("files-calibration", "CalibrationStatisticsSaver"), ("process", "Abort")]
)
def test_compile_hostile_model_is_refused_unopened(hostile: Path, tmp_path: Path, model: str, operator: str) -> None:
    before = (hostile / "victim.txt").read_bytes()
    registry = Registry(str(tmp_path))
    with pytest.raises(SourceRefused) as refusal:
        compile_model(hostile / model, registry=registry)
    assert operator in refusal.value.message
    assert "--trust" in refusal.value.message
    assert registry.models() == []
    assert (hostile / "victim.txt").read_bytes() == before


def test_compile_trusted_operators_are_recorded_and_served(hostile: Path, tmp_path: Path) -> None:
    registry = Registry(str(tmp_path))
    report = compile_model(hostile / "process", registry=registry, options=CompileOptions(trust=True))
    assert report.trusted == ("operators that end or delay the process: Abort",)
    model = Model.load(registry.open(report.name, report.version))
    assert model.manifest.trusted == report.trusted
    result = model.predict(Call(inputs={"x": np.float32([[1.0, 2.0, 3.0]])}))
    assert result.outputs["y"].tolist() == [[6.0]]


@pytest.mark.parametrize(("bundle", "named"), [("old", "Abort"), ("old-asset", "../../victim.txt")])
def test_engine_old_bundle_with_refused_graph_is_refused(hostile: Path, bundle: str, named: str) -> None:
    with pytest.raises(BundleError) as refusal:
        Model.open(hostile / "bundles" / bundle)
    assert named in refusal.value.message


@pytest.mark.parametrize("bundle", ["old-trusted", "old-good"])
def test_engine_old_bundle_trusted_or_harmless_is_loaded(hostile: Path, bundle: str) -> None:
    assert Model.open(hostile / "bundles" / bundle)
