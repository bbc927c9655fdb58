"""Models that devices can run.

``python -m tests.compiler.device.models FOLDER`` writes them.

- ``transformer.keras``: embeddings, attention and layer normalisation of 12 token ids.
- ``wide.keras``: integers of 64 bits.
- ``fixed.tflite``: one row, one signature.
- ``people.skops``: a table of categories and numbers with gaps.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import skops.io
import tensorflow as tf
from keras import layers

from tests.compiler.scikit_learn.estimators import pipelines


def main(folder: Path) -> None:
    keras.utils.set_random_seed(0)
    transformer().save(folder / "transformer.keras")
    wide().save(folder / "wide.keras")
    double = tf.function(lambda x: {"y": x * 2.0}).get_concrete_function(tf.TensorSpec((1, 2), tf.float32, name="x"))
    module = tf.Module()
    tf.saved_model.save(module, str(folder / "fixed"), signatures={"serving_default": double})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "fixed"))
    (folder / "fixed.tflite").write_bytes(converter.convert())
    skops.io.dump(pipelines()["OneHotEncoder"](), folder / "people.skops")


def transformer() -> keras.Model:
    ids = keras.Input((12,), dtype="int32", name="ids")
    hidden = layers.Embedding(50, 8)(ids)
    hidden = layers.LayerNormalization()(hidden + layers.MultiHeadAttention(2, 4)(hidden, hidden))
    return keras.Model(ids, layers.Dense(3, "softmax", name="p")(layers.GlobalAveragePooling1D()(hidden)))


def wide() -> keras.Model:
    """Return a model of integers of 64 bits, one of which it adds to the numbers."""
    ids, counts = keras.Input((3,), dtype="int64", name="ids"), keras.Input((1,), dtype="int64", name="counts")
    vector = layers.Flatten()(layers.Embedding(50, 4)(ids))
    return keras.Model([ids, counts], layers.Dense(2)(vector) + keras.ops.cast(counts % 5, "float32"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
