"""Child process: figures of one candidate."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import MODEL
from lightship.calls import Call
from lightship.compiler import limits
from lightship.compiler.compression.measuring.judge import Judge
from lightship.compiler.sandbox import Progress
from lightship.compiler.verification import trial
from lightship.model import Model
from lightship.settings import TransformSettings
from lightship.tensors import Array

BATCHES = (1, 32)


def build(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the figures of the bundle in ``job["variant"]``, without times.

    They are those of a :class:`lightship.compiler.compression.table.Candidate`, with ``agreements``, and ``values`` and
    ``excluded``, the metric's replicates and the rows that it excludes. ``job["reference"]`` and ``job["excluded"]``
    are those of fp32; empty and None where it is fp32. Raises ParityError or EngineError where the candidate cannot be
    used; a crash ends the process.
    """
    folder, slow = Path(job["variant"]), bool(job["slow"])
    with limits.calls(1, slow=slow):
        model, cost = trial.measure(folder, TransformSettings.from_json(job["transforms"]))
    judge = Judge.of(job, model.manifest.signatures[0])
    with limits.calls(2 + (len(judge.rows.targets) // 256 if judge.rows else 0), slow=slow):
        verdict = judge.verdict(model)
    for rows in BATCHES:
        with limits.calls(1, slow=slow):
            model.predict(Call(inputs=batch(model, rows)))
    reference = job["reference"] or verdict.values
    data = (folder / MODEL).read_bytes()
    return {
        "bytes": len(data),
        "transfer_bytes": len(gzip.compress(data, mtime=0)),
        "largest_difference": verdict.largest_difference,
        "metric": judge.budget.metric,
        **verdict.change(reference),
        "within": verdict.keeps(judge.budget, reference),
        "peak_bytes": cost.bytes,
        "agreements": [asdict(agreement) | {"atol": 0.0} for agreement in verdict.agreements],
        "values": list(verdict.values),
        "excluded": list(verdict.excluded),
    }


def batch(model: Model, rows: int) -> dict[str, Array]:
    """Return recorded inputs of the first signature, repeated or cut to so many rows."""
    signature = model.manifest.signatures[0]
    inputs, _ = model.golden(signature.name)
    return {
        spec.name: np.resize(inputs[spec.name], (rows, *inputs[spec.name].shape[1:]))
        if spec.batched
        else inputs[spec.name]
        for spec in signature.inputs
    }
