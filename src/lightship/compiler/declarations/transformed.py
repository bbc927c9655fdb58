"""A model with a user's transform: recordings of clients, and of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lightship.bundle.transform import UsedTransform
from lightship.compiler.declarations.config import Config
from lightship.compiler.hints import Hint
from lightship.compiler.sources.base import Original
from lightship.compiler.verification.parity import TOLERANCES, Agreement
from lightship.compiler.verification.recordings import Recording, compare_engine
from lightship.compiler.verification.samples import TransformFailed
from lightship.engines.base import Engine
from lightship.engines.transformed import TransformedEngine
from lightship.errors import (
    CompileError,
    EngineError,
    InvalidInput,
    MissingTransform,
    TransformError,
    TransformRefused,
    TransformTimeout,
)
from lightship.settings import TransformSettings
from lightship.tensors import Array, Signature
from lightship.transforms import BoundTransform, Transform, load


@dataclass(frozen=True)
class Transformed:
    """An original model with a transform before and after it.

    Attributes:
        original: the model in its framework.
        transform: the user's code, with the signatures on both sides.
        seconds: the longest time for one call of a transform's function.
    """

    original: Original
    transform: BoundTransform
    seconds: float

    @property
    def client(self) -> tuple[Signature, ...]:
        """Return the signatures that clients see."""
        return tuple(self.transform.client.values())

    @property
    def used(self) -> UsedTransform:
        """Return the manifest's record."""
        code = self.transform.transform
        return UsedTransform(code.name, code.sha256, tuple(self.transform.model.values()))

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs that a client sees.

        Raises EngineError where the framework refuses the input, TransformFailed where the transform refuses it or
        fails, TransformTimeout where the transform does not return.
        """
        own = self._call(lambda: self.transform.preprocess(signature, inputs))
        try:
            outputs = [self.original.run(signature, each) for each in self.transform.calls(signature, own)]
        except InvalidInput as error:
            raise EngineError(error.message, detail=error.detail) from None
        return self._call(lambda: self.transform.postprocess(signature, outputs, inputs))

    def _call(self, function: Callable[[], dict[str, Array]]) -> dict[str, Array]:
        try:
            return function()
        except TransformTimeout:
            raise
        except InvalidInput as error:
            message = f"the transform '{self.transform.transform.name}' refused an input: {error.message}"
            raise TransformFailed(message, detail=error.detail) from None
        except TransformError as error:
            raise TransformFailed(error.message, detail=error.detail) from None

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return no hints: those of the original are about its own inputs."""
        return {}

    def recordings_of_model(self, recordings: Sequence[Recording]) -> tuple[Recording, ...]:
        """Return recordings of the model itself for a client's inputs."""
        return tuple(self._of_model(recording) for recording in recordings)

    def _of_model(self, recording: Recording) -> Recording:
        signature, batches = recording.signature, []
        for client, _ in recording.batches:
            rows = self.transform.preprocess(signature.name, client)
            for inputs in self.transform.calls(signature.name, rows):
                batches.append((dict(inputs), self.original.run(signature.name, inputs)))
        own = self.transform.model[signature.name]._replace(independent_rows=signature.independent_rows)
        return Recording(own, tuple(batches))

    def reshaped(self, config: Config, recordings: Sequence[Recording]) -> Transformed:
        """Return the same with the signatures of the model's recordings."""
        own = tuple(recording.signature for recording in recordings)
        return replace(self, transform=_bound(config, own, self.transform.transform, self.seconds))

    def with_signatures(self, recordings: Sequence[Recording]) -> tuple[Recording, ...]:
        """Return a client's recordings with these signatures."""
        return tuple(
            Recording(self.transform.client[recording.signature.name], recording.batches) for recording in recordings
        )

    def compare(
        self, engine: Engine, recordings: Sequence[Recording], agreements: Sequence[Agreement]
    ) -> list[Agreement]:
        """Compare the outputs that a client sees; raises ParityError.

        ``agreements`` are those of the model itself: its coarsest tolerance applies.
        """
        precision = _precision(agreements)
        transformed = TransformedEngine(engine, self.transform)
        return [each for part in recordings for each in compare_engine(transformed, part, precision=precision)]


def load_declared(config: Config, settings: TransformSettings) -> Transform | None:
    """Load the transform of model.yaml; None where it names none.

    Raises TransformRefused where the transform is not allowed or cannot be loaded, CompileError where it lacks a
    function that the declared tensors need.
    """
    declared = config.transform
    if declared is None:
        return None
    try:
        transform = load(declared.name, settings)
    except MissingTransform as error:
        raise TransformRefused(error.message, detail=error.detail) from None
    for side, specs, part in (("inputs", declared.inputs, "preprocess"), ("outputs", declared.outputs, "postprocess")):
        if specs and getattr(transform, part) is None:
            raise CompileError(
                f"model.yaml: transform.{side} needs a function {part}, and the transform '{declared.name}' has none"
            )
    return transform


def transformed(config: Config, original: Original, transform: Transform, *, seconds: float) -> Transformed:
    """Return an original behind the transform of model.yaml; raises CompileError."""
    return Transformed(original, _bound(config, original.signatures, transform, seconds), seconds)


def _bound(config: Config, own: tuple[Signature, ...], transform: Transform, seconds: float) -> BoundTransform:
    """Return a transform between the tensors of model.yaml and the model's own."""
    return BoundTransform(transform, client=config.apply(config.seen_by_clients(own)), model=own, seconds=seconds)


def _precision(agreements: Sequence[Agreement]) -> str:
    """Return the dtype whose tolerance was applied to the model's own outputs."""
    coarsest = max((agreement.rtol for agreement in agreements), default=0.0)
    return next((name for name, tolerance in TOLERANCES.items() if tolerance.relative == coarsest), "")
