"""TensorFlow engine, the fallback for graphs that LiteRT cannot run.

It takes seconds to start and hundreds of megabytes of memory.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import GOLDEN, SAVED_MODEL, Bundle
from lightship.bundle.golden import read_golden, smallest_call
from lightship.engines.causes import translated
from lightship.engines.tensorflow_calls import call
from lightship.engines.tensorflow_state import State, Unrestorable, state_of
from lightship.errors import BundleError, EngineError, LightshipError, SourceRefused
from lightship.extras import missing_extra
from lightship.tensors import Array


def load(bundle: Bundle) -> TensorFlowEngine:
    """Load and run a bundle's SavedModel; raises BundleError or MissingExtra."""
    tensorflow()
    if not bundle.manifest.trusted:
        _check_operators(bundle.path / SAVED_MODEL)
    engine = TensorFlowEngine(bundle.path / SAVED_MODEL, stateful=bundle.manifest.stateful)
    _warm_up(engine, bundle)
    return engine


def tensorflow() -> Any:
    """Import TensorFlow; raises MissingExtra."""
    try:
        import tensorflow as tf
    except ImportError as error:
        # Its own message, because TensorFlow may be installed without one of its dependencies.
        raise missing_extra("tensorflow", "this model", detail=str(error)) from None
    return tf


def _check_operators(folder: Path) -> None:
    """Raise BundleError for refused operators and assets outside of the folder.

    Versions that an earlier release compiled may contain them.
    """
    from lightship import graphs  # only this engine needs it

    try:
        message = graphs.read_saved_model(folder / "saved_model.pb", folder.name)
    except SourceRefused as error:
        raise BundleError(error.message) from None
    found = [*graphs.phrases_of(graphs.findings(message)), *graphs.stray_assets(message)]
    if found:
        raise BundleError(
            f"this version was compiled by a release with fewer checks and holds {'; '.join(found):.400}. Compile its "
            "source again, with --trust if you trust its author"
        )


def _warm_up(engine: TensorFlowEngine, bundle: Bundle) -> None:
    """Run a recorded call of each signature.

    A first call takes many times as long as the next ones: TensorFlow optimises the graph, starts threads and allocates
    memory. An error ends the warm-up and is ignored: the request that causes it gets it.
    """
    with suppress(LightshipError):
        golden = read_golden(bundle.file(GOLDEN))
        for signature in bundle.manifest.signatures:
            if signature.name in golden:
                inputs, _ = golden[signature.name]
                engine.run(signature.name, smallest_call(inputs, signature))


class TensorFlowEngine:
    """Engine that runs a SavedModel; TensorFlow itself is thread-safe here.

    All threads share its variables. Where a signature changes a variable or table, calls run one at a time, each from
    the initial values.
    """

    def __init__(self, path: Path, *, stateful: bool | None = None) -> None:
        tf = tensorflow()
        self._tf = tf
        try:
            self._loaded = tf.saved_model.load(str(path))  # keeps the variables alive
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise translated(BundleError, f"TensorFlow cannot load {path.name}", error, path=str(path)) from None
        try:
            self._state = State() if stateful is False else state_of(self._loaded.signatures.values())
        except Unrestorable as error:
            raise BundleError(f"{path.name} keeps data between calls that cannot be reset: {error}") from None
        self.stateful = bool(self._state)
        self._exclusive = threading.Lock() if self.stateful else nullcontext()

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See :class:`lightship.engines.base.Engine`."""
        tensors = {name: self._tf.constant(array) for name, array in inputs.items()}
        try:
            with self._exclusive:
                if self.stateful:
                    self._state.restore()
                outputs = call(self._loaded.signatures[signature], tensors)
                return {name: np.asarray(value.numpy()) for name, value in outputs.items()}
        except (ValueError, TypeError, self._tf.errors.OpError) as error:
            raise translated(EngineError, "TensorFlow could not run this input", error) from None

    def clone(self) -> TensorFlowEngine:
        """See :class:`lightship.engines.base.Engine`."""
        return self
