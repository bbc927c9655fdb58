"""One compile, from a model file to a finished bundle in a folder. Runs in the sandboxed child."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lightship.bundle import GOLDEN, MODEL, SAVED_MODEL, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.calls import Call
from lightship.compiler import limits, litert, randomness, sources, stages
from lightship.compiler.config import Config
from lightship.compiler.pruning import pruned
from lightship.compiler.rewrites import Rewritten, required, rewrite
from lightship.compiler.sources.base import Original
from lightship.compiler.verification import latency
from lightship.compiler.verification.parity import Agreement
from lightship.compiler.verification.recordings import (
    Recording,
    agree,
    check_engine_state,
    check_original_state,
    check_probabilities,
    golden,
    oddities,
    record,
    replayed,
    restated,
)
from lightship.engines.base import Engine
from lightship.errors import CompileError, EngineError, ParityError, SourceRefused
from lightship.inputs import kind_of
from lightship.model import Model
from lightship.tensors import Array, Signature


@dataclass(frozen=True)
class Compiled:
    """What won: the engine, why not LiteRT where it is not LiteRT, and how well it agrees with the original.

    ``stateful`` and ``reset`` are the manifest's. ``rewrites`` says what was changed in the graph for LiteRT.
    """

    engine: str
    reasons: tuple[str, ...]
    agreements: list[Agreement]
    stateful: bool
    reset: str = ""
    rewrites: tuple[str, ...] = ()


class Bounded:
    """An original whose calls end: one that takes longer than ``seconds`` ends the process (None: no limit)."""

    def __init__(self, original: Original, seconds: float | None) -> None:
        self._original = original
        self._seconds = seconds
        self.source: Mapping[str, str] = original.source
        self.size = original.size
        self.signatures: tuple[Signature, ...] = original.signatures
        self.subject = original.subject
        self.notes = original.notes
        self.stateful = original.stateful
        self.random_operators = original.random_operators
        self.reset = original.reset
        self.hints = original.hints
        self.calls = original.calls
        self.check_export = original.check_export
        self.candidates = original.candidates
        self.saved_model = original.saved_model

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See :class:`lightship.compiler.sources.base.Original`."""
        with limits.deadline(self._seconds):
            return self._original.run(signature, inputs)


