"""SavedModels with effects outside of the model, one for each way.

Made by ``python -m tests.graphs.hostile_models FOLDER`` in a separate process, so that the test process never imports
TensorFlow. No harmful operator is run here; the files that the models name are created for this purpose.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2, tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import op_def_library

from lightship.bundle import DEFAULT_SIGNATURE, SAVED_MODEL, Manifest, digests, write_manifest
from lightship.compiler.sources.saved_model import SavedModel
from lightship.errors import SourceRefused
from lightship.graphs.messages import function_defs
from lightship.tensors import Signature, TensorSpec

Edit = Callable[[Any], None]


def main(folder: Path) -> None:
    victim = folder / "victim.txt"
    victim.write_text("s3cret\nsecond line\n")
    (folder / "operators.json").write_text(json.dumps(registered()))
    for name, call in calls(str(victim)).items():
        save(folder / name, call)
    for name, (call, edit) in edits(str(victim)).items():
        save(folder / name, call, edit=edit)
    save_vocabularies(folder, victim)
    save_savers(folder)
    save_bundles(folder)
    models = sorted(graph.parent for graph in folder.glob("*/saved_model.pb"))
    (folder / "checked.json").write_text(json.dumps({model.name: checked(model) for model in models}))


def save_bundles(folder: Path) -> None:
    """Write bundles of an earlier Lightship; one was compiled with --trust."""
    x, y = TensorSpec("x", "float32", (None, 3)), TensorSpec("y", "float32", (None, 1))
    signature = Signature(name=DEFAULT_SIGNATURE, inputs=(x,), outputs=(y,))
    for name, source, trusted in (
        ("old", "process", ()),
        ("old-trusted", "process", ("operators that end or delay the process: Abort",)),
        ("old-asset", "vocabulary-dots", ()),
        ("old-good", "good-vocabulary", ()),
    ):
        bundle = folder / "bundles" / name
        shutil.copytree(folder / source, bundle / SAVED_MODEL)
        files = digests(bundle)
        write_manifest(bundle, Manifest(engine="tensorflow", signatures=(signature,), files=files, trusted=trusted))


def checked(model: Path) -> dict[str, Any]:
    """Return the importer's phrases for a model, or the message that refuses it."""
    try:
        return {"phrases": SavedModel().check(model, model)}
    except SourceRefused as refusal:
        return {"refused": refusal.message}


def registered() -> list[str]:
    """Return all operators in TensorFlow's registry."""
    listed = op_def_pb2.OpList.FromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return [operator.name for operator in listed.op]


def apply(operator: str, **arguments: Any) -> Any:
    return op_def_library.apply_op(operator, **arguments)


def after(x: Any, *operators: Any) -> dict[str, Any]:
    """Return the output, computed only after the operators have run."""
    with tf.control_dependencies([getattr(operator, "op", operator) for operator in operators]):
        return {"y": tf.reduce_sum(x, axis=1, keepdims=True)}


def calls(victim: str) -> dict[str, Callable[[Any], dict[str, Any]]]:
    """Return models that run an operator, by the reason for its refusal."""
    empty = tf.TensorShape([])
    return {
        "files-calibration": lambda x: after(
            x,
            apply(
                "CalibrationStatisticsSaver",
                args=[tf.reduce_min(x), tf.reduce_max(x), tf.zeros([0], tf.int64)],
                ids=["a"],
                calibration_methods=[1],
                output_file_path=victim,
            ),
        ),
        "files-vocabulary": lambda x: after(
            x,
            *tf.raw_ops.FixedUnigramCandidateSampler(
                true_classes=tf.zeros([1, 1], tf.int64),
                num_true=1,
                num_sampled=1,
                unique=False,
                range_max=2,
                vocab_file=victim,
            ),
        ),
        "files-descriptors": lambda x: after(
            x,
            tf.raw_ops.DecodeProtoV2(
                bytes=tf.constant([""]),
                message_type="m",
                field_names=["f"],
                output_types=[tf.int32],
                descriptor_source=victim,
            ).sizes,
        ),
        "process": lambda x: {
            "y": tf.cond(
                tf.reduce_any(tf.equal(x, 1337.0)),
                lambda: after(x, tf.raw_ops.Abort(error_msg="boom", exit_without_error=False))["y"],
                lambda: after(x)["y"],
            )
        },
        "debug": lambda x: after(
            x, tf.raw_ops.Copy(input=x, debug_ops_spec=[f"DebugIdentity;file://{victim}.dump;0"], tensor_name="x")
        ),
        "debug-summary": lambda x: after(
            x, tf.raw_ops.FlushSummaryWriter(writer=tf.raw_ops.SummaryWriter(shared_name="", container=""))
        ),
        "print": lambda x: after(x, tf.raw_ops.PrintV2(input="x", output_stream=f"file://{victim}.log", end="")),
        "datasets": lambda x: after(
            x, tf.raw_ops.AnonymousIteratorV3(output_types=[tf.float32], output_shapes=[empty])
        ),
        "waiting": lambda x: {
            "y": tf.reduce_sum(x, axis=1, keepdims=True)
            + tf.raw_ops.QueueDequeueV2(
                handle=tf.raw_ops.FIFOQueueV2(component_types=[tf.float32]), component_types=[tf.float32]
            )[0]
        },
        "network": lambda x: after(x, apply("XlaRecvFromHost", Toutput=tf.float32, shape=empty, key="k")),
        "memory-empty": lambda x: {"y": tf.raw_ops.Empty(shape=tf.shape(x), dtype=tf.float32)},
        "memory-handle": lambda x: {
            "y": x + tf.raw_ops.ReadVariableOp(
                resource=tf.raw_ops.ParseTensor(serialized=handle().SerializeToString(), out_type=tf.resource),
                dtype=tf.float32,
            )
        },
        "programs": lambda x: {
            "y": apply(
                "XlaCustomCallV2", operands=[x], call_target_name="t", backend_config="", has_side_effect=True,
                result_dtypes=[tf.float32], result_shapes=[empty],
            )[0]
        },
        "devices": lambda x: after(x, apply("ShutdownTPUSystem")),
        "saver": lambda x: after(
            x, tf.raw_ops.ShardedFilename(basename=victim, shard=0, num_shards=1),
            tf.raw_ops.SaveV2(prefix=victim, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)]),
        ),
    }  # fmt: skip


