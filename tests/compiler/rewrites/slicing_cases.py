"""Slices that add axes to tensors with unknown dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

INDICES: Mapping[str, Callable[[Any], Any]] = {
    "axis_between": lambda x: x[:, None, :, :],
    "axes_in_front": lambda x: x[None, None],
    "axis_behind_an_ellipsis": lambda x: x[..., None],
    "axis_between_an_ellipsis_and_a_number": lambda x: x[..., None, 1],
    "axis_behind_a_slice_and_a_number": lambda x: x[:, 1:, None, 0],
    "axis_of_a_reversed_slice": lambda x: x[:, ::-1, None],
    "axis_of_truth_values": lambda x: tf.cast((x > 0)[:, None], tf.float32),
}


def case(index: Callable[[Any], Any]) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        spec = tf.TensorSpec((None, None, 3), tf.float32, name="x")
        module = tf.Module()
        module.serve = tf.function(lambda x: {"y": index(x) * 2.0}, input_signature=[spec])
        tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})
        return path

    return make


CASES = {name: case(index) for name, index in INDICES.items()}
