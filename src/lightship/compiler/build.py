"""Build step, run in the child process: from a model file to a bundle folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lightship import engines
from lightship.bundle import EXACT, EXPLAIN, GOLDEN, Bundle, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.calls import Call
from lightship.compiler import reporting, sources, stages
from lightship.compiler.compression.measuring import recordings as compression
from lightship.compiler.compression.measuring.target_rows import check_targets
from lightship.compiler.conversion.choice import Choice, compile_best
from lightship.compiler.declarations.config import Config
from lightship.compiler.declarations.named_items import check_counts, write_names
from lightship.compiler.declarations.tokenized import tokenized
from lightship.compiler.declarations.transformed import Transformed, load_declared, transformed
from lightship.compiler.graph import randomness
from lightship.compiler.job import BuildJob
from lightship.compiler.limits import Cost
from lightship.compiler.report import Latency, Report, Sizes
from lightship.compiler.sandbox import Progress
from lightship.compiler.sources.base import Compiled, Original, Reference
from lightship.compiler.sources.time_limited import TimeLimited
from lightship.compiler.sources.trust import trusted_code
from lightship.compiler.verification import latency
from lightship.compiler.verification.parity import Agreement
from lightship.compiler.verification.recordings import (
    Recording,
    check_indices,
    check_original_state,
    check_probabilities,
    golden,
    output_warnings,
    record,
    with_shapes,
)
from lightship.explain.compiled import TRANSFORMED, Gradient
from lightship.explain.features.baseline import write_baseline
from lightship.model import Model
from lightship.preprocessing import write_programs
from lightship.tensors import Signature
from lightship.transforms import Transform

_UNMEASURED = Cost(0.0, 0)  # the trial measures the cost in a separate process


@dataclass(frozen=True)
class Loaded:
    """An original model with the inputs that model.yaml gives it.

    Attributes:
        config: the rest of model.yaml.
        transform: the user's code before and after the model; None without.
        trusted: code in the source that ``--trust`` allowed.
    """

    job: BuildJob
    config: Config
    transform: Transform | None
    original: TimeLimited
    trusted: tuple[str, ...]

    @property
    def compiled(self) -> Compiled | None:
        """Return the model where its framework has a loss and metrics for it.

        None with a transform, because clients send other inputs.
        """
        found = self.original.original
        return found if isinstance(found, Compiled) and self.transform is None else None


@dataclass(frozen=True)
class Recorded:
    """Recorded outputs of the original, one recording for each signature.

    Attributes:
        client: what clients send and get.
        own: inputs and outputs of the model itself; the same without a transform.
        reference: the original behind a transform; None without one.
    """

    client: tuple[Recording, ...]
    own: tuple[Recording, ...]
    reference: Transformed | None = None

    def with_export_shapes(self, original: Original, config: Config) -> Recorded:
        """Return the recordings with the shapes of the original's exported graph.

        Raises CompileError where the export computes other values than the original.
        """
        batches = {each.signature.name: each.batches for each in self.own}
        own = with_shapes(self.own, original.check_export(batches))
        if self.reference is None:
            return Recorded(own, own)
        reference = self.reference.reshaped(config, own)
        return Recorded(reference.with_signatures(self.client), own, reference)


@dataclass(frozen=True)
class Built:
    """A converted model."""

    loaded: Loaded
    recorded: Recorded
    choice: Choice


class Written(NamedTuple):
    """Finished bundle.

    Attributes:
        bundle: the bundle.
        agreements: comparison of each output that clients see with the original's.
        model: the model itself, without a transform.
    """

    bundle: Bundle
    agreements: list[Agreement]
    model: Model


def build(record: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write a bundle to the job's folder and return a partial report as JSON.

    ``record`` is the JSON of a :class:`lightship.compiler.job.BuildJob`. The report lacks name, version, digest, cost
    and sandbox, which the caller adds; beside it are the ``compiled_metrics`` for the report step.
    """
    job = BuildJob.from_json(record)

    def begin(stage: str) -> None:
        progress(stage, stages.BUILD.index(stage) / len(stages.BUILD))

    with tempfile.TemporaryDirectory() as work:
        loaded = _load(job, Path(work), begin)
        original = loaded.original
        begin("record")
        recorded = _record(loaded)
        metric = job.budget.metric if job.budget else None
        if job.data and (metric or job.target is not None):
            check_targets(recorded.client[0], job.data, target=job.target, metric=metric)
        begin("convert")
        recorded = recorded.with_export_shapes(original, loaded.config)
        choice = compile_best(original, recorded.own, job.folder, engine=job.engine, slow=job.slow)
        if job.scratch and choice.engine == "litert":
            compression.write(job.scratch, recorded.client, recorded.own, choice.preprocessing)
        begin("write")
        built = Built(loaded, recorded, choice)
        written = _write(built)
        if job.data is not None:
            begin("evaluate")
        compiled = reporting.compiled_metrics(written.bundle, job, loaded.compiled)
        begin("measure")
        return _report(built, written).to_json() | {"compiled_metrics": dict(compiled)}


