"""Child process: latencies of all candidates, the choice, and the bundle with it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from lightship.bundle import MODEL, Bundle, digests, write_manifest
from lightship.calls import Call
from lightship.compiler import limits
from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.choice import choose
from lightship.compiler.compression.figures import BATCHES, batch
from lightship.compiler.compression.measuring.race import MOST_CALLS, latencies
from lightship.compiler.compression.quantizing.recipes import FP32
from lightship.compiler.compression.table import Candidate, Compression
from lightship.compiler.sandbox import Progress
from lightship.compiler.verification.parity import coarse
from lightship.model import Model
from lightship.settings import TransformSettings

Agreements = Sequence[Mapping[str, Any]]


def build(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write the chosen model and the choice to the bundle in ``job["folder"]``.

    ``job["candidates"]`` are their figures, ``job["agreements"]`` their differences by name. Returns a
    :class:`lightship.compiler.compression.table.Compression` as a dictionary.
    """
    folder, budget = Path(job["folder"]), Budget.from_json(job["budget"])
    transforms = TransformSettings.from_json(job["transforms"])
    candidates = [Candidate.from_json(record) for record in job["candidates"]]
    folders = {each.name: folder if each.name == FP32 else Path(job["scratch"], each.name) for each in candidates}
    models = {
        each.name: Model.load(Bundle.reopen(folders[each.name]), transforms=transforms)
        for each in candidates
        if not each.error
    }
    timed = _timed(candidates, models, slow=job["slow"])
    chosen, reason = choose(timed, budget.prefer)
    result = Compression(str(budget), chosen, reason, tuple(timed))
    _write(folder, folders[chosen], result, budget, job["agreements"][chosen])
    return asdict(result)


def _timed(candidates: Sequence[Candidate], models: Mapping[str, Model], *, slow: bool) -> list[Candidate]:
    """Return the candidates with their latencies."""
    batched = any(spec.batched for spec in next(iter(models.values())).manifest.signatures[0].inputs)
    seconds: dict[int, dict[str, float]] = {}
    for rows in BATCHES if batched else BATCHES[:1]:
        calls = {name: partial(model.predict, Call(inputs=batch(model, rows))) for name, model in models.items()}
        with limits.calls(MOST_CALLS * len(calls), slow=slow):
            seconds[rows] = latencies(calls)
    one, many = (seconds.get(rows, {}) for rows in BATCHES)
    return [replace(each, p50_1=one.get(each.name), p50_32=many.get(each.name)) for each in candidates]


def _write(folder: Path, variant: Path, result: Compression, budget: Budget, agreements: Agreements) -> None:
    """Write the manifest with the choice, and the chosen model unless it is fp32's."""
    manifest = Bundle.reopen(folder).manifest
    parity = manifest.parity
    if variant != folder:
        (folder / MODEL).unlink()  # not overwritten: the interpreter of fp32 maps it
        shutil.copyfile(variant / MODEL, folder / MODEL)
        parity = _parity(parity, budget, agreements)
    layers = result.candidate(result.chosen).float_layers
    record = {"budget": budget.to_json(), "chosen": result.chosen, "reason": result.reason}
    record |= {"float_layers": list(layers)} if layers else {}
    write_manifest(folder, manifest._replace(files=digests(folder), parity=parity, compression=record))


def _parity(exact: Mapping[str, Any], budget: Budget, agreements: Agreements) -> dict[str, dict[str, Any]]:
    """Return the manifest's parity of a variant.

    The absolute tolerance is the budget's largest error, otherwise twice the largest difference seen.
    """
    parity: dict[str, dict[str, Any]] = {}
    for each in agreements:
        signature, output = each["signature"], each["output"]
        own = exact[signature][output]
        seen = coarse(2 * each["max_abs"]) if budget.max_error is None else budget.max_error
        figures = {"rows": each["rows"], "max_abs": each["max_abs"], "max_rel": each["max_rel"]}
        parity.setdefault(signature, {})[output] = {**own, **figures, "atol": max(own["atol"], seen)}
    return parity
