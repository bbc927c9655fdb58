"""Functions with operators that LiteRT lacks, most of which are rewritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from keras import layers, ops

Shapes = dict[str, tuple[tuple[int | None, ...], str]]

X: Shapes = {"x": ((None, 7), "float32")}
IMAGE: Shapes = {"x": ((None, 9, 13, 3), "float32")}
VOLUME: Shapes = {"x": ((None, 6, 7, 5, 2), "float32")}
BITS: Shapes = {"x": ((None, 5), "int32"), "y": ((None, 5), "int32")}
BYTES: Shapes = {"x": ((None, 2500), "int8")}
WEIGHTS = (np.arange(7500) % 255 - 127).reshape(2500, 3).astype(np.int8)  # more terms than float32 sums exactly
IDS: Shapes = {"x": ((None, 4), "int64")}
BOXES: Shapes = {"x": ((None, 4), "float32"), "y": ((None,), "float32")}


def saved(function: Callable[..., Any], shapes: Shapes) -> Callable[[Path], Path]:
    """Return a case: a SavedModel with the one output ``o``."""

    def case(path: Path) -> Path:
        module = tf.Module()
        module.function = function  # a layer is tracked for its table
        specs = {name: tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in shapes.items()}
        signature = tf.function(lambda **inputs: {"o": function(*inputs.values())}, autograph=False)
        concrete = signature.get_concrete_function(**specs)
        tf.saved_model.save(module, str(path), signatures={"serving_default": concrete})
        return path

    return case


def resized(method: str, **options: Any) -> Callable[[Path], Path]:
    return saved(lambda x: tf.image.resize(x, (5, 17), method, **options), IMAGE)


def loop(x: Any) -> Any:
    return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.math.erf(y) + 1.0), (0, x))[1]


class Lookups(tf.Module):  # type: ignore[misc]
    """String and integer lookup; LiteRT supports only the string table."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = layers.StringLookup(vocabulary=["a", "b"])
        self.numbers = layers.IntegerLookup(vocabulary=[5, 3])

    def __call__(self, x: Any, y: Any) -> Any:
        return tf.concat([self.texts(x), self.numbers(y)], -1)


def enlarged(x: Any) -> Any:
    """Convolve an enlarged image, whose channel count LiteRT's converter cannot infer."""
    large = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
    return tf.nn.conv2d(large, tf.ones((2, 2, 3, 2)), 1, "SAME")


REWRITTEN: dict[str, Callable[[Path], Path]] = {
    **{f"resize_{name}": resized(name) for name in ("bicubic", "lanczos3", "area")},
    **{f"shrink_{name}": resized(name, antialias=True) for name in ("bilinear", "lanczos5", "mitchellcubic")},
    "legacy_bicubic": saved(lambda x: tf.compat.v1.image.resize_bicubic(x, (4, 5), True), IMAGE),
    "max_pool": saved(lambda x: tf.nn.max_pool3d(x, (2, 3, 2), 2, "SAME"), VOLUME),
    "average_pool": saved(lambda x: tf.nn.avg_pool3d(x, (2, 3, 2), (1, 2, 2), "SAME"), VOLUME),
    "average_pool_valid": saved(lambda x: tf.nn.avg_pool3d(x, 2, 2, "VALID"), VOLUME),
    "erf": saved(lambda x: tf.math.erf(x * 3), X),
    "erfc": saved(lambda x: tf.math.log(tf.math.erfc(tf.abs(x))), X),
    "erfinv": saved(lambda x: tf.math.erfinv(tf.tanh(x)), X),
    "normal_distribution": saved(lambda x: 0.5 * (1.0 + tf.math.erf(x / 2.0**0.5)), X),
    "erf_in_loop": saved(loop, X),
    "argmax": saved(lambda x: ops.argmax(x, -1), X),
    "divide_no_nan": saved(lambda x: tf.math.divide_no_nan(x, tf.round(x[:, :1])), VOLUME),
    "multiply_no_nan": saved(lambda x: tf.math.multiply_no_nan(1 / tf.round(x), tf.round(x)), VOLUME),
    "bitwise_and": saved(lambda x, y: tf.bitwise.bitwise_and(x * 858993459, y * 1717986918), BITS),
    "bitwise_or": saved(lambda x, y: tf.bitwise.bitwise_or(x * 858993459, tf.bitwise.invert(y)), BITS),
    "left_shift": saved(lambda x, y: tf.bitwise.left_shift(x, [1, 2, 3, 4, 31]) + y, BITS),
    "roll": saved(lambda x: tf.roll(x, [1, -9], [0, 1]), X),
    "cumprod": saved(lambda x: tf.math.cumprod(x, -1, exclusive=True, reverse=True), X),
    "integer_lookup": saved(layers.IntegerLookup(vocabulary=[2, 1, 3]), IDS),
    "lookups_of_texts_and_numbers": saved(Lookups(), {"x": ((None, 2), "string"), "y": ((None, 4), "int64")}),
    "image_of_any_size": saved(enlarged, {"x": ((None, None, None, 3), "float32")}),
    "int8_product": saved(lambda x: tf.matmul(x, WEIGHTS, output_type=tf.int32), BYTES),
    "multi_hot": saved(layers.Discretization([0.0], output_mode="multi_hot"), X),
    "multi_hot_texts": saved(
        layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot"), {"x": ((None, 3), "string")}
    ),
    "suppression": saved(lambda x, y: tf.gather(x, tf.image.non_max_suppression(x, y, 5, 0.5)), BOXES),
}

# Not rewritten, because sizes are unknown.
LEFT: dict[str, Callable[[Path], Path]] = {
    "resize_unknown": saved(lambda x: tf.image.resize(x, (4, 5), "area"), {"x": ((None, None, 6, 3), "float32")}),
    "shift_unknown": saved(lambda x, y: tf.bitwise.left_shift(x, tf.abs(y) % 8), BITS),
    "cumprod_unknown": saved(lambda x: tf.math.cumprod(x, 1), {"x": ((None, None), "float32")}),
}

CASES = REWRITTEN | LEFT
