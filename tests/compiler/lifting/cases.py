"""Models with preprocessing layers, by case name: many layers in one model.

``python -m tests.compiler.lifting.cases FILE [CASE…]`` compiles them, compares the compiled models with the originals
on adversarial texts, and writes the results as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tf_keras

from lightship.bundle import MODEL
from lightship.compiler.conversion.choice import Choice, compile_best
from lightship.compiler.sources.base import Original
from lightship.compiler.sources.keras.files.keras import KerasFile
from lightship.compiler.sources.saved_model import SavedModel
from lightship.compiler.verification.recordings import record
from lightship.engines.litert import LiteRTEngine
from lightship.engines.preprocessed import with_programs
from lightship.errors import EngineError, LightshipError
from lightship.preprocessing.operators.texts.strings import fill
from lightship.tensors import Array, TensorSpec
from tests.compiler.lifting import keras_cases, saved_model_cases
from tests.compiler.lifting.chosen import all_names
from tests.preprocessing.adversarial_texts import texts

ROWS = 400
_COMMON = (b"foo", b"bar", b"baz", b"foo bar", b"Foo, BAR! baz", b"", b"[UNK]")


def main(target: Path, chosen: list[str]) -> None:
    target.write_text(json.dumps({name: _recorded(name) for name in (chosen or all_names())}))


def _recorded(name: str) -> dict[str, Any]:
    try:
        return outcome(name)
    except LightshipError as error:
        return {"engine": "refused", "reasons": [error.message, error.detail]}


def outcome(name: str) -> dict[str, Any]:
    """Compile a case; return engine, reasons, rewrites and differences by output."""
    keras.utils.set_random_seed(1)
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as folder:
        original = _opened(name, Path(work))
        recordings = tuple(record(original, signature, None) for signature in original.signatures)
        choice = compile_best(original, recordings, Path(folder))
        return {
            "engine": choice.engine,
            "reasons": choice.reasons,
            "rewrites": choice.rewrites,
            "independent": recordings[0].signature.independent_rows,
            "differences": _differences(original, choice, Path(folder)) if choice.engine == "litert" else {},
        }


def _opened(name: str, work: Path) -> Original:
    if name in saved_model_cases.CASES:
        saved_model_cases.CASES[name](work / "model")
        return SavedModel().load(work / "model", work, trust=False)
    source = work / "source.keras"
    (work / "loaded").mkdir()
    framework, _, case = name.partition(" ")
    keras_cases.CASES[case](keras if framework == "keras3" else tf_keras).save(source)
    assert KerasFile().check(source, work / "loaded") == ()
    return KerasFile().load(source, work / "loaded", trust=False)


def _differences(original: Original, choice: Choice, folder: Path) -> dict[str, float]:
    """Return the largest difference by output on adversarial texts, in three batches."""
    engine = with_programs(LiteRTEngine(folder / MODEL), choice.preprocessing)
    signature = original.signatures[0]
    everything = {spec.name: _values(spec) for spec in signature.inputs}
    worst: dict[str, float] = {}
    for rows in (slice(0, 1), slice(5, 6), slice(0, ROWS)):
        inputs = {name: array[rows] for name, array in everything.items()}
        try:
            expected = original.run(signature.name, inputs)
        except EngineError:
            continue  # for example an integer without a bucket
        found = engine.run(signature.name, inputs)
        for name, array in expected.items():
            worst[name] = max(worst.get(name, 0.0), _apart(array, found[name]))
    return worst


def _values(spec: TensorSpec) -> Array:
    """Return adversarial texts, or numbers of the range of the cases' vocabularies."""
    shape = (ROWS, *(size or 1 for size in spec.row_shape))
    generator = np.random.default_rng(3)
    if spec.dtype != "string":
        return generator.integers(0, 9, shape).astype(spec.numpy)
    pool = [*_COMMON, *(text for text in texts() if len(text) < 20_000)]
    return fill([pool[index % len(pool)] for index in range(int(np.prod(shape)))]).reshape(shape)


def _apart(expected: Array, found: Array) -> float:
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return float("inf")
    if expected.dtype.kind != "f":
        return float(np.sum(expected != found))
    return float(np.max(np.abs(expected - found), initial=0.0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
