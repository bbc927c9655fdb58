"""Public layer classes of Keras 3 and tf_keras, with arguments and inputs.

The zoo and ``scripts/operators-seen`` share these tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

# Arguments of layers that require some; each entry is one form of the layer.
ARGUMENTS: dict[str, tuple[dict[str, Any], ...]] = {
    "Activation": tuple(
        {"activation": name}
        for name in [
            "celu",
            "elu",
            "exponential",
            "gelu",
            "glu",
            "hard_shrink",
            "hard_sigmoid",
            "hard_tanh",
            "leaky_relu",
            "linear",
            "log_sigmoid",
            "log_softmax",
            "mish",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "soft_shrink",
            "softmax",
            "softplus",
            "softsign",
            "sparse_plus",
            "sparsemax",
            "squareplus",
            "swish",
            "tanh",
            "tanh_shrink",
            "threshold",
        ]
    ),
    "ActivityRegularization": ({"l1": 0.1},),
    "CategoryEncoding": tuple({"num_tokens": 9, "output_mode": mode} for mode in ("one_hot", "multi_hot", "count")),
    "CenterCrop": ({"height": 4, "width": 4},),
    "Cropping1D": ({"cropping": 1},),
    "Dense": ({"units": 3}, {"units": 3, "activation": "relu", "use_bias": False}),
    "DepthwiseConv1D": ({"kernel_size": 2},),
    "DepthwiseConv2D": ({"kernel_size": 2}, {"kernel_size": 2, "dilation_rate": 2}),
    "Discretization": tuple(
        {"bin_boundaries": [0.0, 1.0], "output_mode": mode} for mode in ("int", "one_hot", "multi_hot", "count")
    ),
    "Dot": ({"axes": 1}, {"axes": -1, "normalize": True}),
    "EinsumDense": ({"equation": "abc,cd->abd", "output_shape": (None, 3)},),
    "Embedding": ({"input_dim": 9, "output_dim": 3}, {"input_dim": 9, "output_dim": 3, "mask_zero": True}),
    "GroupNormalization": ({"groups": 1},),
    "HashedCrossing": ({"num_bins": 5}, {"num_bins": 5, "output_mode": "one_hot"}),
    "Hashing": ({"num_bins": 5}, {"num_bins": 5, "salt": [1, 2]}, {"num_bins": 5, "output_mode": "multi_hot"}),
    "IntegerLookup": tuple(
        {"vocabulary": [1, 2, 3], "output_mode": mode} for mode in ("int", "one_hot", "multi_hot", "count")
    ),
    "MaxNumBoundingBoxes": ({"max_number": 3},),
    "MelSpectrogram": ({"fft_length": 4, "sequence_stride": 2, "sampling_rate": 16, "max_freq": 8.0},),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3}, {"num_heads": 2, "key_dim": 3, "flash_attention": False}),
    "GroupQueryAttention": ({"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1},),
    "Normalization": ({"mean": 1.0, "variance": 2.0}, {"mean": 1.0, "variance": 2.0, "invert": True}),
    "Permute": ({"dims": (2, 1)}, {"dims": (3, 1, 2)}),
    "RandomCrop": ({"height": 4, "width": 4},),
    "RepeatVector": ({"n": 3},),
    "Rescaling": ({"scale": 0.5, "offset": 1.0},),
    "Reshape": ({"target_shape": (-1,)}, {"target_shape": (-1, 2)}),
    "Resizing": tuple(
        {"height": 5, "width": 5, "interpolation": name}
        for name in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")
    )
    + tuple({"height": 5, "width": 5, option: True} for option in ("crop_to_aspect_ratio", "antialias")),
    "ReversibleEmbedding": ({"input_dim": 9, "output_dim": 3},),
    "STFTSpectrogram": ({"mode": "magnitude", "frame_length": 4, "frame_step": 2, "fft_length": 4},),
    "StringLookup": tuple(
        {"vocabulary": ["a", "b"], "output_mode": mode} for mode in ("int", "one_hot", "multi_hot", "count")
    )
    + tuple({"vocabulary": ["a", "b"], **option} for option in ({"invert": True}, {"num_oov_indices": 2})),
    "TextVectorization": (
        {"vocabulary": ["a", "b"], "output_sequence_length": 4},
        {"vocabulary": ["a", "b"], "output_mode": "multi_hot", "ngrams": 2},
        {"vocabulary": ["a", "b"], "output_mode": "count", "split": "character"},
        {"vocabulary": ["a", "b"], "output_mode": "tf_idf", "idf_weights": [1.0, 2.0], "standardize": "lower"},
    ),
    "UpSampling2D": tuple({"interpolation": name} for name in ("nearest", "bilinear", "bicubic", "lanczos3")),
}
ARGUMENTS_BY_START: dict[str, tuple[dict[str, Any], ...]] = {
    "AdaptiveAverage": ({"output_size": 2},),
    "AdaptiveMax": ({"output_size": 2},),
    "Conv": ({"filters": 2, "kernel_size": 2}, {"filters": 2, "kernel_size": 2, "strides": 2, "padding": "same"}),
    "SeparableConv": ({"filters": 2, "kernel_size": 2},),
    "LocallyConnected": ({"filters": 2, "kernel_size": 2},),
    "RandomFourier": ({"output_dim": 3},),
}
FACTORS = ({"factor": 0.5}, {"factor": (0.2, 0.2)}, {"height_factor": 0.5, "width_factor": 0.5}, {"rate": 0.5})
PLAIN = ({}, {"units": 3}, {"stddev": 0.5}, *FACTORS, {"height_factor": 0.5}, {"value_range": (0, 1)})


def classes(keras: Any) -> dict[str, type]:
    """Return public layer classes by name, without aliases such as AvgPool1D."""
    named = {value: name for name, value in sorted(vars(keras.layers).items(), reverse=True) if isinstance(value, type)}
    found = {name: value for value, name in named.items() if issubclass(value, keras.layers.Layer)}
    return dict(sorted(found.items()))


def layers_with_arguments(keras: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield each class with each form of its arguments, recurrent layers and wrappers."""
    layers = keras.layers
    for name, value in classes(keras).items():
        for form in arguments_of(name, value):
            yield name, maker(value, form)
    for cell in ("LSTM", "GRU", "SimpleRNN"):
        make = getattr(layers, cell)
        yield f"Bidirectional {cell}", lambda make=make, **more: layers.Bidirectional(make(3), **more)
        for form in ({"return_sequences": True}, {"unroll": True}, {"go_backwards": True}, {"stateful": True}):
            yield f"{cell} {form}", maker(make, {"units": 3, **form})
        yield f"RNN {cell}", lambda cell=cell, **more: layers.RNN(getattr(layers, f"{cell}Cell")(3), **more)
        yield f"Masking {cell}", lambda make=make, **more: keras.Sequential([layers.Masking(), make(3, **more)])
    yield "TimeDistributed", lambda **more: layers.TimeDistributed(layers.Dense(2), **more)


def maker(make: Callable[..., Any], arguments: dict[str, Any]) -> Callable[..., Any]:
    return lambda **more: make(**arguments, **more)


def arguments_of(name: str, layer: Callable[..., Any]) -> tuple[dict[str, Any], ...]:
    """Return the listed forms of arguments, or the first plain form that works."""
    for start, arguments in ARGUMENTS_BY_START.items():
        if name.startswith(start):
            return arguments
    return ARGUMENTS.get(name) or tuple(arguments for arguments in PLAIN if _takes(layer, arguments))[:1]


def _takes(layer: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    try:
        layer(**arguments)
    except Exception:
        return False
    return True


def model_of(keras: Any, make: Callable[..., Any], x: Any, policy: str) -> Any:
    """Return a model of the layer; None where it does not accept the input.

    The input is passed once, then as a list of two, then as two arguments.
    """
    for call in (lambda layer: layer(x), lambda layer: layer([x, x]), lambda layer: layer(x, x)):
        try:
            return keras.Model(x, call(make(dtype=policy)))
        except Exception:  # noqa: S112 - layers raise errors of many types for an input that they do not accept
            continue
    return None
