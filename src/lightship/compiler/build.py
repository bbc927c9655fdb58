"""One compile, from a model file to a finished bundle in a folder. Runs in the sandboxed child."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lightship.bundle import GOLDEN, MODEL, SAVED_MODEL, Manifest, digests, write_manifest
from lightship.calls import Call
from lightship.compiler import importers, latency, litert
from lightship.compiler.config import Config
from lightship.compiler.importers.base import Original
from lightship.compiler.parity import Agreement
from lightship.compiler.recordings import Recording, agree, check_probabilities, golden, oddities, record
from lightship.compiler.samples import take
from lightship.engines.base import Engine
from lightship.errors import CompileError, EngineError, SourceRefused
from lightship.golden import write_golden
from lightship.model import Model

STAGES = ("check", "load", "record", "convert", "write", "measure")


@dataclass(frozen=True)
class Compiled:
    """What won: the engine, why not LiteRT where it is not LiteRT, and how well it agrees with the original."""

    engine: str
    reasons: tuple[str, ...]
    agreements: list[Agreement]


def build(job: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Fill ``job["folder"]`` with a bundle; the result is what :class:`lightship.compiler.report.Report` is made of."""
    path, folder = Path(job["source"]), Path(job["folder"])
    data = Path(job["data"]) if job["data"] else None
    config = Config.parse(job["config"])

    def begin(stage: str) -> None:
        progress(stage, STAGES.index(stage) / len(STAGES))

    with tempfile.TemporaryDirectory() as work:
        begin("check")
        importer = importers.find(path)
        trusted = _trusted(path, importer.check(path, Path(work)), trust=job["trust"])
        begin("load")
        original = importer.load(path, Path(work), trust=job["trust"])
        signatures = config.apply(original.signatures)
        begin("record")
        recordings = tuple(record(original, signature, data) for signature in signatures)
        for recording in recordings:
            check_probabilities(recording)
        begin("convert")
        compiled = compile_best(original, recordings, folder, job["engine"])
        begin("write")
        _write(folder, original.source, compiled, recordings, metrics=config.metrics, trusted=trusted)
        begin("measure")
        return _result(folder, original, compiled, recordings, trusted)


def _trusted(path: Path, code: tuple[str, ...], *, trust: bool) -> tuple[str, ...]:
    """Return what of the file is trusted; raises SourceRefused that names it where it is not."""
    if code and not trust:
        named = [f"{phrase:.400}" for phrase in code[:8]] + [f"{len(code) - 8} more"] * (len(code) > 8)
        raise SourceRefused(
            f"{path.name} is refused: it holds {'; '.join(named)}. This can reach out of the model or run code; "
            "nothing of it was run. If you trust the person who made the file, compile it with --trust"
        )
    return code


def compile_best(original: Original, recordings: tuple[Recording, ...], folder: Path, wanted: str | None) -> Compiled:
    """LiteRT where it can run the graph, otherwise TensorFlow; raises CompileError or ParityError."""
    reasons = _beyond_litert(recordings)
    if wanted != "tensorflow" and not reasons:
        for candidate in original.candidates():
            try:
                return Compiled("litert", (), _compile_litert(candidate, recordings, folder))
            except litert.Unconvertible as error:
                reasons = reasons or error.reasons
                (folder / MODEL).unlink(missing_ok=True)
    if wanted == "litert":
        raise CompileError(f"LiteRT cannot run this model because of: {', '.join(reasons)}")
    if not original.saved_model(folder / SAVED_MODEL):
        raise CompileError(f"only LiteRT can run this model, and it cannot: {', '.join(reasons) or 'not wanted'}")
    from lightship.engines.tensorflow import TensorFlowEngine

    engine = TensorFlowEngine(folder / SAVED_MODEL)
    return Compiled("tensorflow", reasons, _agree_all(engine, recordings))


def _beyond_litert(recordings: tuple[Recording, ...]) -> tuple[str, ...]:
    """What the converter need not be asked about: of graphs that parse examples it blames whatever it meets first."""
    kinds = [spec.kind or {} for recording in recordings for spec in recording.signature.inputs]
    return ("parsing of tf.Example",) if any(kind.get("type") == "example" for kind in kinds) else ()


def _compile_litert(candidate: Path, recordings: tuple[Recording, ...], folder: Path) -> list[Agreement]:
    engine = litert.convert(candidate, [recording.signature.name for recording in recordings], folder / MODEL)
    try:
        return _agree_all(engine, recordings)
    except EngineError as error:
        raise litert.Unconvertible(litert.operators(error.message) or [error.message]) from None
    except KeyError as error:
        raise litert.Unconvertible([f"the converted model lacks {error}"]) from None


def _agree_all(engine: Engine, recordings: tuple[Recording, ...]) -> list[Agreement]:
    return [agreement for recording in recordings for agreement in agree(engine, recording)]


def _write(
    folder: Path,
    source: Mapping[str, str],
    compiled: Compiled,
    recordings: tuple[Recording, ...],
    *,
    metrics: Mapping[str, float],
    trusted: tuple[str, ...],
) -> None:
    write_golden(folder / GOLDEN, golden(recordings))
    parity: dict[str, dict[str, Any]] = {}
    for agreement in compiled.agreements:
        parity.setdefault(agreement.signature, {})[agreement.output] = agreement.to_json()
    manifest = Manifest(
        engine=compiled.engine,
        signatures=tuple(recording.signature for recording in recordings),
        files=digests(folder),
        source=source,
        parity=parity,
        metrics=metrics,
        trusted=trusted,
    )
    write_manifest(folder, manifest)


def _result(
    folder: Path,
    original: Original,
    compiled: Compiled,
    recordings: tuple[Recording, ...],
    trusted: tuple[str, ...],
) -> dict[str, Any]:
    model = Model.open(folder)
    _check_golden(model, recordings)
    first = recordings[0]
    row = take(first.batches[0][0], first.signature, 1)
    before = latency.p50(lambda: original.run(first.signature.name, row))
    after = latency.p50(lambda: model.predict(Call(inputs=row)))
    files = [folder / name for name in model.manifest.files if name != GOLDEN]
    return {
        "engine": compiled.engine,
        "reasons": list(compiled.reasons),
        "signatures": [recording.signature.to_json() for recording in recordings],
        "sizes": {"before": original.size, "after": sum(file.stat().st_size for file in files)},
        "parity": [asdict(agreement) for agreement in compiled.agreements],
        "latency": {"subject": original.subject, "before": before, "after": after},
        "warnings": [sentence for recording in recordings for sentence in oddities(recording)],
        "trusted": list(trusted),
    }


def _check_golden(model: Model, recordings: tuple[Recording, ...]) -> None:
    """The bundle as its readers will see it: every golden example, validated and answered."""
    from lightship.compiler.parity import compare

    for recording in recordings:
        name = recording.signature.name
        inputs, expected = model.golden(name)
        outputs = model.predict(Call(inputs=inputs, signature=name)).outputs
        for output, array in expected.items():
            compare(name, output, array, outputs[output])