def _load(job: BuildJob, work: Path, begin: Callable[[str], None]) -> Loaded:
    """Check and load the model file, and apply what model.yaml says of its inputs."""
    config = Config.parse(job.config, job.files)
    transform = load_declared(config, job.transforms)
    begin("check")
    importer = sources.find(job.source)
    trusted = trusted_code(job.source, importer.check(job.source, work), trust=job.trust)
    begin("load")
    original, config = tokenized(importer.load(job.source, work, trust=job.trust), config, job.files)
    return Loaded(job, config, transform, TimeLimited(original, slow=job.slow), trusted)


def _record(loaded: Loaded) -> Recorded:
    """Record the original's outputs, behind the transform where there is one."""
    job, config, original = loaded.job, loaded.config, loaded.original
    if loaded.transform is None:
        signatures = config.apply(original.signatures)
        for signature in signatures:
            check_counts(signature, original.hints(signature))
        recordings = _record_all(original, signatures, job)
        return Recorded(recordings, recordings)
    reference = transformed(config, original, loaded.transform, seconds=job.transforms.seconds)
    client = _record_all(reference, reference.client, job)
    return Recorded(client, reference.recordings_of_model(client), reference)


def _record_all(original: Reference, signatures: tuple[Signature, ...], job: BuildJob) -> tuple[Recording, ...]:
    recordings = tuple(
        record(original, signature, job.data, target=job.target, skip_bad=job.skip_bad) for signature in signatures
    )
    for recording in recordings:
        check_probabilities(recording)
        check_indices(recording)
    check_original_state(original, recordings)
    return recordings


def _write(built: Built) -> Written:
    loaded, choice = built.loaded, built.choice
    folder = loaded.job.folder
    write_golden(folder / GOLDEN, golden(built.recorded.client))
    if loaded.job.data:
        write_baseline(folder, {each.signature: each.batches[-1][0] for each in built.recorded.client})
    write_names(folder, [recording.signature for recording in built.recorded.client])
    preprocessing = write_programs(folder, choice.preprocessing)
    manifest = Manifest(
        engine=choice.engine,
        signatures=tuple(recording.signature for recording in built.recorded.own),
        files=digests(folder),
        source=loaded.original.source,
        parity=_parity(choice.agreements),
        metrics=loaded.config.metrics,
        trusted=loaded.trusted,
        slow=loaded.job.slow,
        sandbox=loaded.job.sandbox,
        stateful=choice.stateful,
        reset=choice.reset,
        rewrites=choice.rewrites,
        preprocessing=preprocessing,
        explain=choice.gradient.to_json(),
        card=loaded.config.card,
    )
    bundle = write_manifest(folder, manifest)
    written = Written(bundle, choice.agreements, Model.load(bundle))
    reference = built.recorded.reference
    return _with_transform(built, reference, written) if reference else written


def _with_transform(built: Built, reference: Transformed, written: Written) -> Written:
    """Write the manifest again, with the transform and what clients see."""
    agreements = reference.compare(engines.load(written.bundle), built.recorded.client, built.choice.agreements)
    for name in (EXACT, EXPLAIN):
        (written.bundle.path / name).unlink(missing_ok=True)
    manifest = written.bundle.manifest._replace(
        signatures=reference.client,
        files=digests(written.bundle.path),
        parity=_parity(agreements),
        transform=reference.used,
        explain=Gradient(TRANSFORMED).to_json(),
    )
    return written._replace(bundle=write_manifest(written.bundle.path, manifest), agreements=agreements)


def _parity(agreements: list[Agreement]) -> Mapping[str, Mapping[str, Any]]:
    """Return the agreements as JSON, by signature and output."""
    parity: dict[str, dict[str, Any]] = {}
    for agreement in agreements:
        parity.setdefault(agreement.signature, {})[agreement.output] = agreement.to_json()
    return parity


def _report(built: Built, written: Written) -> Report:
    choice, bundle = built.choice, written.bundle
    manifest = bundle.manifest
    return Report(
        name="",
        version=0,
        digest="",
        engine=choice.engine,
        reasons=choice.reasons,
        signatures=manifest.signatures,
        sizes=Sizes(built.loaded.original.size, bundle.size),
        parity=tuple(written.agreements),
        latency=_latency(built, written.model),
        cost=_UNMEASURED,
        warnings=_warnings(built),
        trusted=built.loaded.trusted,
        rewrites=choice.rewrites,
    )


def _latency(built: Built, model: Model) -> Latency:
    """Time the smallest recorded call of the first signature on both models.

    A user's transform is not included.
    """
    first = built.recorded.own[0]
    smallest, _ = first.batches[0]
    slow = built.loaded.job.slow
    calls = built.loaded.original.calls(first.signature.name, smallest)
    before = {name: latency.p50(call, slow=slow) for name, call in calls.items()}
    fastest = min(before, key=before.__getitem__)
    after = latency.p50(lambda: model.predict(Call(inputs=smallest)), slow=slow)
    return Latency(fastest, before.pop(fastest), after, before)


def _warnings(built: Built) -> tuple[str, ...]:
    outputs = (text for recording in built.recorded.client for text in output_warnings(recording))
    original = built.loaded.original
    return (*original.notes, *state_warnings(original, built.choice), *outputs)


def state_warnings(original: Original, choice: Choice) -> list[str]:
    """Return warnings about state that calls change and about random outputs."""
    found = []
    if choice.stateful:
        found.append(
            "a call changes variables of the model: they are reset to their initial values before every call, and "
            "requests are neither batched nor answered from the response cache"
        )
    return found + randomness.warnings(original.random_operators, stateful=choice.stateful)
