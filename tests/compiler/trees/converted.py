"""TensorFlow functions as LiteRT models, converted in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightship.compiler.conversion import litert
from lightship.engines.litert import LiteRTEngine
from lightship.tensors import Array


def convert(methods: Mapping[str, Callable[[Any], Any]], columns: int, dtype: str, folder: Path) -> LiteRTEngine:
    """Return an engine with a signature for each method, whose output is called "out"."""
    import tensorflow as tf

    module = tf.Module()
    spec = tf.TensorSpec([None, columns], tf.as_dtype(dtype), name="features")

    def function(method: Callable[[Any], Any]) -> Any:
        call = tf.function(lambda features: {"out": method(features)}, autograph=False)
        return call.get_concrete_function(features=spec)

    tf.saved_model.save(module, str(folder), {name: function(method) for name, method in methods.items()})
    return litert.convert(folder, list(methods), folder / "model.tflite")


def run(engine: LiteRTEngine, method: str, features: Array) -> Array:
    return engine.run(method, {"features": features})["out"]
