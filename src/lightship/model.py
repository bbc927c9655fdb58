"""One version of a model: validate a call, run it, return the result.

Synchronous; independent of HTTP, queues and files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lightship import engines
from lightship.bundle import GOLDEN, Bundle
from lightship.calls import Call, Result
from lightship.engines.base import Engine
from lightship.errors import BundleError, NotFound
from lightship.settings import NO_TRANSFORMS, TransformSettings
from lightship.tensors import Array, Signature, validate


class Model:
    """A bundle with its engine. Safe to use from several threads."""

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self._engine = engine

    @classmethod
    def load(cls, bundle: Bundle, *, transforms: TransformSettings = NO_TRANSFORMS) -> Model:
        """Load a verified bundle into its engine; raises BundleError or Unavailable.

        ``transforms`` are the user's transforms that it may use; by default none.
        """
        return cls(bundle, engines.load(bundle, transforms=transforms))

    @classmethod
    def open(cls, path: str | Path, *, transforms: TransformSettings = NO_TRANSFORMS) -> Model:
        """Verify and load the bundle in a folder; see :meth:`load`."""
        return cls.load(Bundle.open(Path(path)), transforms=transforms)

    def predict(self, call: Call) -> Result:
        """Run one call.

        Raises NotFound (signature, output), InvalidInput or EngineError; with a transform, also TransformError.
        """
        manifest = self.manifest
        signature = manifest.signatures[0] if call.signature is None else manifest.signature(call.signature)
        validate(call.inputs, signature.inputs)
        outputs = self._engine.run(signature.name, call.inputs)
        if call.outputs or len(outputs) > 1:
            outputs = _select(signature, outputs, call.outputs)
        return Result(call, signature, outputs)

    @property
    def stateful(self) -> bool:
        """Return whether a call changes variables of the model.

        See :class:`lightship.engines.base.Engine`.
        """
        return self._engine.stateful

    @property
    def transformed(self) -> bool:
        """Return whether a user's transform runs in each call."""
        return self.manifest.transform is not None

    def clone(self) -> Model:
        """Return the same version with an engine of its own, for calls of another shape.

        See :meth:`lightship.engines.base.Engine.clone`.
        """
        return Model(self.bundle, self._engine.clone())

    def golden(self, signature: str | None = None) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return recorded inputs and the original model's outputs for a signature.

        Raises NotFound or BundleError.
        """
        from lightship.bundle.golden import read_golden  # imported here: no request needs it

        name, golden = self.manifest.signature(signature).name, read_golden(self.bundle.file(GOLDEN))
        if name not in golden:
            raise BundleError(f"the bundle's golden examples lack the signature '{name[:80]}'")
        return golden[name]


def _select(signature: Signature, outputs: Mapping[str, Array], wanted: tuple[str, ...]) -> dict[str, Array]:
    if not wanted:
        return {spec.name: outputs[spec.name] for spec in signature.outputs}
    names = [spec.name for spec in signature.outputs]
    if unknown := [name for name in wanted if name not in names]:
        raise NotFound(f"there is no output '{unknown[0]}': the outputs are {', '.join(names)}")
    return {name: outputs[name] for name in wanted}