def edits(victim: str) -> dict[str, tuple[Callable[[Any], dict[str, Any]], Edit]]:
    """Return models whose graphs are edited as TensorFlow would not write them."""

    def scale(x: Any) -> dict[str, Any]:
        return {"y": tf.reduce_sum(x, axis=1, keepdims=True) * tf.constant(2.0)}

    def change(operator: str, **attributes: Any) -> Edit:
        def edit(meta: Any) -> None:
            for node in nodes(meta):
                if node.op == operator:
                    for name, value in attributes.items():
                        value(node, name)

        return edit

    def becomes(operator: str) -> Callable[[Any, str], None]:
        return lambda node, name: setattr(node, "op", operator)

    def resource(node: Any, name: str) -> None:
        node.attr["dtype"].type = types_pb2.DT_RESOURCE
        node.attr["value"].tensor.CopyFrom(handle())

    def foreign(node: Any, name: str) -> None:
        node.attr["f"].func.name = "__inference_of_another_model_1"

    def nested(node: Any, name: str) -> None:
        node.attr["g"].list.func.add().attr["h"].func.name = "WriteFile"

    return {
        "internal": (scale, change("Mul", op=becomes("_MklElu"))),
        "unknown": (scale, change("Mul", op=becomes("SendWeights"))),
        "unknown-name": (scale, change("Mul", op=becomes("Mul, ReadFile\n"))),
        "memory-constant": (scale, change("Const", value=resource)),
        "programs-foreign": (scale, change("PartitionedCall", f=foreign)),
        "programs-nested": (scale, change("Mul", g=nested)),
    }


def nodes(meta: Any) -> list[Any]:
    return [*meta.graph_def.node, *(node for function in function_defs(meta.graph_def) for node in function.node_def)]


def handle() -> Any:
    """Return a tensor that names a variable of the process."""
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_RESOURCE)
    tensor.tensor_shape.SetInParent()
    resource = tensor.resource_handle_val.add()
    resource.device, resource.container = "/job:localhost/replica:0/task:0/device:CPU:0", "localhost"
    resource.name, resource.maybe_type_name = "weights", "N10tensorflow3VarE"
    return tensor


def save(folder: Path, call: Callable[[Any], dict[str, Any]], *, edit: Edit | None = None) -> None:
    module = tf.Module()
    specification = tf.TensorSpec([None, 3], tf.float32, name="x")
    module.serve = tf.function(call, autograph=False, input_signature=[specification])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    if edit is not None:
        rewrite(folder, edit)


def rewrite(folder: Path, edit: Edit) -> None:
    message = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    edit(message.meta_graphs[0])
    (folder / "saved_model.pb").write_bytes(message.SerializeToString())


class Lookup(tf.Module):  # type: ignore[misc]
    """Model with a vocabulary; ``filename`` maps its asset's path to the used path."""

    def __init__(self, vocabulary: Path, filename: Callable[[Any], Any] = lambda path: path) -> None:
        super().__init__()
        initializer = tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        if filename is not Lookup.__init__.__defaults__[0]:  # type: ignore[index]
            initializer = OtherFileInitializer(initializer, filename)
        self.table = tf.lookup.StaticHashTable(initializer, -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="word")])
    def serve(self, word: Any) -> Any:
        return {"number": self.table.lookup(word)}


class OtherFileInitializer(tf.lookup.TextFileInitializer):  # type: ignore[misc]
    """Initializer that fills the table from another file than its asset."""

    def __init__(self, original: Any, filename: Callable[[Any], Any]) -> None:
        super().__init__(
            original._filename_arg, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )  # fmt: skip
        self._other = filename

    def initialize(self, table: Any) -> Any:
        filename = self._other(self._filename)
        return tf.raw_ops.InitializeTableFromTextFileV2(
            table_handle=table.resource_handle, filename=filename, key_index=-2, value_index=-1
        )


