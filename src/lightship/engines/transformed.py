"""An engine between a user's preprocessing and postprocessing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from lightship.bundle.transform import UsedTransform
from lightship.engines.base import Engine
from lightship.errors import BundleError
from lightship.settings import TransformSettings
from lightship.tensors import Array, Signature
from lightship.transforms import BoundTransform, load

_LOG = logging.getLogger(__name__)


class TransformedEngine:
    """Engine that calls a transform before and after another engine."""

    def __init__(self, engine: Engine, transform: BoundTransform) -> None:
        self.stateful = engine.stateful
        self._engine = engine
        self._transform = transform

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See :class:`lightship.engines.base.Engine`.

        Also raises InvalidInput, TransformError and Unavailable.
        """
        own = self._transform.preprocess(signature, inputs)
        outputs = [self._engine.run(signature, each) for each in self._transform.calls(signature, own)]
        return self._transform.postprocess(signature, outputs, inputs)

    def clone(self) -> TransformedEngine:
        """See :class:`lightship.engines.base.Engine`."""
        return TransformedEngine(self._engine.clone(), self._transform)


def with_transform(
    engine: Engine, used: UsedTransform, signatures: Sequence[Signature], settings: TransformSettings
) -> Engine:
    """Return an engine with the transform that its bundle names.

    ``signatures`` are those that clients see. Raises BundleError, or Unavailable where the transform is not allowed or
    cannot be loaded. The log says where its source is not the one of the compilation.
    """
    if {signature.name for signature in signatures} != {signature.name for signature in used.signatures}:
        raise BundleError("the bundle's transform has other signatures than the bundle")
    transform = load(used.name, settings)
    if used.sha256 and transform.sha256 != used.sha256:
        _LOG.warning(
            "the transform '%s' has changed since the model was compiled: its digest is %s, and was %s",
            used.name,
            transform.sha256[:12] or "unknown",
            used.sha256[:12],
        )
    bound = BoundTransform(transform, client=signatures, model=used.signatures, seconds=settings.seconds)
    return TransformedEngine(engine, bound)
