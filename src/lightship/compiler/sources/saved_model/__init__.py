"""TensorFlow SavedModel: a folder, or a .zip or .tar.gz archive of one.

All of its signatures are compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import exports, imports, limits
from lightship.compiler.graph.randomness import random_operators
from lightship.compiler.hints import Hint
from lightship.compiler.sources import archives
from lightship.compiler.sources.additive import Additive
from lightship.compiler.sources.base import GZIP, ZIP, Batch, head
from lightship.compiler.sources.saved_model import examples, output_shapes
from lightship.compiler.sources.saved_model import hints as graph_hints
from lightship.engines.causes import translated
from lightship.engines.tensorflow_calls import call
from lightship.engines.tensorflow_state import Unrestorable, state_of
from lightship.errors import CompileError, EngineError, SourceRefused
from lightship.preprocessing import Program
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

_OTHER_GRAPHS = ("saved_model.pbtxt", "saved_model.cpb")  # other forms of saved_model.pb that TensorFlow reads
_METHODS = {f"tensorflow/serving/{method}": method for method in ("classify", "regress")}


class SavedModel:
    """Importer of SavedModels."""

    name = "saved_model"
    accepts = "a SavedModel (a folder, .zip or .tar.gz)"

    def matches(self, path: Path) -> bool:
        """Return whether a path is a folder with a saved_model.pb, a zip or a gzip file."""
        if path.is_dir():
            return (path / exports.GRAPH).is_file()
        return head(path, 2) in (ZIP, GZIP)

    def owns(self, path: Path) -> bool:
        """Return True: an archive that is not a .keras file, or a folder."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Return a phrase for each reason to refuse operators (:mod:`lightship.graphs`).

        Runs before TensorFlow loads the graph. Raises SourceRefused for links, a second graph, assets outside of the
        folder, operators that TensorFlow does not have, and a model that is too large.
        """
        folder = _folder(path, work)
        for entry in folder.rglob("*"):
            if entry.is_symlink():
                raise SourceRefused(f"{path.name} is refused: '{entry.relative_to(folder)}' is a link")
        for name in _OTHER_GRAPHS:
            if (folder / name).exists():
                raise SourceRefused(f"{path.name} is refused: it holds a second graph, '{name}'")
        limits.check_size(path.name, sum(file.stat().st_size for file in exports.files(folder)))
        message = graphs.read_saved_model(folder / exports.GRAPH, path.name)
        if stray := graphs.stray_assets(message):
            raise SourceRefused(f"{path.name} is refused: its asset {stray[0]:.100} is outside of its folder")
        found = graphs.findings(message)
        if unknown := graphs.phrases_of(finding for finding in found if finding[0] == "unknown"):
            raise SourceRefused(f"{path.name} cannot be loaded: its graph holds {unknown[0]}")
        return graphs.phrases_of(found)

    def load(self, path: Path, work: Path, *, trust: bool) -> SavedModelOriginal:
        """Load the model in TensorFlow."""
        folder = _folder(path, work)
        return SavedModelOriginal(folder, work, path.name)


class SavedModelOriginal:
    """A SavedModel loaded by TensorFlow."""

    subject = "the SavedModel's own signature in TensorFlow"

    def __init__(self, folder: Path, work: Path, label: str) -> None:
        tf = imports.framework("tensorflow")

        self.source: Mapping[str, str] = {"format": "saved_model", "digest": exports.digest(folder)}
        self.notes: list[str] = []
        self.preprocessing: Mapping[str, Program] = {}
        self.additive: Additive | None = None
        self.size = sum(file.stat().st_size for file in exports.files(folder))
        self._work = work
        message = graphs.read_saved_model(folder / exports.GRAPH, label)
        meta = message.meta_graphs[0]  # TensorFlow loads no file with several
        self._folder = _prepare(message, meta, folder, work)
        try:
            self._loaded = tf.saved_model.load(str(self._folder))
        except Exception as error:  # the loader raises exceptions of many classes
            raise translated(SourceRefused, f"TensorFlow cannot load {label}", error) from None
        if not self._loaded.signatures:
            raise SourceRefused(f"{label} has no signature: save it with tf.saved_model.save(..., signatures=...)")
        try:
            self._state = state_of(self._functions().values())
        except Unrestorable as error:
            raise SourceRefused(exports.unrestorable(label, error)) from None
        declared = [
            _with_declarations(_signature(label, name, function), meta) for name, function in self._functions().items()
        ]
        self.signatures = tuple(self._with_measured_shapes(label, signature) for signature in declared)
        self.stateful = bool(self._state)
        self.random_operators = random_operators(self._functions().values())
        self.reset = exports.reset_name(self._state, [signature.name for signature in self.signatures])

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Call the signature's function from the initial state."""
        import tensorflow as tf

        self._state.restore()
        try:
            tensors = {name: tf.constant(array) for name, array in inputs.items()}
            outputs = call(self._loaded.signatures[signature], tensors)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise translated(EngineError, "TensorFlow could not run this input", error) from None
        return {name: np.asarray(value.numpy()) for name, value in outputs.items()}

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """Return :meth:`run` as the only call."""
        return {self.subject: lambda: self.run(signature, inputs)}

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Return the signatures: the file itself is served or converted."""
        return self.signatures

    def hints(self, signature: Signature) -> dict[str, Hint]:
        """Return hints from the lookup tables and image decoders of the graph."""
        return graph_hints.hints_of(self._loaded.signatures[signature.name], signature)

    def candidates(self) -> Iterator[Path]:
        """Yield the folder, or a copy with the signatures only.

        A copy is needed for several signatures or a reset signature: if the exported object has a method ``serve``, as
        every Keras export has, TFLiteConverter silently drops all signatures but the default one.
        """
        import tensorflow as tf

        if len(self.signatures) == 1 and not self.reset:
            yield self._folder
            return
        module = tf.Module()
        module.original = self._loaded
        clean = self._work / "clean"
        exports.save(module, clean, self._functions(), state=self._state, reset=self.reset)
        yield clean

    def saved_model(self, folder: Path) -> bool:
        """Copy the original's files."""
        exports.copy(self._folder, folder)
        return True

    def _with_measured_shapes(self, label: str, signature: Signature) -> Signature:
        """Return the signature; the shapes of outputs of unknown rank are measured."""
        tensors = self._loaded.signatures[signature.name].structured_outputs
        unknown = [name for name, tensor in tensors.items() if tensor.shape.rank is None]
        if not unknown:
            return signature
        try:
            return output_shapes.measure(self._run_limited, signature, self.hints(signature), unknown=unknown)
        except CompileError as error:
            raise SourceRefused(_no_rank(label, unknown[0]), detail=error.message) from None
        except ValueError as error:
            raise SourceRefused(_no_rank(label, str(error))) from None

    def _run_limited(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        with limits.deadline(limits.CALL_SECONDS):
            return self.run(signature, inputs)

    def _functions(self) -> dict[str, Any]:
        return {name: self._loaded.signatures[name] for name in self._names()}

    def _names(self) -> list[str]:
        """Return the signature names: the default one first, then sorted."""
        return sorted(self._loaded.signatures, key=lambda name: (name != DEFAULT_SIGNATURE, name))


def _folder(path: Path, work: Path) -> Path:
    """Return the SavedModel's folder: the source, or its unpacked archive."""
    if path.is_dir():
        return path
    unpacked = work / "unpacked"
    if not unpacked.exists():
        archives.unpack(path, unpacked)
    for graph in sorted([unpacked / exports.GRAPH, *unpacked.glob(f"*/{exports.GRAPH}")]):
        if graph.is_file():
            return graph.parent
    raise SourceRefused(f"{path.name} is an archive without a model: it contains no {exports.GRAPH}")


def _prepare(message: Any, meta: Any, folder: Path, work: Path) -> Path:
    """Return the folder, or a copy where the graph must change to be loaded."""
    changed = [_remove_slots(meta), _mark_unknown_shapes(meta), examples.set_vector_shapes(meta)]
    if not any(changed):
        return folder
    copy = work / "prepared"
    exports.copy(folder, copy)
    (copy / exports.GRAPH).write_bytes(message.SerializeToString(deterministic=True))
    return copy


def _remove_slots(meta: Any) -> bool:
    """Remove the optimizer's slot variables from a graph; return whether any were.

    Slots, such as momenta, are used in training only, and TensorFlow fails to restore those of Keras 2 optimizers:
    "'_UserObject' object has no attribute 'add_slot'".
    """
    nodes = [node for node in meta.object_graph_def.nodes if node.slot_variables]
    for node in nodes:
        del node.slot_variables[:]
    return bool(nodes)


def _mark_unknown_shapes(meta: Any) -> bool:
    """Mark undeclared output shapes as unknown; return whether there were any.

    TensorFlow's loader treats a missing shape as scalar, and refuses outputs that are not scalar.
    """
    outputs = [info for signature in meta.signature_def.values() for info in signature.outputs.values()]
    undeclared = [info for info in outputs if not info.HasField("tensor_shape")]
    for info in undeclared:
        info.tensor_shape.unknown_rank = True
    return bool(undeclared)


def _signature(label: str, name: str, function: Any) -> Signature:
    _, inputs = function.structured_input_signature
    return Signature(
        name=name,
        inputs=tuple(_input(label, key, tensor) for key, tensor in inputs.items()),
        outputs=tuple(_spec(label, key, tensor) for key, tensor in function.structured_outputs.items()),
    )


def _with_declarations(signature: Signature, meta: Any) -> Signature:
    """Return the signature with its method and its inputs of tf.Example messages.

    Only the file declares these; the loaded function does not have them.
    """
    kinds = examples.example_kinds(meta)
    inputs = tuple(replace(spec, kind=kinds.get((signature.name, spec.name))) for spec in signature.inputs)
    method = meta.signature_def[signature.name].method_name
    return signature._replace(inputs=inputs, method=_METHODS.get(method, signature.method))


def _input(label: str, name: str, tensor: Any) -> TensorSpec:
    if tensor.shape.rank is None:
        raise SourceRefused(_no_rank(label, name))
    return _spec(label, name, tensor)


def _no_rank(label: str, name: str) -> str:
    return f"{label}: the tensor '{name}' has an unknown number of dimensions: save the model with a declared shape"


def _spec(label: str, name: str, tensor: Any) -> TensorSpec:
    """Return the tensor's name, dtype and shape; () where its rank is unknown."""
    if tensor.dtype.name not in DTYPES:
        raise SourceRefused(
            f"{label}: the tensor '{name}' has the dtype {tensor.dtype.name}, which requests do not support"
        )
    shape = () if tensor.shape.rank is None else tuple(tensor.shape)
    return TensorSpec(name=name, dtype=tensor.dtype.name, shape=shape)
