"""A registry of models that browsers run, one per kind of input and output.

``python -m tests.web.device_models FOLDER`` writes it, and the test vectors of :mod:`tests.web.vectors`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from lightship.bundle import digests, write_manifest
from lightship.compiler import CompileOptions, compile_model
from lightship.compiler.compression.budget import Budget
from lightship.compiler.device.making import make
from lightship.registry.registry import Registry
from tests.compiler.device.models import transformer
from tests.emulator import ROOT
from tests.web.model_files import Write, keras_file, publish, skops_file

# The columns of a table of every type, with each rule for missing values.
CUSTOMER: list[Any] = [
    "age",
    {"name": "income", "type": "number", "missing": "mean", "mean": 51000.5},
    {"name": "city", "type": "category", "values": ["Paris", "Rome", "Oslo"], "unknown": 3},
    {"name": "plan", "type": "category", "values": ["1", "2"], "output": "one_hot"},
    {"name": "smoker", "type": "boolean", "missing": "default", "default": False},
    {"name": "joined", "type": "date", "features": ["year", "week", "weekday", "day_of_year", "hour", "days"]},
    {"name": "seen", "type": "date", "features": ["seconds", "quarter"], "missing": "default", "default": "2024-02-29"},
    {"name": "height", "type": "number", "missing": "nan"},
]
GAPPED: list[Any] = ["area", {"name": "age", "missing": "nan"}]


def main(folder: Path) -> None:
    keras.utils.set_random_seed(5)
    registry = Registry(str(folder))
    for name in ("quickstart", "digits"):
        _publish_example(registry, name)
    with tempfile.TemporaryDirectory() as scratch:
        models = {name: (write(Path(scratch) / name), *options) for name, (write, *options) in _models().items()}
        for name, (source, config, budget) in models.items():
            if budget:
                _publish_variant(registry, name, source, config, budget)
            else:
                publish(source, registry, name, config)


def _publish_example(registry: Registry, name: str) -> None:
    """Publish a compiled example with a file for devices."""
    with registry.staging() as folder:
        bundle = Registry(str(ROOT / "build" / "examples" / "models")).open(name).copy(folder)
        device = make(bundle).to_json()
        registry.publish(name, write_manifest(folder, bundle.manifest._replace(device=device, files=digests(folder))))


def _publish_variant(registry: Registry, name: str, source: Path, config: dict[str, Any], budget: Budget) -> None:
    """Compile within a budget, which starts processes that measure variants."""
    written = source.with_suffix(".yaml")
    written.write_text(json.dumps(config))
    compile_model(source, registry=registry, options=CompileOptions(name, written, budget=budget))


Model = tuple[Write, dict[str, Any], Budget | None]


def _models() -> dict[str, Model]:
    photo = {"kind": "image", "mode": "RGB", "scale": [0.017, 0.0175, 0.0174], "offset": [-2.1, -2.0, -1.8]}
    return {
        "customers": (
            keras_file(_table),
            {
                "inputs": {"customer": {"kind": "tabular", "columns": CUSTOMER}},
                "outputs": {"buys": {"classes": ["no", "yes"]}},
            },
            None,
        ),
        "photos": (keras_file(lambda: _images(3)), {"inputs": {"photo": photo}}, None),
        "photos_int8": (
            keras_file(lambda: _images(3)),
            {"inputs": {"photo": photo}},
            Budget(max_error=0.5, prefer="size"),
        ),
        "stickers": (keras_file(lambda: _images(4)), {"inputs": {"photo": {"kind": "image", "mode": "RGBA"}}}, None),
        "spots": (
            keras_file(_spots),
            {
                "inputs": {"photo": {"kind": "image", "mode": "RGB"}},
                "outputs": {"spots": {"boxes": {"input": "photo", "points": ["middle"]}}},
            },
            None,
        ),
        "two": (keras_file(_two), {}, None),
        "ids": (keras_file(transformer), {}, None),
        "logits": (
            keras_file(_logits),
            {"outputs": {"scores": {"classes": ["a", "b", "c"], "from_logits": True}}},
            None,
        ),
        "labels": (
            keras_file(_logits),
            {"outputs": {"scores": {"classes": ["a", "b", "c"], "from_logits": True, "multi_label": True}}},
            None,
        ),
        "iris": (skops_file(lambda: _pipeline(StandardScaler())), {}, None),
        "trees": (skops_file(_trees), {}, None),
        "projected": (skops_file(lambda: _pipeline(PCA(2))), {}, None),
        "normed": (skops_file(lambda: _pipeline(Normalizer("l2"))), {}, None),
        "gapped": (keras_file(_gapped), {"inputs": {"sizes": {"kind": "tabular", "columns": GAPPED}}}, None),
    }


def _table() -> keras.Model:
    customer = keras.Input((15,), name="customer")
    present = keras.ops.where(keras.ops.isnan(customer), 0.0, customer)
    hidden = layers.Dense(8, "relu")(layers.Rescaling(1e-5)(present))
    return keras.Model(customer, layers.Dense(1, "sigmoid", name="buys")(hidden))


def _images(channels: int) -> keras.Model:
    photo = keras.Input((20, 24, channels), name="photo")
    hidden = layers.Conv2D(8, 3, strides=2, activation="relu")(photo)
    hidden = layers.Dense(16, "relu")(layers.Flatten()(layers.DepthwiseConv2D(3)(hidden)))
    return keras.Model(photo, layers.Dense(4, "softmax", name="kind")(hidden))


def _spots() -> keras.Model:
    """Return a model of one box with a point in an image, and one of padding."""
    photo = keras.Input((20, 24, 3), name="photo")
    numbers = layers.Dense(7, "sigmoid")(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(photo)))
    box = layers.Reshape((1, 7))(numbers)
    return keras.Model(photo, layers.Concatenate(axis=1, name="spots")([box * 0.0, box]))


def _two() -> keras.Model:
    """Return a model of two inputs, of which one is of integers, and two outputs."""
    sizes, counts = keras.Input((3,), name="sizes"), keras.Input((1,), dtype="int32", name="counts")
    joined = layers.Concatenate()([sizes, keras.ops.cast(counts, "float32")])
    first = layers.Dense(2, name="first")(joined)
    return keras.Model([sizes, counts], {"first": first, "whole": keras.ops.cast(counts * 3, "int32")})


def _logits() -> keras.Model:
    row = keras.Input((2, 3), name="row")
    return keras.Model(row, layers.Dense(3, name="scores")(layers.Flatten()(row)))


def _gapped() -> keras.Model:
    sizes = keras.Input((2,), name="sizes")
    present = keras.ops.where(keras.ops.isnan(sizes), -1.0, sizes)
    return keras.Model(sizes, layers.Dense(1, name="price")(present))


def _pipeline(step: Any) -> Any:
    data, target = load_iris(return_X_y=True)
    return make_pipeline(step, LogisticRegression()).fit(data, target)


def _trees() -> Any:
    data, target = load_iris(return_X_y=True)
    data[np.random.default_rng(0).random(data.shape) < 0.2] = np.nan
    return HistGradientBoostingRegressor(max_iter=10).fit(data, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
