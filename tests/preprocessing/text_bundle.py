"""A text classifier whose vectorisation was lifted, compiled into a registry.

``python -m tests.preprocessing.text_bundle FOLDER`` writes the registry, in a process that may import TensorFlow.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import keras

from lightship.bundle import Bundle
from lightship.compiler.build import build
from lightship.registry.registry import Registry

MODEL = "texts"
WORDS = ["good", "bad", "film", "\u00e9t\u00e9"]


def main(folder: Path) -> None:
    registry = Registry(str(folder))
    with tempfile.TemporaryDirectory() as work, registry.staging() as staged:
        source = Path(work) / "texts.keras"
        classifier().save(source)
        job = {"source": source, "folder": staged, "data": None, "config": {}, "engine": None, "slow": True}
        build({**job, "trust": False, "sandbox": ""}, lambda stage, done: None)
        registry.publish(MODEL, Bundle.open(staged))


def classifier() -> keras.Model:
    keras.utils.set_random_seed(5)
    layers = keras.layers
    text = keras.Input((1,), dtype="string", name="text")
    tokens = layers.TextVectorization(vocabulary=WORDS, output_sequence_length=8, name="tokens")(text)
    vector = layers.GlobalAveragePooling1D()(layers.Embedding(6, 4)(tokens))
    return keras.Model(text, layers.Dense(2, activation="softmax", name="score")(vector))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
