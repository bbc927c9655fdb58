"""Layer zoo: each public layer class, and options of some, as small models.

The denominator is every public class of the package less :data:`LEFT_OUT`. A class counts as compiled when the model
with its usual arguments is; options are counted separately.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.zoo.layer_forms import arguments_of, classes
from tests.zoo.saving import saved_as

# Classes that are not counted, and why.
LEFT_OUT = {
    "Layer": "abstract",
    "Wrapper": "abstract",
    "AbstractRNNCell": "abstract",
    "InputLayer": "a part of every model",
    "FlaxLayer": "another framework's model",
    "JaxLayer": "another framework's model",
    "TFSMLayer": "another file's SavedModel",
    "TorchModuleWrapper": "another framework's model",
    "GRUCell": "counted inside RNN",
    "LSTMCell": "counted inside RNN",
    "SimpleRNNCell": "counted inside RNN",
    "StackedRNNCells": "counted inside RNN",
}

# tf_keras's class takes InputSpec from tf.keras, which is Keras 3 here, and refuses it: the layer cannot be built.
LEFT_OUT_OF_KERAS2 = {"SpectralNormalization": "cannot be built with tf_keras beside Keras 3"}

# Options that are not counted, and why: Keras itself cannot run them.
OPTIONS_LEFT_OUT = {
    "Activation(activation=threshold)": "a function of three arguments, of which Keras passes one",
    "Conv2D(filters=2, kernel_size=2, data_format=channels_first)": "TensorFlow has no such convolution on a CPU",
    **dict.fromkeys(
        (f"Resizing(height=5, width=5, interpolation={name})" for name in ("gaussian", "mitchellcubic")),
        "Keras 3 takes the name and lacks the method",
    ),
}

# Classes whose saved files Keras cannot load: their models are exported as SavedModels.
EXPORTED = {"Equalization"}

Input = tuple[tuple[int | None, ...], str]

IMAGE: Input = ((8, 8, 3), "float32")
EVEN: Input = ((8, 8, 4), "float32")  # an even number of channels
PIXELS: Input = ((8, 8, 3), "uint8")
VOLUME: Input = ((6, 6, 6, 2), "float32")
STEPS: Input = ((6, 4), "float32")
SERIES: Input = ((None, 4), "float32")  # of any length
ROW: Input = ((4,), "float32")
SIGNAL: Input = ((64,), "float32")
CHANNEL: Input = ((64, 1), "float32")
IDS: Input = ((5,), "int32")
LONG_IDS: Input = ((5,), "int64")
TEXT: Input = ((1,), "string")

# The usual input of a class: that of the first entry that its name starts with, otherwise an image.
INPUTS: tuple[tuple[str, Input], ...] = (
    ("ConvLSTM1D", ((None, 8, 2), "float32")),
    ("ConvLSTM2D", ((None, 6, 6, 2), "float32")),
    ("ConvLSTM3D", ((None, 4, 4, 4, 1), "float32")),
    *((name, SERIES) for name in ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "TimeDistributed", "Masking")),
    *((name, STEPS) for name in ("MultiHeadAttention", "GroupQuery", "Attention", "AdditiveAttention", "EinsumDense")),
    *((name, STEPS) for name in ("Permute", "LayerNormalization", "RMSNormalization")),
    ("Equalization", PIXELS),
    ("MelSpectrogram", SIGNAL),
    ("STFTSpectrogram", CHANNEL),
    *((name, ROW) for name in ("Dense", "RepeatVector", "Discretization", "Normalization", "Dot", "Activity")),
    *((name, IDS) for name in ("Embedding", "ReversibleEmbedding", "CategoryEncoding")),
    *((name, TEXT) for name in ("Hashing", "HashedCrossing", "StringLookup", "TextVectorization")),
    ("IntegerLookup", LONG_IDS),
)
BY_DIMENSIONS = {"1D": STEPS, "2D": IMAGE, "3D": VOLUME}

# Layers of two inputs: as a list, or as two arguments.
_MERGING = {"Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}
PAIRS = {*_MERGING, "AdditiveAttention", "Attention", "HashedCrossing"}
QUERY_AND_VALUE = {"MultiHeadAttention", "GroupQueryAttention"}

# Usual arguments that the shared tables lack or do not list first.
USUAL: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "CategoryEncoding": {"num_tokens": 9, "output_mode": "multi_hot"},
    "AveragePooling1D": {"pool_size": 2},
    "AveragePooling2D": {"pool_size": 2},
    "AveragePooling3D": {"pool_size": 2},
    "GroupNormalization": {"groups": 3},
    "MelSpectrogram": {
        "fft_length": 16,
        "sequence_stride": 8,
        "sampling_rate": 64,
        "num_mel_bins": 4,
        "max_freq": 32.0,
    },
    "RandomPosterization": {"factor": 4},
    "STFTSpectrogram": {"mode": "log", "frame_length": 16, "frame_step": 8, "fft_length": 16},
}

# Further options by class, of Keras 3; the shared tables' second and later forms are options, too.
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "Conv1D": ({"filters": 2, "kernel_size": 2, "padding": "causal", "dilation_rate": 2},),
    "Conv2D": (
        {"filters": 2, "kernel_size": 2, "data_format": "channels_first"},
        {"filters": 2, "kernel_size": 2, "dtype": "mixed_float16"},
        {"filters": 6, "kernel_size": 2, "groups": 3},
    ),
    "Dense": tuple({"units": 3, "dtype": name} for name in ("mixed_float16", "mixed_bfloat16", "float64")),
    "LSTM": tuple(
        {"units": 3, **form}
        for form in (
            {"return_sequences": True},
            {"return_state": True},
            {"go_backwards": True},
            {"dtype": "mixed_float16"},
            {"use_bias": False},
        )
    ),
    "GRU": ({"units": 3, "reset_after": False}, {"units": 3, "dtype": "float64"}),
    "MaxPool2D": ({"pool_size": 2, "padding": "same"}, {"pool_size": 2, "data_format": "channels_first"}),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3, "dtype": "mixed_bfloat16"},),
}
LENGTHS = {"LSTM": ({"unroll": True}, {"stateful": True}), "GRU": ({"unroll": True}, {"stateful": True})}

Build = Callable[[], Any]


def counted(keras: Any) -> list[str]:
    """Return the denominator: names of the classes that count."""
    left_out = LEFT_OUT if keras.__name__ == "keras" else LEFT_OUT | LEFT_OUT_OF_KERAS2
    return [name for name in classes(keras) if name not in left_out]


def ordinary(keras: Any) -> dict[str, Build]:
    """Return the builder of a model of each counted class."""
    builds = {name: partial(_ordinary, keras, name) for name in counted(keras)}
    return builds | {name: saved_as("export")(builds[name]) for name in EXPORTED & builds.keys()}


def options(keras: Any) -> dict[str, Build]:
    """Return builders of models with further arguments, by title."""
    return {title: build for title, build in _options(keras) if title not in OPTIONS_LEFT_OUT}


def left_out_options(keras: Any) -> dict[str, Build]:
    """Return builders of models with the options that are not counted."""
    return {title: build for title, build in _options(keras) if title in OPTIONS_LEFT_OUT}


def _options(keras: Any) -> Iterator[tuple[str, Build]]:
    for name in counted(keras):
        make = getattr(keras.layers, name)
        listed = tuple(filter(None, arguments_of(name, make)))
        for form in (
            *(form for form in listed[name not in USUAL :] if form != USUAL.get(name)),
            *OPTIONS.get(name, ()),
        ):
            build = lambda make=make, form=form: make(**form)  # noqa: E731
            yield _title(name, form), partial(_model, keras, name, build, wanted=_wanted(name, form))
        for form in LENGTHS.get(name, ()):
            build = lambda make=make, form=form: make(3, **form)  # noqa: E731
            batch = 1 if "stateful" in form else None
            yield _title(name, form), partial(_model, keras, name, build, wanted=STEPS, batch=batch)


def _wanted(name: str, form: dict[str, Any]) -> Input | None:
    """Return the input of a form that does not take its class's usual one."""
    if len(form.get("dims", ())) == 3:
        return IMAGE
    if name == "StringLookup" and "invert" in form:
        return LONG_IDS
    return EVEN if form.get("activation") == "glu" else None


