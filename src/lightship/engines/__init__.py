"""Engines that run bundles.

A new engine is one module, one entry in ``ENGINES`` and one test file.
"""

from __future__ import annotations

from importlib import import_module

from lightship.bundle import Bundle
from lightship.engines.base import Engine
from lightship.errors import BundleError
from lightship.settings import NO_TRANSFORMS, TransformSettings

# Modules by the engine that a manifest names, imported when the first bundle needs them.
ENGINES = {
    "litert": "lightship.engines.litert",
    "tensorflow": "lightship.engines.tensorflow",
}


def load(bundle: Bundle, *, transforms: TransformSettings = NO_TRANSFORMS) -> Engine:
    """Load a bundle with its engine; raises BundleError or Unavailable.

    ``transforms`` are the transforms that it may use.
    """
    module = ENGINES.get(bundle.manifest.engine)
    if module is None:
        supported = ", ".join(ENGINES)
        raise BundleError(f"the bundle needs the engine '{bundle.manifest.engine}', supported are: {supported}")
    engine: Engine = import_module(module).load(bundle)
    if bundle.manifest.preprocessing:
        from lightship.engines.preprocessed import with_bundle  # most models have none

        engine = with_bundle(engine, bundle)
    if used := bundle.manifest.transform:
        from lightship.engines.transformed import with_transform

        engine = with_transform(engine, used, bundle.manifest.signatures, transforms)
    return engine
