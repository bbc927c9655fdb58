"""What can run a bundle. Adding an engine: one file, one entry here, one test."""

from __future__ import annotations

from importlib import import_module

from lightship.bundle import Bundle
from lightship.engines.base import Engine
from lightship.errors import BundleError

# Modules by the manifest's word, imported when the first bundle asks for them.
ENGINES = {
    "litert": "lightship.engines.litert",
    "tensorflow": "lightship.engines.tensorflow",
}


def load(bundle: Bundle) -> Engine:
    """The engine that the manifest names, with the bundle loaded; raises BundleError or Unavailable."""
    module = ENGINES.get(bundle.manifest.engine)
    if module is None:
        known = ", ".join(ENGINES)
        raise BundleError(f"the bundle asks for the engine '{bundle.manifest.engine}', there are: {known}")
    engine: Engine = import_module(module).load(bundle)
    return engine