def build(job: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Fill ``job["folder"]`` with a bundle; the result is what :class:`lightship.compiler.report.Report` is made of."""
    path, folder = Path(job["source"]), Path(job["folder"])
    data = Path(job["data"]) if job["data"] else None
    slow = bool(job["slow"])
    config = Config.parse(job["config"])

    def begin(stage: str) -> None:
        progress(stage, stages.BUILD.index(stage) / len(stages.BUILD))

    with tempfile.TemporaryDirectory() as work:
        begin("check")
        importer = sources.find(path)
        trusted = trusted_code(path, importer.check(path, Path(work)), trust=job["trust"])
        begin("load")
        original = Bounded(importer.load(path, Path(work), trust=job["trust"]), None if slow else limits.CALL_SECONDS)
        signatures = config.apply(original.signatures)
        begin("record")
        recordings = tuple(record(original, signature, data) for signature in signatures)
        for recording in recordings:
            check_probabilities(recording)
        check_original_state(original, recordings)
        begin("convert")
        recordings = restated(
            recordings, original.check_export({each.signature.name: each.batches for each in recordings})
        )
        compiled = compile_best(original, recordings, folder, job["engine"], slow=slow)
        begin("write")
        _write(
            folder,
            original.source,
            compiled,
            recordings,
            metrics=config.metrics,
            trusted=trusted,
            sandbox=str(job["sandbox"]),
            slow=slow,
        )
        begin("measure")
        return _result(folder, original, compiled, recordings, trusted)


def trusted_code(path: Path, code: tuple[str, ...], *, trust: bool) -> tuple[str, ...]:
    """Return the code that ``--trust`` allowed; raises SourceRefused that names it where it is not."""
    if code and not trust:
        named = [f"{phrase:.400}" for phrase in code[:8]] + [f"{len(code) - 8} more"] * (len(code) > 8)
        raise SourceRefused(
            f"{path.name} is refused: it holds {'; '.join(named)}. This can reach out of the model or run code; "
            "nothing of it was run. If you trust the person who made the file, compile it with --trust"
        )
    return code


def compile_best(
    original: Original, recordings: tuple[Recording, ...], folder: Path, wanted: str | None, *, slow: bool = False
) -> Compiled:
    """LiteRT where it can run the graph, otherwise TensorFlow; raises CompileError or ParityError."""
    reasons = _beyond_litert(recordings)
    if wanted != "tensorflow" and not reasons:
        for attempt in _attempts(original, recordings):
            try:
                return _compile_litert(original, attempt, recordings, folder, slow=slow)
            except litert.Unconvertible as error:
                reasons = error.reasons
            except ParityError as error:
                reasons = (error.message,)
            (folder / MODEL).unlink(missing_ok=True)
    if wanted == "litert":
        raise CompileError(f"LiteRT cannot run this model because of: {', '.join(reasons)}")
    if not original.saved_model(folder / SAVED_MODEL):
        raise CompileError(f"only LiteRT can run this model, and it cannot: {', '.join(reasons) or 'not wanted'}")
    from lightship.engines.tensorflow import TensorFlowEngine

    engine = TensorFlowEngine(folder / SAVED_MODEL)
    return Compiled("tensorflow", reasons, _agree_all(engine, recordings, slow=slow), engine.stateful)


def _attempts(original: Original, recordings: tuple[Recording, ...]) -> Iterator[Rewritten]:
    """Return what LiteRT's converter may try: each candidate as it is, then rewritten; or rewritten at once."""
    signatures = [recording.signature.name for recording in recordings]
    for candidate in original.candidates():
        if not candidate.is_dir() or original.stateful:
            yield Rewritten(candidate, ())
            continue
        with tempfile.TemporaryDirectory() as work:
            needed = pruned(candidate, Path(work, "pruned"), signatures)
            rewritten_first = required(needed)
            if not rewritten_first:
                yield Rewritten(needed, ())
            rewritten = rewrite(needed, Path(work, "rewritten"), signatures)
            if rewritten or rewritten_first:
                yield rewritten or Rewritten(needed, ())


def _beyond_litert(recordings: tuple[Recording, ...]) -> tuple[str, ...]:
    """What the converter need not be asked about: of graphs that parse examples it blames whatever it meets first."""
    specs = (spec for recording in recordings for spec in recording.signature.inputs)
    return tuple(dict.fromkeys(what for spec in specs for what in kind_of(spec).beyond_litert))


def _compile_litert(
    original: Original, attempt: Rewritten, recordings: tuple[Recording, ...], folder: Path, *, slow: bool
) -> Compiled:
    names = [recording.signature.name for recording in recordings]
    engine = litert.convert(attempt.folder, names, folder / MODEL, stateful=original.stateful, reset=original.reset)
    try:
        if attempt.precision:
            _check_recast(engine, attempt.folder, recordings, slow=slow)
        agreements = _agree_all(engine, recordings, slow=slow, precision=attempt.precision)
        return Compiled("litert", (), agreements, engine.stateful, original.reset, attempt.applied)
    except EngineError as error:
        raise litert.Unconvertible(litert.operators(error.detail) or [error.message]) from None
    except KeyError as error:
        raise litert.Unconvertible([f"the converted model lacks {error}"]) from None


def _check_recast(engine: Engine, folder: Path, recordings: tuple[Recording, ...], *, slow: bool) -> None:
    """Compare with a SavedModel that computes in float32, to float32's precision; raises ParityError."""
    from lightship.engines.tensorflow import TensorFlowEngine

    with limits.deadline(None if slow else limits.CALL_SECONDS * len(recordings)):
        recast = replayed(TensorFlowEngine(folder), recordings)
    _agree_all(engine, recast, slow=slow, precision="float32")


def _agree_all(
    engine: Engine, recordings: tuple[Recording, ...], *, slow: bool, precision: str = ""
) -> list[Agreement]:
    agreements = []
    for recording in recordings:
        with limits.deadline(None if slow else limits.CALL_SECONDS * (len(recording.batches) + 1)):
            agreements += agree(engine, recording, precision=precision)
    with limits.deadline(None if slow else limits.CALL_SECONDS * 4 * len(recordings)):
        check_engine_state(engine, recordings, precision=precision)
    return agreements


def _write(
    folder: Path,
    source: Mapping[str, str],
    compiled: Compiled,
    recordings: tuple[Recording, ...],
    *,
    metrics: Mapping[str, float],
    trusted: tuple[str, ...],
    slow: bool,
    sandbox: str,
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
        slow=slow,
        sandbox=sandbox,
        stateful=compiled.stateful,
        reset=compiled.reset,
        rewrites=compiled.rewrites,
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
    first = recordings[0]
    smallest, _ = first.batches[0]
    before = {name: latency.p50(call) for name, call in original.calls(first.signature.name, smallest).items()}
    fastest = min(before, key=before.__getitem__)
    after = latency.p50(lambda: model.predict(Call(inputs=smallest)))
    files = [folder / name for name in model.manifest.files if name != GOLDEN]
    return {
        "engine": compiled.engine,
        "reasons": list(compiled.reasons),
        "signatures": [recording.signature.to_json() for recording in recordings],
        "sizes": {"before": original.size, "after": sum(file.stat().st_size for file in files)},
        "parity": [asdict(agreement) for agreement in compiled.agreements],
        "latency": {
            "subject": fastest,
            "before": before.pop(fastest),
            "after": after,
            "others": before,
        },
        "rewrites": list(compiled.rewrites),
        "warnings": [
            *original.notes,
            *state_warnings(original, compiled),
            *(text for recording in recordings for text in oddities(recording)),
        ],
        "trusted": list(trusted),
    }


def state_warnings(original: Original, compiled: Compiled) -> list[str]:
    """Sentences about what calls change, and about random numbers in outputs."""
    found = []
    if compiled.stateful:
        found.append(
            "a call changes variables of the model: every call is answered from their initial values, and never in a "
            "batch with others or from the response cache"
        )
    return found + randomness.warnings(original.random_operators, stateful=compiled.stateful)