def _title(name: str, form: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value}' for key, value in form.items())})"


def _ordinary(keras: Any, name: str) -> Any:
    layers = keras.layers
    special: dict[str, Build] = {
        "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        # Alone it returns its input object, which Keras does not accept as the output of a model.
        "Equalization": lambda: keras.Sequential([layers.Equalization(), layers.Rescaling(1.0)]),
        "Lambda": lambda: layers.Lambda(lambda x: x * 2),
        "Pipeline": lambda: layers.Pipeline([layers.Rescaling(0.5), layers.RandomFlip()]),
        "RNN": lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(3), layers.SimpleRNNCell(3)]),
        "SpectralNormalization": lambda: layers.SpectralNormalization(layers.Conv2D(2, 2)),
        "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(2)),
    }
    if name == "DenseFeatures":
        return _feature_columns(keras)
    make = getattr(layers, name)
    plain = lambda: make(**(USUAL.get(name) or arguments_of(name, make)[0]))  # noqa: E731
    return _model(keras, name, special.get(name, plain))


def _model(keras: Any, name: str, make: Build, *, wanted: Input | None = None, batch: int | None = None) -> Any:
    shape, dtype = wanted or input_of(name)
    inputs = [keras.Input(shape, batch, dtype=dtype) for _ in range(2 if name in PAIRS | QUERY_AND_VALUE else 1)]
    layer = make()
    if name in QUERY_AND_VALUE:
        return keras.Model(inputs, layer(*inputs))
    return keras.Model(inputs, layer(inputs if name in PAIRS else inputs[0]))


def input_of(name: str) -> Input:
    """Return the usual input of a class: by name, by dimensions, or an image."""
    for start, found in INPUTS:
        if name.startswith(start):
            return found
    return BY_DIMENSIONS.get(name.removesuffix("Transpose")[-2:], IMAGE)


def _feature_columns(keras: Any) -> Any:
    import tensorflow as tf

    inputs = {"age": keras.Input((1,), name="age")}
    return keras.Model(inputs, keras.layers.DenseFeatures([tf.feature_column.numeric_column("age")])(inputs))
