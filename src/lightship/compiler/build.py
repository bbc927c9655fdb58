"""The child's part of a compile, from a model file to a finished bundle in a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.bundle import GOLDEN, Bundle, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.calls import Call
from lightship.compiler import sources, stages
from lightship.compiler.config import Config
from lightship.compiler.conversion.choice import Choice, compile_best
from lightship.compiler.graph import randomness
from lightship.compiler.job import BuildJob
from lightship.compiler.limits import Cost
from lightship.compiler.report import Latency, Report, Sizes
from lightship.compiler.sandbox import Progress
from lightship.compiler.sources.base import Original
from lightship.compiler.sources.time_limited import TimeLimited
from lightship.compiler.sources.trust import trusted_code
from lightship.compiler.verification import latency
from lightship.compiler.verification.recordings import (
    Recording,
    check_original_state,
    check_probabilities,
    golden,
    oddities,
    record,
    restated,
)
from lightship.model import Model
from lightship.tensors import Signature

_UNMEASURED = Cost(0.0, 0)  # the trial measures it, in a process of its own


@dataclass(frozen=True)
class Built:
    """A converted model, and what was found out on the way.

    Attributes:
        trusted: code in the source that ``--trust`` allowed.
        recordings: the original's answers, one recording for each signature.
    """

    job: BuildJob
    config: Config
    original: Original
    trusted: tuple[str, ...]
    recordings: tuple[Recording, ...]
    choice: Choice


def build(record: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Fill a job's folder with a bundle; the result is a report without name, version, digest, cost and sandbox.

    ``record`` is that of a :class:`lightship.compiler.job.BuildJob`.
    """
    job = BuildJob.from_json(record)

    def begin(stage: str) -> None:
        progress(stage, stages.BUILD.index(stage) / len(stages.BUILD))

    with tempfile.TemporaryDirectory() as work:
        config = Config.parse(job.config)
        begin("check")
        importer = sources.find(job.source)
        trusted = trusted_code(job.source, importer.check(job.source, Path(work)), trust=job.trust)
        begin("load")
        original = TimeLimited(importer.load(job.source, Path(work), trust=job.trust), slow=job.slow)
        signatures = config.apply(original.signatures)
        begin("record")
        recorded = _recorded(original, signatures, job.data)
        begin("convert")
        recordings = _exported(original, recorded)
        choice = compile_best(original, recordings, job.folder, engine=job.engine, slow=job.slow)
        built = Built(job, config, original, trusted, recordings, choice)
        begin("write")
        bundle = _write(built)
        begin("measure")
        return _report(built, bundle).to_json()


def _recorded(original: Original, signatures: tuple[Signature, ...], data: Path | None) -> tuple[Recording, ...]:
    recordings = tuple(record(original, signature, data) for signature in signatures)
    for recording in recordings:
        check_probabilities(recording)
    check_original_state(original, recordings)
    return recordings


def _exported(original: Original, recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """Return the recordings with the shapes that the original's export has; raises CompileError where it is wrong."""
    return restated(recordings, original.check_export({each.signature.name: each.batches for each in recordings}))


def _write(built: Built) -> Bundle:
    folder, choice = built.job.folder, built.choice
    write_golden(folder / GOLDEN, golden(built.recordings))
    manifest = Manifest(
        engine=choice.engine,
        signatures=tuple(recording.signature for recording in built.recordings),
        files=digests(folder),
        source=built.original.source,
        parity=_parity(choice),
        metrics=built.config.metrics,
        trusted=built.trusted,
        slow=built.job.slow,
        sandbox=built.job.sandbox,
        stateful=choice.stateful,
        reset=choice.reset,
        rewrites=choice.rewrites,
    )
    return write_manifest(folder, manifest)


def _parity(choice: Choice) -> Mapping[str, Mapping[str, Any]]:
    """Return the agreements by signature and output."""
    parity: dict[str, dict[str, Any]] = {}
    for agreement in choice.agreements:
        parity.setdefault(agreement.signature, {})[agreement.output] = agreement.to_json()
    return parity


def _report(built: Built, bundle: Bundle) -> Report:
    choice, manifest = built.choice, bundle.manifest
    after = sum((bundle.path / name).stat().st_size for name in manifest.files if name != GOLDEN)
    return Report(
        name="",
        version=0,
        digest="",
        engine=choice.engine,
        reasons=choice.reasons,
        signatures=manifest.signatures,
        sizes=Sizes(built.original.size, after),
        parity=tuple(choice.agreements),
        latency=_latency(built, Model.load(bundle)),
        cost=_UNMEASURED,
        warnings=_warnings(built),
        trusted=built.trusted,
        rewrites=choice.rewrites,
    )


def _latency(built: Built, model: Model) -> Latency:
    """Time the smallest recorded call of the first signature, with the original and with the compiled model."""
    first = built.recordings[0]
    smallest, _ = first.batches[0]
    before = {name: latency.p50(call) for name, call in built.original.calls(first.signature.name, smallest).items()}
    fastest = min(before, key=before.__getitem__)
    after = latency.p50(lambda: model.predict(Call(inputs=smallest)))
    return Latency(fastest, before.pop(fastest), after, before)


def _warnings(built: Built) -> tuple[str, ...]:
    odd = (text for recording in built.recordings for text in oddities(recording))
    return (*built.original.notes, *state_warnings(built.original, built.choice), *odd)


def state_warnings(original: Original, choice: Choice) -> list[str]:
    """Sentences about what calls change, and about random numbers in outputs."""
    found = []
    if choice.stateful:
        found.append(
            "a call changes variables of the model: every call is answered from their initial values, and never in a "
            "batch with others or from the response cache"
        )
    return found + randomness.warnings(original.random_operators, stateful=choice.stateful)
