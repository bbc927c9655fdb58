"""Fuzz test: verify, compile, try and serve mutants of the example models.

Nothing hangs or crashes outside the child, and no published model crashes when it is served. The suite uses the same
1,000 mutants of each model in every run; ``make fuzz-models`` uses new ones for ``MODEL_FUZZ_SECONDS``. A mutant is
identified by seed and number: ``Mutator(data, seed).mutant(number)``.
"""

from __future__ import annotations

import os
import random

import pytest

from lightship.compiler import sandbox
from tests.compiler.conftest import ROOT
from tests.emulator import EXAMPLES

MODELS = {name: EXAMPLES / name / "1" / "model.tflite" for name in ("quickstart", "digits")}
SECONDS = float(os.environ.get("MODEL_FUZZ_SECONDS", "0"))
MUTANTS = 10**9 if SECONDS else 1000
SEED = random.SystemRandom().randrange(10**6) if SECONDS else 20


@pytest.mark.parametrize("name", MODELS)
def test_compile_mutants_publishes_no_crashing_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    seconds = SECONDS / len(MODELS) or 1800.0
    job = {"source": str(MODELS[name]), "seed": SEED, "first": 0, "count": MUTANTS, "seconds": seconds}
    bounds = sandbox.Limits(cpu_seconds=int(seconds) + 600, wall_seconds=seconds + 600)
    task = sandbox.Task("tests.compiler.mutation_run", job, reads=[MODELS[name]])
    tally = sandbox.run(task, sandbox.Confinement(limits=bounds)).result
    total = sum(tally["outcomes"].values())
    print(f"\n{name}, seed {SEED}: {total} mutants: {tally['outcomes']}")
    print(f"verified in {tally['verify_seconds'] / total * 1e3:.1f} ms each, at most {tally['slowest_verify']:.3f} s")
    assert not tally["broken"], f"seed {SEED}"
    assert SECONDS or total == MUTANTS
    assert {"rejected by the verifier", "published"} <= tally["outcomes"].keys()
    assert tally["slowest_verify"] < 5.0
