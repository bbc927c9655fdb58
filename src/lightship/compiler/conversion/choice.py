"""Choice of the engine.

LiteRT where it can run the graph and agrees with the original, otherwise TensorFlow.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lightship.bundle import MODEL, SAVED_MODEL
from lightship.compiler import limits
from lightship.compiler.attributions import compile_gradient
from lightship.compiler.attributions.exact import compile_exact
from lightship.compiler.conversion import litert
from lightship.compiler.conversion.lifted import lifted_models
from lightship.compiler.conversion.pruning import prune_saved_model
from lightship.compiler.rewrites import Rewritten, requires_rewrite, rewrite
from lightship.compiler.sources.additive import Coefficients
from lightship.compiler.sources.base import Original
from lightship.compiler.verification.parity import Agreement
from lightship.compiler.verification.recordings import Recording, check_engine_state, compare_engine, record_engine
from lightship.engines.base import Engine
from lightship.engines.preprocessed import with_programs
from lightship.errors import CompileError, EngineError, ParityError
from lightship.explain.compiled import Gradient
from lightship.explain.exact import Entry
from lightship.inputs import kind_of
from lightship.preprocessing import Program
from lightship.preprocessing.builder import chain

_NO_GRADIENT = Gradient("LiteRT cannot run the model")


@dataclass(frozen=True)
class Choice:
    """The chosen engine and how well it agrees with the original.

    Attributes:
        engine: ``litert`` or ``tensorflow``.
        reasons: why LiteRT was not chosen; empty where it was.
        agreements: comparison of each output with the original's.
        stateful, reset: values of the manifest.
        rewrites: changes made to the graph for LiteRT.
        preprocessing: programs before the engine, by signature.
        gradient: the compiled gradient or the exact explanation of the first signature, or why there is none.
    """

    engine: str
    reasons: tuple[str, ...]
    agreements: list[Agreement]
    stateful: bool
    reset: str = ""
    rewrites: tuple[str, ...] = ()
    preprocessing: Mapping[str, Program] = field(default_factory=dict)
    gradient: Gradient | Entry = _NO_GRADIENT


def compile_best(
    original: Original,
    recordings: tuple[Recording, ...],
    folder: Path,
    *,
    engine: str | None = None,
    slow: bool = False,
) -> Choice:
    """Compile for LiteRT where possible, otherwise for TensorFlow.

    ``engine`` restricts the choice to ``litert`` or ``tensorflow``; ``slow`` permits calls over the time limit. Raises
    CompileError where no permitted engine can run the model, and ParityError where TensorFlow disagrees with the
    original; a disagreement of LiteRT is one of the reasons.
    """
    reasons = _unsupported_by_litert(recordings)
    if engine != "tensorflow" and not reasons:
        try:
            for attempt in _attempts(original, recordings):
                found = _tried(original, attempt, recordings, folder, slow=slow)
                if isinstance(found, Choice):
                    return replace(found, gradient=_explained(original, found, attempt, recordings[0], folder))
                reasons = found
        except litert.Unconvertible as error:
            reasons = error.reasons
    if engine == "litert":
        raise CompileError(f"LiteRT cannot run this model because of: {', '.join(reasons)}")
    return _keep_tensorflow(original, recordings, folder, reasons, slow=slow)


def _tried(
    original: Original, attempt: Rewritten, recordings: tuple[Recording, ...], folder: Path, *, slow: bool
) -> Choice | tuple[str, ...]:
    """Return the choice of LiteRT, or the reasons against it."""
    try:
        return _compile_litert(original, attempt, recordings, folder, slow=slow)
    except litert.Unconvertible as error:
        reasons = error.reasons
    except ParityError as error:
        reasons = (error.message,)
    (folder / MODEL).unlink(missing_ok=True)
    return reasons


def _explained(
    original: Original, choice: Choice, attempt: Rewritten, recording: Recording, folder: Path
) -> Gradient | Entry:
    """Return the exact explanation where there is one, else the compiled gradient."""
    if original.additive is None:
        return _gradient(choice, attempt, recording, folder)
    program = choice.preprocessing.get(recording.signature.name)
    exact = compile_exact(original.additive, recording, folder, program=program)
    if exact.reason and isinstance(original.additive, Coefficients):
        return _gradient(choice, attempt, recording, folder)
    return exact


def _gradient(choice: Choice, attempt: Rewritten, recording: Recording, folder: Path) -> Gradient:
    if not attempt.folder.is_dir():
        return Gradient("a .tflite file holds no graph of TensorFlow, which the gradient is made from")
    if choice.stateful:
        return Gradient("calls change its variables")
    program = choice.preprocessing.get(recording.signature.name)
    return compile_gradient(attempt, recording, folder, program=program)


def _keep_tensorflow(
    original: Original, recordings: tuple[Recording, ...], folder: Path, reasons: tuple[str, ...], *, slow: bool
) -> Choice:
    if not original.saved_model(folder / SAVED_MODEL):
        raise CompileError(
            "only LiteRT can run this model, and it cannot: "
            f"{', '.join(reasons) or 'the engine tensorflow is required'}"
        )
    from lightship.engines.tensorflow import TensorFlowEngine

    engine = with_programs(TensorFlowEngine(folder / SAVED_MODEL), original.preprocessing)
    agreements = _agree_all(engine, recordings, slow=slow)
    return Choice("tensorflow", reasons, agreements, engine.stateful, preprocessing=original.preprocessing)


def _attempts(original: Original, recordings: tuple[Recording, ...]) -> Iterator[Rewritten]:
    """Yield the models to convert, in order.

    A stateful SavedModel and a .tflite file are tried as they are. Any other SavedModel is pruned, its operators that
    LiteRT lacks are lifted, and it is tried first without and then with rewrites. Where a rewrite is required, it is
    tried without only if no rewrite applies. Raises Unconvertible where an operator can be neither lifted nor
    converted.
    """
    signatures = [recording.signature.name for recording in recordings]
    for candidate in original.candidates():
        if not candidate.is_dir() or original.stateful:
            yield Rewritten(candidate, ())
            continue
        with tempfile.TemporaryDirectory() as work:
            pruned = prune_saved_model(candidate, Path(work, "pruned"), signatures)
            if lifted := lifted_models(pruned, Path(work), signatures):
                yield from lifted
                continue
            required = requires_rewrite(pruned)
            if not required:
                yield Rewritten(pruned, ())
            rewritten = rewrite(pruned, Path(work, "rewritten"), signatures)
            if rewritten or required:
                yield rewritten or Rewritten(pruned, ())


def _unsupported_by_litert(recordings: tuple[Recording, ...]) -> tuple[str, ...]:
    """Return the features of the inputs that LiteRT does not support.

    Checked before the conversion, because the converter would report another cause.
    """
    specs = (spec for recording in recordings for spec in recording.signature.inputs)
    return tuple(dict.fromkeys(feature for spec in specs for feature in kind_of(spec).beyond_litert))


def _compile_litert(
    original: Original, attempt: Rewritten, recordings: tuple[Recording, ...], folder: Path, *, slow: bool
) -> Choice:
    names = [recording.signature.name for recording in recordings]
    converted = litert.convert(attempt.folder, names, folder / MODEL, stateful=original.stateful, reset=original.reset)
    programs = chain(original.preprocessing, attempt.preprocessing)
    engine = with_programs(converted, programs)
    try:
        if attempt.precision:
            _check_recast(engine, attempt, programs, recordings, slow=slow)
        agreements = _agree_all(engine, recordings, slow=slow, precision=attempt.precision)
        return Choice("litert", (), agreements, engine.stateful, original.reset, attempt.applied, programs)
    except EngineError as error:
        raise litert.Unconvertible(litert.operators(error.detail) or [error.message]) from None
    except KeyError as error:
        raise litert.Unconvertible([f"the converted model lacks {error}"]) from None


def _check_recast(
    engine: Engine,
    attempt: Rewritten,
    programs: Mapping[str, Program],
    recordings: tuple[Recording, ...],
    *,
    slow: bool,
) -> None:
    """Compare with the rewritten SavedModel in TensorFlow; raises ParityError.

    It computes in float32, so the tolerance is that of float32.
    """
    from lightship.engines.tensorflow import TensorFlowEngine

    with limits.calls(len(recordings), slow=slow):
        recast = record_engine(with_programs(TensorFlowEngine(attempt.folder), programs), recordings)
    _agree_all(engine, recast, slow=slow, precision="float32")


def _agree_all(
    engine: Engine, recordings: tuple[Recording, ...], *, slow: bool, precision: str = ""
) -> list[Agreement]:
    agreements = []
    for recording in recordings:
        with limits.calls(len(recording.batches) + 1, slow=slow):
            agreements += compare_engine(engine, recording, precision=precision)
    with limits.calls(4 * len(recordings), slow=slow):
        check_engine_state(engine, recordings, precision=precision)
    return agreements
