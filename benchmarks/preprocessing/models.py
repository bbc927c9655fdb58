"""Models of preprocessing layers, with inputs for the largest batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from lightship.tensors import Array

ROWS = 1024
_WORDS = [f"word{number}" for number in range(20_000)]


def vectorization() -> tuple[Any, dict[str, Array]]:
    """Return TextVectorization of 20,000 words and 200 tokens, and texts of 150 words."""
    text = keras.Input((1,), dtype="string", name="text")
    layer = keras.layers.TextVectorization(vocabulary=_WORDS, output_sequence_length=200)
    chosen = np.random.default_rng(1).integers(0, len(_WORDS), (ROWS, 150))
    rows = [" ".join(_WORDS[index] for index in row).capitalize() + "." for row in chosen]
    return keras.Model(text, layer(text)), {"text": _strings(rows)}


def hashing() -> tuple[Any, dict[str, Array]]:
    """Return Hashing of one word of 8 to 12 characters."""
    word = keras.Input((1,), dtype="string", name="word")
    rows = [f"agent-{number * 7919}" for number in range(ROWS)]
    return keras.Model(word, keras.layers.Hashing(1000)(word)), {"word": _strings(rows)}


def feature_space() -> tuple[Any, dict[str, Array]]:
    """Return a FeatureSpace of eight features and a cross."""
    import tensorflow as tf

    kinds = keras.utils.FeatureSpace
    features = {
        "city": kinds.string_categorical(num_oov_indices=1),
        "grade": kinds.integer_categorical(),
        "amount": kinds.float_normalized(),
        "age": kinds.float_discretized(num_bins=8),
        "street": kinds.string_hashed(num_bins=100),
        "code": kinds.integer_hashed(num_bins=100),
        "share": kinds.float_rescaled(scale=2.0),
        "plain": kinds.float(),
    }
    space = kinds(features, crosses=[kinds.cross(("city", "grade"), crossing_dim=64)])
    rows = np.arange(ROWS)
    data: dict[str, Any] = {name: (rows % 97).astype(np.float32) for name in ("amount", "age", "share", "plain")}
    data |= {name: each.astype(np.int32) for name, each in (("grade", rows % 9), ("code", rows * 31))}
    data |= {"city": np.array([f"city {row % 40}" for row in rows]), "street": np.array([f"s{row}" for row in rows])}
    space.adapt(tf.data.Dataset.from_tensor_slices(data).batch(128))
    arrays = {name: _strings(list(each)) if each.dtype.kind == "U" else each[:, None] for name, each in data.items()}
    return keras.Model(space.get_inputs(), space.get_encoded_features()), arrays


def _strings(rows: list[str]) -> Array:
    array = np.empty((len(rows), 1), np.object_)
    array[:, 0] = [str(row).encode() for row in rows]
    return array


MODELS: Mapping[str, Callable[[], tuple[Any, dict[str, Array]]]] = {
    "TextVectorization": vectorization,
    "Hashing": hashing,
    "FeatureSpace": feature_space,
}
