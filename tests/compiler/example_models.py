"""SavedModels that parse serialised tf.Example messages.

``python -m tests.compiler.example_models FOLDER`` writes them in a separate process.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1

HALF = {"x": v1.FixedLenFeature([1], tf.float32), "x2": v1.FixedLenFeature([1], tf.float32, default_value=[0.0])}
MIXED = {
    "age": tf.io.FixedLenFeature([], tf.int64),
    "image": tf.io.FixedLenFeature([2, 2], tf.float32),
    "name": tf.io.FixedLenFeature([1], tf.string, default_value=[b"default"]),
    "steps": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    "tags": tf.io.VarLenFeature(tf.string),
    "weights": tf.io.RaggedFeature(tf.float32),
}


def main(folder: Path) -> None:
    save_graph(folder / "half_plus_two", parse_as_since_2020)
    save_graph(folder / "half_plus_two_of_2017", parse_as_in_2017)
    make_old(folder / "half_plus_two_of_2017" / "saved_model.pb")
    save_mixed(folder / "mixed")
    save_unknown_rank(folder / "unknown_rank")


def save_graph(folder: Path, parse: Any) -> None:
    """Save TensorFlow Serving's half_plus_two, fed by a placeholder of unknown rank."""
    graph = tf.Graph()
    with v1.Session(graph=graph) as session:
        examples = v1.placeholder(tf.string, name="tf_example")
        parsed_x, parsed_x2 = parse(examples)
        x, x2 = tf.identity(parsed_x, name="x"), tf.identity(parsed_x2, name="x2")
        a, b, c = (
            v1.Variable(value, name=name, use_resource=False) for name, value in (("a", 0.5), ("b", 2.0), ("c", 3.0))
        )
        y, y2, y3 = a * x + b, a * x + c, a * x2 + c
        session.run(v1.global_variables_initializer())
        signatures = {
            "serving_default": sign("predict", {"x": x}, {"y": y}),
            "classify_x_to_y": sign("classify", {"inputs": examples}, {"scores": y}),
            "regress_x_to_y": sign("regress", {"inputs": examples}, {"outputs": y}),
            "regress_x_to_y2": sign("regress", {"inputs": examples}, {"outputs": y2}),
            "regress_x2_to_y3": sign("regress", {"inputs": x2}, {"outputs": y3}),
        }
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, [v1.saved_model.SERVING], signature_def_map=signatures)
        builder.save()


def sign(method: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    infos = [
        {name: v1.saved_model.build_tensor_info(tensor) for name, tensor in side.items()} for side in (inputs, outputs)
    ]
    return v1.saved_model.build_signature_def(*infos, f"tensorflow/serving/{method}")


def parse_as_since_2020(examples: Any) -> tuple[Any, Any]:
    parsed = v1.parse_example(examples, HALF)
    return parsed["x"], parsed["x2"]


def parse_as_in_2017(examples: Any) -> tuple[Any, Any]:
    parsed = tf.raw_ops.ParseExample(
        serialized=examples,
        names=tf.constant([], tf.string),
        sparse_keys=["tags"],
        dense_keys=["x", "x2"],
        dense_defaults=[tf.constant([], tf.float32), [0.0]],
        sparse_types=[tf.int64],
        dense_shapes=[[1], [1]],
    )
    return parsed.dense_values[0], parsed.dense_values[1]


def make_old(file: Path) -> None:
    """Rewrite a SavedModel to the form of TensorFlow 1.0.

    Signatures have no shapes, and the placeholder of any shape is declared as a scalar.
    """
    message = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    (meta,) = message.meta_graphs
    meta.graph_def.versions.producer = 21
    for node in meta.graph_def.node:
        if node.name == "tf_example":
            node.attr["shape"].shape.Clear()
    for signature in meta.signature_def.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            info.ClearField("tensor_shape")
    file.write_bytes(message.SerializeToString())


class Mixed(tf.Module):  # type: ignore[misc]
    """A classifier with every kind of feature, parsed in a nested function."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def __call__(self, inputs: Any) -> Any:
        parsed = tf.io.parse_example(inputs, MIXED)
        tags = tf.strings.reduce_join(tf.sparse.to_dense(parsed["tags"], b""), axis=1)
        weight = tf.reduce_sum(parsed["weights"], axis=1) + tf.reduce_sum(parsed["image"], axis=[1, 2])
        steps = tf.reduce_sum(parsed["steps"], axis=1)
        numbers = tf.stack([weight, tf.cast(parsed["age"] + steps, tf.float32)], axis=1)
        return {"classes": tf.stack([parsed["name"][:, 0], tags], axis=1), "scores": numbers}


def save_mixed(folder: Path) -> None:
    mixed = Mixed()
    outer = tf.function(lambda inputs: mixed(tf.identity(inputs)))
    signature = outer.get_concrete_function(tf.TensorSpec([None], tf.string, name="inputs"))
    tf.saved_model.save(mixed, str(folder), signatures={"serving_default": signature})


def save_unknown_rank(folder: Path) -> None:
    module = tf.Module()
    negate = tf.function(lambda x: {"y": -x}).get_concrete_function(tf.TensorSpec(None, tf.float32, name="x"))
    module.negate = negate
    tf.saved_model.save(module, str(folder), signatures={"serving_default": negate})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
