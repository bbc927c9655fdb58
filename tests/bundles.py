"""Small bundles for tests, one per feature of models.

They are written by ``python -m tests.bundles FOLDER`` in another process, so that tests never import TensorFlow.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import DEFAULT_SIGNATURE, GOLDEN, MODEL, SAVED_MODEL, Bundle, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.inputs import gaps
from lightship.registry.registry import Registry
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.specs import Boxes


@dataclass(frozen=True)
class Registries:
    """Registries for tests: the examples, and the small bundles of this file.

    ``transformed`` are the examples with a transform, and ``applications`` those with files of packages.
    """

    examples: Path
    small: Path
    transformed: Path
    applications: Path


def main(folder: str) -> None:
    import tensorflow as tf

    registry = Registry(folder)

    def add(name: str, *functions: Function, engine: str = "litert") -> None:
        publish(tf, registry, name, functions, engine)

    x = TensorSpec("x", "float32", (None, 2))
    row = np.array([[1.0, 4.0], [2.0, 0.5]], np.float32)
    a, b = TensorSpec("a", "float32", (None, 2)), TensorSpec("b", "float32", (None, 1))
    both = {"a": row, "b": row[:, :1]}
    pair = (TensorSpec("sum", "float32", (None, 2)), TensorSpec("product", "float32", (None, 2)))
    add("pair", Function(lambda a, b: {"sum": a + b, "product": a * b}, (a, b), pair, both))

    y = TensorSpec("y", "float32", (None, 2))
    double = Function(lambda x: {"y": x * 2.0}, (x,), (y,), {"x": row})
    halve = Function(lambda x: {"y": x / 2.0}, (x,), (y,), {"x": row}, name="halve")
    add("modes", double, halve)
    add("roots", Function(lambda x: {"y": tf.math.sqrt(x)}, (x,), (y,), {"x": row}))

    logits = TensorSpec("y", "float32", (None, 2), classes=("low", "high"), from_logits=True)
    add("scorer", Function(lambda x: {"y": x * 1.0}, (x,), (logits,), {"x": row}))

    photo = TensorSpec("photo", "uint8", (None, None, None, 3), {"type": "image", "mode": "RGB"})
    spots = TensorSpec("spots", "float32", (None, 2, 7), boxes=Boxes("photo", ("middle",)))
    add("spots", Function(spots_of_red, (photo,), (spots,), {"photo": np.full((2, 4, 6, 3), 128, np.uint8)}))

    counts = TensorSpec("n", "int32", (None, 3))
    twice = Function(
        lambda n: {"n2": n * 2}, (counts,), (TensorSpec("n2", "int32", (None, 3)),), {"n": np.int32([[1, 2, 3]])}
    )
    add("counts", twice)

    flags = TensorSpec("f", "bool", (None, 2))
    flip = TensorSpec("not_f", "bool", (None, 2))
    add("flags", Function(lambda f: {"not_f": tf.logical_not(f)}, (flags,), (flip,), {"f": np.array([[True, False]])}))

    garden = TensorSpec("garden", "float32", (None,), gaps.BOOLEAN)
    area = TensorSpec("area", "float32", (None,), gaps.NUMBERS)
    price = Function(
        lambda garden, area: {"price": garden * 10.0 + tf.where(area > 0, area, 1.0)},
        (garden, area),
        (TensorSpec("price", "float32", (None,)),),
        {"garden": np.float32([1, 0]), "area": np.float32([2, 3])},
    )
    add("homes", price)

    wide = TensorSpec("y", "float32", (None, 100_000))
    one = TensorSpec("x", "float32", (None, 1))
    spread = Function(lambda x: {"y": x * tf.ones((1, 100_000))}, (one,), (wide,), {"x": row[:1, :1]})
    add("wide", spread)

    word, upper = TensorSpec("word", "string", (None,)), TensorSpec("upper", "string", (None,))
    shout = Function(
        lambda word: {"upper": tf.strings.upper(word)}, (word,), (upper,), {"word": np.array([b"ahoy"], object)}
    )
    add("words", shout, engine="tensorflow")

    place, found = TensorSpec("place", "int32", (None,)), TensorSpec("found", "float32", (None,))
    look_up = Function(
        lambda place: {"found": tf.gather([10.0, 20.0], place)}, (place,), (found,), {"place": np.int32([0])}
    )
    add("table", look_up)

    add("centred", Function(lambda x: {"y": x - tf.reduce_mean(x, axis=0)}, (x,), (y,), {"x": row}))

    x1, y1 = TensorSpec("x", "float32", (None, 1)), TensorSpec("y", "float32", (None, 1))
    scores = TensorSpec("scores", "float32", (None, 1))
    half = Function(lambda x: {"y": x / 2.0 + 2.0}, (x1,), (y1,), {"x": row[:, :1]})
    regress = Function(
        lambda x: {"outputs": x / 2.0 + 2.0},
        (x1,),
        (TensorSpec("outputs", "float32", (None, 1)),),
        {"x": row[:, :1]},
        name="regress_x_to_y",
    )
    classify = Function(
        lambda x: {"scores": x / 2.0 + 2.0}, (x1,), (scores,), {"x": row[:, :1]}, name="classify_x_to_y"
    )
    add("half_plus_two", half, regress, classify)


def spots_of_red(photo: Any) -> dict[str, Any]:
    """Return a box whose score is the mean red of an image, and one of padding."""
    import tensorflow as tf

    red = tf.reduce_mean(tf.cast(photo, tf.float32), axis=(1, 2))[:, :1] / 255.0
    box = tf.concat([red * 0.0 + [[0.25, 0.25, 0.75, 0.5]], red, red * 0.0 + [[0.375, 0.5]]], axis=1)
    return {"spots": tf.stack([box, box * 0.0], axis=1)}


def republish(registry: Registry, bundle: Path, name: str) -> int:
    """Publish a copy of a bundle as the next version of a model."""
    with registry.staging() as staged:
        return registry.publish(name, Bundle.open(bundle).copy(staged))


@dataclass(frozen=True)
class Function:
    """Signature with its code and one recorded call."""

    run: Callable[..., dict[str, Any]]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    example: dict[str, Any]
    name: str = DEFAULT_SIGNATURE


def publish(tf: Any, registry: Registry, name: str, functions: tuple[Function, ...], engine: str) -> None:
    module, concrete, golden = tf.Module(), {}, {}
    for function in functions:
        specs = {spec.name: tf.TensorSpec(spec.shape, spec.dtype, name=spec.name) for spec in function.inputs}
        concrete[function.name] = tf.function(function.run).get_concrete_function(**specs)
        outputs = function.run(**{key: tf.constant(value) for key, value in function.example.items()})
        golden[function.name] = (function.example, {key: value.numpy() for key, value in outputs.items()})
    with tempfile.TemporaryDirectory() as saved, registry.staging() as staged:
        tf.saved_model.save(module, saved, signatures=concrete)
        if engine == "tensorflow":
            Path(saved).rename(staged / SAVED_MODEL)
            Path(saved).mkdir()
        else:
            converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=list(concrete))
            (staged / MODEL).write_bytes(converter.convert())
        write_golden(staged / GOLDEN, golden)
        signatures = tuple(Signature(function.name, function.inputs, function.outputs) for function in functions)
        registry.publish(name, write_manifest(staged, Manifest(engine, signatures, digests(staged))))


if __name__ == "__main__":
    main(sys.argv[1])
