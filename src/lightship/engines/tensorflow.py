"""TensorFlow: the way out for graphs that LiteRT cannot run. Costs seconds to start and hundreds of megabytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import SAVED_MODEL, Bundle
from lightship.errors import BundleError, EngineError, SourceRefused, Unavailable
from lightship.tensors import Array


def load(bundle: Bundle) -> TensorFlowEngine:
    """Load the bundle's SavedModel; raises Unavailable where TensorFlow is not installed, and BundleError."""
    tensorflow()
    if not bundle.manifest.trusted:
        _check_operators(bundle.path / SAVED_MODEL)
    return TensorFlowEngine(bundle.path / SAVED_MODEL)


def tensorflow() -> Any:
    """Import TensorFlow; raises Unavailable."""
    try:
        import tensorflow as tf
    except ImportError:
        raise Unavailable(
            "this model needs the TensorFlow engine, and TensorFlow is not installed here: "
            "pip install 'lightship[compile]'"
        ) from None
    return tf


def _check_operators(folder: Path) -> None:
    """Refuse a graph whose operators are not on the list: earlier versions of Lightship compiled more of them."""
    from lightship import graphs  # no other engine needs it

    try:
        message = graphs.read_saved_model(folder / "saved_model.pb", folder.name)
    except SourceRefused as error:
        raise BundleError(error.message) from None
    found = [*graphs.phrases_of(graphs.findings(message)), *graphs.stray_assets(message)]
    if found:
        raise BundleError(
            f"this version was compiled when its graph was checked less: it holds {'; '.join(found):.400}. Compile its "
            "source again, with --trust if you trust the person who made it"
        )


class TensorFlowEngine:
    """Runs the signatures of a SavedModel; TensorFlow itself is thread-safe here."""

    def __init__(self, path: Path) -> None:
        tf = tensorflow()
        self._tf = tf
        try:
            self._loaded = tf.saved_model.load(str(path))  # keeps the variables alive
        except (OSError, ValueError, tf.errors.OpError) as error:
            why = first_line(error).replace(str(path), path.name)
            raise BundleError(f"TensorFlow cannot load {path.name}: {why}") from None

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See :class:`lightship.engines.base.Engine`."""
        tensors = {name: self._tf.constant(array) for name, array in inputs.items()}
        try:
            outputs = self._loaded.signatures[signature](**tensors)
        except (ValueError, TypeError, self._tf.errors.OpError) as error:
            raise EngineError(f"TensorFlow could not run this input: {first_line(error)}") from None
        return {name: np.asarray(value.numpy()) for name, value in outputs.items()}

    def twin(self) -> TensorFlowEngine:
        """See :class:`lightship.engines.base.Engine`."""
        return self


def first_line(error: Any) -> str:
    """The line of an error's text that says what is wrong: TensorFlow's go on with the graph's internals."""
    text = str(getattr(error, "message", error)).strip().partition("\n\t [[")[0]
    lines = text.splitlines() or [type(error).__name__]
    return lines[-1 if lines[0] == "Graph execution error:" else 0][:300]
