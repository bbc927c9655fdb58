"""Small graphs whose gradients are compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lightship.compiler.attributions.model import differentiable
from lightship.compiler.attributions.path import Differentiable
from lightship.tensors import Array, Signature, TensorSpec

ROWS = 4


def rows(*shape: int, seed: int = 0) -> Array:
    array: Array = np.random.default_rng(seed).normal(0.0, 1.0, (ROWS, *shape)).astype(np.float32)
    return array


def saved(function: Callable[[Any], Any], inputs: Array, folder: Path) -> Differentiable:
    """Save a function of one tensor as a SavedModel and read it as the compiler does."""
    import tensorflow as tf

    spec = tf.TensorSpec([None, *inputs.shape[1:]], inputs.dtype, name="x")
    concrete = tf.function(lambda x: {"y": function(x)}, autograph=False).get_concrete_function(spec)
    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": concrete})
    outputs = {"y": concrete(tf.constant(inputs))["y"].numpy()}
    tensor = TensorSpec("x", inputs.dtype.name, (None, *inputs.shape[1:]))
    result = TensorSpec("y", outputs["y"].dtype.name, (None, *outputs["y"].shape[1:]))
    return differentiable(folder, Signature("serving_default", (tensor,), (result,)), {"x": inputs}, outputs)


def weights(*shape: int) -> Array:
    array: Array = np.random.default_rng(1).normal(0.0, 0.5, shape).astype(np.float32)
    return array
