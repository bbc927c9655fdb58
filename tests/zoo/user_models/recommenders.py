"""Recommenders, graph networks, policies and models with several kinds of input."""

from __future__ import annotations

import keras
from keras import layers, ops


def matrix_factorisation() -> keras.Model:
    user, film = keras.Input((1,), name="user", dtype="int32"), keras.Input((1,), name="film", dtype="int32")
    dot = layers.Dot(2)([layers.Embedding(50, 8)(user), layers.Embedding(80, 8)(film)])
    biases = [layers.Embedding(50, 1)(user), layers.Embedding(80, 1)(film)]
    return keras.Model([user, film], layers.Activation("sigmoid")(layers.Flatten()(layers.Add()([dot, *biases]))))


def two_towers() -> keras.Model:
    user, item = keras.Input((12,), name="user"), keras.Input((9,), name="item")
    left, right = (layers.Dense(8)(layers.Dense(16, "relu")(tensor)) for tensor in (user, item))
    return keras.Model([user, item], layers.Dot(axes=1, normalize=True)([left, right]))


def best_items_of_a_user() -> keras.Model:
    """Build a model that scores all items and returns the numbers of the five best."""
    user = keras.Input((), name="user", dtype="int32")
    scores = layers.Dense(100)(layers.Embedding(40, 16)(user))
    values, items = ops.top_k(scores, 5)
    return keras.Model(user, {"scores": values, "items": items})


def session_recommender() -> keras.Model:
    """Build GRU4Rec: from a padded list of clicked items to the next item."""
    clicks = keras.Input((None,), dtype="int64")
    x = layers.GRU(16)(layers.Embedding(70, 12, mask_zero=True)(clicks))
    return keras.Model(clicks, layers.Dense(70, "softmax")(x))


def graph_convolution() -> keras.Model:
    nodes, adjacency = keras.Input((None, 8), name="nodes"), keras.Input((None, None), name="adjacency")
    degree = ops.maximum(ops.sum(adjacency, axis=-1, keepdims=True), 1.0)
    x = nodes
    for units in (16, 4):
        x = layers.Dense(units, "relu")(ops.matmul(adjacency / degree, x))
    return keras.Model([nodes, adjacency], layers.Dense(3, "softmax")(x))


def image_captioner() -> keras.Model:
    image, words = keras.Input((32, 32, 3), name="image"), keras.Input((None,), name="words", dtype="int32")
    features = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, strides=2, activation="relu")(image))
    text = layers.LSTM(16)(layers.Embedding(60, 8, mask_zero=True)(words))
    x = layers.Dense(16, "relu")(layers.add([layers.Dense(16, "relu")(features), text]))
    return keras.Model([image, words], layers.Dense(60, "softmax")(x))
