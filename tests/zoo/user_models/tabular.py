"""Models of rows: regression, classification, categories, several heads."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops


def housing_regression() -> keras.Model:
    normalise = layers.Normalization()
    normalise.adapt(np.random.default_rng(0).normal(3, 2, (100, 8)))
    hidden = [layers.Dense(64, "relu"), layers.Dropout(0.2), layers.Dense(64, "relu")]
    return keras.Sequential([keras.Input((8,)), normalise, *hidden, layers.Dense(1)])


def named_numeric_features() -> keras.Model:
    """Build a model with one named and normalised input per feature."""
    inputs = {name: keras.Input((1,), name=name) for name in ("age", "fare", "siblings")}
    normalised = [layers.Normalization(mean=10.0, variance=4.0)(tensor) for tensor in inputs.values()]
    hidden = layers.Dense(16, "relu")(layers.concatenate(normalised))
    return keras.Model(inputs, layers.Dense(1, "sigmoid", name="survived")(hidden))


def string_and_number_features() -> keras.Model:
    """Build a model of passenger lists, encoded as in Keras's own examples."""
    port, klass, age = (
        keras.Input((1,), name="port", dtype="string"),
        keras.Input((1,), name="class", dtype="int64"),
        keras.Input((1,), name="age"),
    )
    encoded = [
        layers.StringLookup(vocabulary=["C", "Q", "S"], output_mode="one_hot")(port),
        layers.IntegerLookup(vocabulary=[1, 2, 3], output_mode="one_hot")(klass),
        layers.Normalization(mean=30.0, variance=100.0)(age),
    ]
    hidden = layers.Dense(16, "relu")(layers.concatenate(encoded))
    return keras.Model([port, klass, age], layers.Dense(1, "sigmoid")(hidden))


def integer_lookup_embedding() -> keras.Model:
    store = keras.Input((1,), name="store", dtype="int64")
    day = keras.Input((1,), name="weekday", dtype="int32")
    sales = keras.Input((3,), name="sales")
    index = layers.IntegerLookup(vocabulary=[101, 205, 309, 412])(store)
    parts = [
        layers.Flatten()(layers.Embedding(5, 4)(index)),
        layers.Flatten()(layers.Embedding(7, 3)(day)),
        sales,
    ]
    return keras.Model([store, day, sales], layers.Dense(1)(layers.Dense(16, "relu")(layers.concatenate(parts))))


def age_in_buckets() -> keras.Model:
    age = keras.Input((1,), name="age")
    bucket = layers.Discretization(bin_boundaries=[18.0, 30.0, 45.0, 65.0])(age)
    encoded = layers.CategoryEncoding(num_tokens=5, output_mode="one_hot")(bucket)
    return keras.Model(age, layers.Dense(1, "sigmoid")(layers.Dense(8, "relu")(encoded)))


def hashed_strings() -> keras.Model:
    """Build an embedding of hashed browser names, without a vocabulary."""
    agent = keras.Input((1,), name="agent", dtype="string")
    bucket = layers.Hashing(num_bins=64)(agent)
    return keras.Model(agent, layers.Dense(1, "sigmoid")(layers.Flatten()(layers.Embedding(64, 8)(bucket))))


def wide_and_deep() -> keras.Model:
    wide, deep = keras.Input((20,), name="wide"), keras.Input((10,), name="deep")
    hidden = layers.Dense(32, "relu")(layers.Dense(32, "relu")(deep))
    joined = layers.Add()([layers.Dense(1)(wide), layers.Dense(1)(hidden)])
    return keras.Model([wide, deep], layers.Activation("sigmoid")(joined))


def three_heads() -> keras.Model:
    row = keras.Input((16,), name="customer")
    trunk = layers.Dense(32, "relu")(layers.Dropout(0.1)(layers.Dense(64, "relu")(row)))
    return keras.Model(
        row,
        {
            "value": layers.Dense(1, name="value")(trunk),
            "churn": layers.Dense(1, "sigmoid", name="churn")(trunk),
            "segment": layers.Dense(5, "softmax", name="segment")(trunk),
        },
    )


def tab_transformer() -> keras.Model:
    categories, numbers = keras.Input((4,), name="categories", dtype="int32"), keras.Input((5,), name="numbers")
    x = layers.Embedding(40, 16)(categories)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    x = layers.LayerNormalization()(x + layers.Dense(16)(layers.Dense(32, "gelu")(x)))
    joined = layers.concatenate([layers.Flatten()(x), layers.LayerNormalization()(numbers)])
    return keras.Model([categories, numbers], layers.Dense(1, "sigmoid")(layers.Dense(32, "selu")(joined)))


def mixture_of_experts() -> keras.Model:
    row = keras.Input((10,))
    experts = ops.stack([layers.Dense(4, "relu")(row) for _ in range(3)], axis=1)
    gates = layers.Dense(3, "softmax")(row)
    return keras.Model(row, layers.Dense(1)(ops.einsum("be,bed->bd", gates, experts)))


def quantile_regression() -> keras.Model:
    """Build a model of ordered quantiles: a cumulative sum of positive steps."""
    row = keras.Input((6,))
    hidden = layers.Dense(32, "swish")(row)
    steps = layers.Dense(5, "softplus")(hidden)
    return keras.Model(row, ops.cumsum(steps, axis=-1) + layers.Dense(1)(hidden))
