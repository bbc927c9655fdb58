"""Models that LiteRT's converter needs rewritten, by case name.

``python -m tests.compiler.rewrites.cases FILE`` compiles all of them and writes the results as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from lightship.compiler.build import state_warnings
from lightship.compiler.conversion.choice import Choice, compile_best
from lightship.compiler.sources.base import Original
from lightship.compiler.sources.keras.files.keras import KerasFile
from lightship.compiler.sources.saved_model import SavedModel
from lightship.compiler.verification.recordings import record
from tests.compiler.rewrites import (
    operator_cases,
    precision_cases,
    quantised_cases,
    saturation_cases,
    seed_cases,
    slicing_cases,
)

Case = Callable[[Path], Any]
CASES: Mapping[str, Case] = {
    **precision_cases.CASES,
    **operator_cases.CASES,
    **quantised_cases.CASES,
    **slicing_cases.CASES,
    **saturation_cases.CASES,
    **seed_cases.CASES,
}


def main(target: Path) -> None:
    target.write_text(json.dumps({name: outcome(case) for name, case in CASES.items()}))


def outcome(case: Case) -> dict[str, Any]:
    """Compile the model that a case returns: a Keras model or a SavedModel folder."""
    keras.utils.set_random_seed(1)
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as folder:
        original = opened(case(Path(work) / "model"), Path(work))
        recordings = tuple(record(original, signature, None) for signature in original.signatures)
        return described(original, compile_best(original, recordings, Path(folder)))


def opened(model: Any, work: Path) -> Original:
    if isinstance(model, Path):
        return SavedModel().load(model, work, trust=False)
    model.save(work / "model.keras")
    return KerasFile().load(work / "model.keras", work, trust=False)


def described(original: Original, compiled: Choice) -> dict[str, Any]:
    return {
        "engine": compiled.engine,
        "stateful": compiled.stateful,
        "warnings": state_warnings(original, compiled),
        "rewrites": compiled.rewrites,
        "reasons": compiled.reasons,
        "rtol": max(agreement.rtol for agreement in compiled.agreements),
        "max_abs": max(agreement.max_abs for agreement in compiled.agreements),
        "atol": max(agreement.atol for agreement in compiled.agreements),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
