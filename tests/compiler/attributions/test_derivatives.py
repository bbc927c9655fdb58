"""Gradients of single operators beside TensorFlow's own, and on LiteRT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from lightship.compiler.attributions import check
from lightship.compiler.attributions.path import Underivable, integral, save
from lightship.compiler.conversion import litert
from lightship.tensors import Array
from tests.compiler.attributions.graphs import rows, saved, weights

Function = Callable[[Any], Any]

IMAGE = (9, 7, 4)

OF_NUMBERS: Mapping[str, Function] = {
    "relu": tf.nn.relu,
    "relu6": lambda x: tf.nn.relu6(5 * x),
    "leaky_relu": lambda x: tf.nn.leaky_relu(x, 0.3),
    "elu": tf.nn.elu,
    "selu": tf.nn.selu,
    "softplus": tf.nn.softplus,
    "softsign": tf.nn.softsign,
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
    "swish": tf.nn.silu,
    "gelu_of_tanh": lambda x: tf.nn.gelu(x, approximate=True),
    "square_root": lambda x: tf.sqrt(x * x + 1.0),
    "reciprocal": lambda x: tf.math.reciprocal(x * x + 1.0),
    "softmax": tf.nn.softmax,
    "log_softmax": tf.nn.log_softmax,
    "norm": lambda x: tf.nn.l2_normalize(x, -1),
    "layer_norm": lambda x: (x - tf.reduce_mean(x, -1, keepdims=True)) * tf.math.rsqrt(
        tf.math.reduce_variance(x, -1, keepdims=True) + 1e-3
    ),
    "largest": lambda x: tf.reduce_max(x, -1),
    "maximum": lambda x: tf.maximum(x, 2 * x - 0.3),
    "clipped": lambda x: tf.clip_by_value(x, -0.5, 0.5),
    "absolute": tf.abs,
    "power": lambda x: tf.pow(tf.abs(x) + 0.1, 1.7),
    "dense": lambda x: tf.matmul(x, weights(8, 3)) + weights(3),
    "chosen": lambda x: tf.gather(x, [3, 1, 1], axis=1),
    "running_sum": lambda x: tf.cumsum(x, 1),
}  # fmt: skip
OF_IMAGES: Mapping[str, Function] = {
    "convolution": lambda x: tf.nn.conv2d(x, weights(3, 3, 4, 5), 1, "SAME"),
    "strided": lambda x: tf.nn.conv2d(x, weights(3, 2, 4, 5), [2, 3], "SAME"),
    "strided_valid": lambda x: tf.nn.conv2d(x, weights(2, 3, 4, 5), [3, 2], "VALID"),
    "wide_strides": lambda x: tf.nn.conv2d(x, weights(1, 2, 4, 5), 3, "VALID"),
    "dilated": lambda x: tf.nn.conv2d(x, weights(3, 3, 4, 5), 1, "SAME", dilations=2),
    "explicit_padding": lambda x: tf.nn.conv2d(x, weights(3, 3, 4, 5), 2, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    "grouped": lambda x: tf.nn.conv2d(x, weights(3, 3, 2, 6), 2, "SAME"),
    "depthwise": lambda x: tf.nn.depthwise_conv2d(x, weights(3, 3, 4, 1), [1, 2, 2, 1], "SAME"),
    "depthwise_multiplied": lambda x: tf.nn.depthwise_conv2d(x, weights(3, 2, 4, 3), [1] * 4, "VALID"),
    "transposed": lambda x: tf.nn.conv2d_transpose(x, weights(3, 3, 5, 4), [tf.shape(x)[0], 18, 14, 5], 2),
    "maxima": lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
    "maxima_same": lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"),
    "maxima_overlap": lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"),
    "maxima_of_all": lambda x: tf.nn.max_pool2d(x, [3, 2], [1, 1], "SAME"),
    "maxima_apart": lambda x: tf.nn.max_pool2d(x, 2, 3, "VALID"),
    "maxima_of_ties": lambda x: tf.nn.max_pool2d(tf.nn.relu(tf.round(x)) + 0.1 * x[:, :1, :1], 3, 2, "SAME"),
    "means": lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
    "means_same": lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"),
    "means_apart": lambda x: tf.nn.avg_pool2d(x, [1, 2], [2, 3], "VALID"),
    "normalised": lambda x: tf.compat.v1.nn.fused_batch_norm(
        x, weights(4), weights(4), weights(4), weights(4) ** 2, is_training=False
    )[0],
    "nearest": lambda x: tf.image.resize(x, [13, 20], "nearest"),
    "bilinear": lambda x: tf.image.resize(x, [4, 15], "bilinear"),
    "bilinear_of_keras_2": lambda x: tf.raw_ops.ResizeBilinear(images=x, size=[18, 5], half_pixel_centers=False),
    "reflected": lambda x: tf.pad(x, [[0, 0], [2, 1], [0, 3], [0, 0]], "REFLECT"),
    "symmetric": lambda x: tf.pad(x, [[0, 0], [2, 1], [0, 3], [0, 0]], "SYMMETRIC"),
    "padded": lambda x: tf.pad(x, [[0, 0], [2, 1], [0, 3], [0, 0]]),
    "cut": lambda x: x[:, 2:-1, 1:, :3],
    "strided_slice": lambda x: x[:, ::2, 5:1:-2],
    "last": lambda x: x[:, -1, ..., tf.newaxis, 0],
    "copied": lambda x: tf.tile(x, [1, 2, 1, 3]),
    "repeated": lambda x: tf.repeat(x, 2, axis=2),
    "blocks": lambda x: tf.nn.space_to_depth(x[:, :8, :6], 2),
    "turned": lambda x: tf.transpose(x, [0, 2, 1, 3]),
    "joined": lambda x: tf.concat([x, x * x], 2),
    "products": lambda x: tf.einsum("bhwc,cd->bhwd", x, weights(4, 3)),
    "attention": lambda x: tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), x),
}  # fmt: skip
APPROXIMATED: Mapping[str, Function] = {
    "exact_gelu": tf.nn.gelu,
    "gelu_of_erf": lambda x: 0.5 * x * (1.0 + tf.math.erf(x * 0.70710678)),
    "erfc": tf.math.erfc,
}
CASES = [(name, function, (8,)) for name, function in OF_NUMBERS.items()] + [
    (name, function, IMAGE) for name, function in OF_IMAGES.items()
]


def arguments(shape: tuple[int, ...], numbers: int) -> dict[str, Array]:
    """Return arguments of an integral of four points between two rows."""
    both = rows(*shape)
    nodes = np.array([0.1, 0.4, 0.7, 0.9], np.float32)
    ends = {"row_0": both[:1], "baseline_0": both[1:2]}
    target = both[0].argmax() if both[0].size == numbers else numbers // 2  # a number that ReLU does not cut
    return {**ends, "nodes": nodes, "weights": nodes / 2, "target": np.array([target], np.int32)}


@pytest.mark.parametrize(("name", "function", "shape"), CASES, ids=[case[0] for case in CASES])
def test_derivative_of_operator_is_tensorflows(
    name: str, function: Function, shape: tuple[int, ...], tmp_path: Path
) -> None:
    model = saved(lambda x: tf.square(function(x)) + function(x), rows(*shape), tmp_path)
    given = {key: tf.constant(array) for key, array in arguments(shape, model.outputs["y"]).items()}
    expected, actual = integral(model, 4)(**given), integral(model.with_derivatives(), 4)(**given)
    assert np.abs(expected["gradient_0"]).max() > 0
    for key, tensor in expected.items():
        np.testing.assert_allclose(actual[key], tensor, rtol=2e-5, atol=2e-6 * np.abs(tensor).max(), err_msg=key)


@pytest.mark.parametrize(("functions", "shape"), [({**OF_NUMBERS, **APPROXIMATED}, (8,)), (OF_IMAGES, IMAGE)])
def test_every_derivative_runs_on_litert(
    functions: Mapping[str, Function], shape: tuple[int, ...], tmp_path: Path
) -> None:
    def every(x: Any) -> Any:
        sums = [tf.reduce_sum(tf.reshape(function(x), [tf.shape(x)[0], -1]), 1) for function in functions.values()]
        return tf.stack(sums, 1)

    inputs = rows(*shape)
    model = saved(every, inputs, tmp_path / "model")
    save(integral(model.with_derivatives(), 4), tmp_path / "gradient", signature="explain")
    engine = litert.convert(tmp_path / "gradient", ["explain"], tmp_path / "explain.tflite")
    assert check.difference(engine, model, {"x": inputs}, 4) < 1e-4


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda x: tf.raw_ops.AdjustHue(images=x[..., :3], delta=0.1), "AdjustHue"),
        (lambda x: tf.nn.max_pool2d(tf.reshape(x, [-1, 9, 28, 1]), 9, 9, "VALID"), "maximum"),
    ],
    ids=["no_gradient", "large_window"],
)
def test_operator_without_derivative_is_named(function: Function, named: str, tmp_path: Path) -> None:
    model = saved(function, rows(*IMAGE), tmp_path)
    with pytest.raises(LookupError, match=named):
        integral(model.with_derivatives(), 4)


def test_output_of_comparisons_is_underivable(tmp_path: Path) -> None:
    model = saved(lambda x: tf.cast(x > 0.5, tf.float32), rows(8), tmp_path)
    with pytest.raises(Underivable):
        integral(model.with_derivatives(), 4)


def test_loop_is_underivable(tmp_path: Path) -> None:
    def repeated(x: Any) -> Any:
        return tf.while_loop(
            lambda i, y: i < tf.cast(tf.reduce_max(x), tf.int32) + 3, lambda i, y: (i + 1, y * x), (0, x)
        )[1]

    with pytest.raises(Underivable, match="loop"):
        saved(repeated, rows(8), tmp_path)


def test_integers_are_underivable(tmp_path: Path) -> None:
    with pytest.raises(Underivable, match="'x' is int32"):
        saved(lambda x: tf.cast(x, tf.float32) * 2.0, np.ones((4, 3), np.int32), tmp_path)