def save_vocabularies(folder: Path, victim: Path) -> None:
    vocabulary = folder / "vocabulary.txt"
    vocabulary.write_text("red\ngreen\n")
    root, name = str(victim.parent), victim.name
    models = {
        "good-vocabulary": Lookup(vocabulary),
        "vocabulary-constant": Lookup(vocabulary, lambda path: tf.constant(str(victim))),
        "vocabulary-joined": Lookup(vocabulary, lambda path: tf.strings.join([root, name], separator="/")),
        "vocabulary-identity": Lookup(vocabulary, lambda path: tf.identity(tf.constant(str(victim)))),
    }
    for name, model in models.items():
        tf.saved_model.save(model, str(folder / name), signatures={"serving_default": model.serve})
    shutil.copytree(folder / "good-vocabulary", folder / "vocabulary-dots")
    rewrite(folder / "vocabulary-dots", lambda meta: setattr(meta.asset_file_def[0], "filename", "../../victim.txt"))
    shutil.copytree(folder / "good-vocabulary", folder / "vocabulary-absolute")
    rewrite(folder / "vocabulary-absolute", lambda meta: setattr(meta.asset_file_def[0], "filename", str(victim)))
    shutil.copytree(folder / "good-vocabulary", folder / "second-graph")
    (folder / "second-graph" / "saved_model.pbtxt").write_text("")
    for name, served in (("good-old-vocabulary", False), ("vocabulary-served", True)):
        with tf.compat.v1.Graph().as_default(), tf.compat.v1.Session() as session:
            save_old_vocabulary(session, folder / name, vocabulary, served=served)
    shutil.copytree(folder / "good-old-vocabulary", folder / "vocabulary-old-dots")
    rewrite(folder / "vocabulary-old-dots", point_old_asset_outside)


def save_old_vocabulary(session: Any, folder: Path, vocabulary: Path, *, served: bool) -> None:
    """Save a vocabulary as TensorFlow 1 does.

    The asset is a constant, whose own value is used wherever the asset is not substituted for it.
    """
    old = tf.compat.v1
    word = old.placeholder(tf.string, [None])
    asset = old.constant(str(vocabulary))
    old.add_to_collection(old.GraphKeys.ASSET_FILEPATHS, asset)
    table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    fill = tf.raw_ops.InitializeTableFromTextFileV2(table_handle=table, filename=asset, key_index=-2, value_index=-1)
    with old.control_dependencies([fill] if served else []):
        number = tf.raw_ops.LookupTableFindV2(table_handle=table, keys=word, default_value=tf.constant(-1, tf.int64))
    signature = old.saved_model.predict_signature_def({"word": word}, {"number": number})
    builder = old.saved_model.Builder(str(folder))
    builder.add_meta_graph_and_variables(
        session, [tf.saved_model.SERVING], {"serving_default": signature}, main_op=fill,
        assets_collection=old.get_collection(old.GraphKeys.ASSET_FILEPATHS),
    )  # fmt: skip
    builder.save()


def point_old_asset_outside(meta: Any) -> None:
    packed = meta.collection_def["saved_model_assets"].any_list.value[0]
    asset = meta_graph_pb2.AssetFileDef.FromString(packed.value)
    asset.filename = "../../victim.txt"
    packed.value = asset.SerializeToString()


def save_savers(folder: Path) -> None:
    """Save models with a saver of TensorFlow 1: loading runs its restoring node."""
    old = tf.compat.v1
    with old.Graph().as_default(), old.Session() as session:
        x = old.placeholder(tf.float32, [None, 3])
        weights = old.get_variable("weights", initializer=[1.0, 2.0, 3.0])
        signature = old.saved_model.predict_signature_def({"x": x}, {"y": x * weights})
        session.run(old.global_variables_initializer())
        builder = old.saved_model.Builder(str(folder / "good-saver"))
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], {"serving_default": signature})
        builder.save()
    shutil.copytree(folder / "good-saver", folder / "saver-restores-by-saving")
    rewrite(folder / "saver-restores-by-saving", restore_by_saving)
    shutil.copytree(folder / "good-saver", folder / "saver-restores-other-file")
    rewrite(folder / "saver-restores-other-file", restore_other_file)


def restore_by_saving(meta: Any) -> None:
    """Make the restoring node depend on a saving node."""
    saving = next(node for node in meta.graph_def.node if node.op == "SaveV2")
    restoring = next(node for node in meta.graph_def.node if node.name == meta.saver_def.restore_op_name)
    restoring.input.append(f"^{saving.name}")


def restore_other_file(meta: Any) -> None:
    """Make the restoring node read a file that the graph names."""
    names = next(node for node in meta.graph_def.node if node.name.endswith("RestoreV2/tensor_names"))
    restoring = next(node for node in meta.graph_def.node if node.op == "RestoreV2")
    restoring.input[0] = names.name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
