"""TensorFlow's SavedModel: a folder, or a .zip or .tar.gz archive of one. All of its signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import exports, limits
from lightship.compiler.graph.randomness import random_operators
from lightship.compiler.hints import Hint
from lightship.compiler.sources import archives
from lightship.compiler.sources.base import GZIP, ZIP, Batch, head
from lightship.compiler.sources.saved_model import examples, output_shapes
from lightship.compiler.sources.saved_model import hints as graph_hints
from lightship.engines.causes import translated
from lightship.engines.tensorflow_calls import call
from lightship.engines.tensorflow_state import Unrestorable, state_of
from lightship.errors import CompileError, EngineError, SourceRefused
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

_OTHER_GRAPHS = ("saved_model.pbtxt", "saved_model.cpb")  # forms of saved_model.pb that TensorFlow reads, too
_METHODS = {f"tensorflow/serving/{method}": method for method in ("classify", "regress")}


class SavedModel:
    """See :class:`lightship.compiler.sources.base.Importer`."""

    name = "saved_model"
    accepts = "a SavedModel (a folder, .zip or .tar.gz)"

    def matches(self, path: Path) -> bool:
        """A folder with a saved_model.pb, or a zip or gzip file."""
        if path.is_dir():
            return (path / exports.GRAPH).is_file()
        return head(path, 2) in (ZIP, GZIP)

    def owns(self, path: Path) -> bool:
        """A folder, or an archive that is not a .keras file's."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Operators that are not on the list of :mod:`lightship.graphs`, before TensorFlow loads any."""
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
            raise SourceRefused(f"{path.name} is refused: its asset '{stray[0]:.100}' is outside of its folder")
        found = graphs.findings(message)
        if unknown := graphs.phrases_of(finding for finding in found if finding[0] == "unknown"):
            raise SourceRefused(f"{path.name} cannot be loaded: its graph holds {unknown[0]}")
        return graphs.phrases_of(found)

    def load(self, path: Path, work: Path, *, trust: bool) -> SavedModelOriginal:
        """The model in TensorFlow."""
        folder = _folder(path, work)
        return SavedModelOriginal(folder, work, path.name)


class SavedModelOriginal:
    """See :class:`lightship.compiler.sources.base.Original`."""

    subject = "the SavedModel's own signature in TensorFlow"

    def __init__(self, folder: Path, work: Path, label: str) -> None:
        import tensorflow as tf

        self.source: Mapping[str, str] = {"format": "saved_model", "digest": exports.digest(folder)}
        self.notes: list[str] = []
        self.size = sum(file.stat().st_size for file in exports.files(folder))
        self._work = work
        message = graphs.read_saved_model(folder / exports.GRAPH, label)
        meta = message.meta_graphs[0]  # TensorFlow refuses to load one of several
        self._folder = _prepared(message, meta, folder, work)
        try:
            self._loaded = tf.saved_model.load(str(self._folder))
        except Exception as error:  # TensorFlow raises whatever its loader meets
            raise translated(SourceRefused, f"TensorFlow cannot load {label}", error) from None
        if not self._loaded.signatures:
            raise SourceRefused(f"{label} has no signature: save it with tf.saved_model.save(..., signatures=...)")
        try:
            self._state = state_of(self._functions().values())
        except Unrestorable as error:
            raise SourceRefused(exports.unrestorable(label, error)) from None
        stated = [_declared(_signature(label, name, function), meta) for name, function in self._functions().items()]
        self.signatures = tuple(self._completed(label, signature) for signature in stated)
        self.stateful = bool(self._state)
        self.random_operators = random_operators(self._functions().values())
        self.reset = exports.reset_name(self._state, [signature.name for signature in self.signatures])

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The signature's function, on tensors."""
        import tensorflow as tf

        self._state.restore()
        try:
            tensors = {name: tf.constant(array) for name, array in inputs.items()}
            outputs = call(self._loaded.signatures[signature], tensors)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise translated(EngineError, "TensorFlow could not run this input", error) from None
        return {name: np.asarray(value.numpy()) for name, value in outputs.items()}

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """See :class:`lightship.compiler.sources.base.Original`."""
        return {self.subject: lambda: self.run(signature, inputs)}

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Return the signatures: the file itself is what is served or converted."""
        return self.signatures

    def hints(self, signature: Signature) -> dict[str, Hint]:
        """See :class:`lightship.compiler.sources.base.Original`."""
        return graph_hints.hints_of(self._loaded.signatures[signature.name], signature)

    def candidates(self) -> Iterator[Path]:
        """The folder itself; with several signatures, or one that resets the others, one that holds nothing else.

        A method called ``serve`` on the exported object, and every Keras export has one, makes TFLiteConverter drop all
        signatures but the default one, without a word.
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
        """The original's own files."""
        exports.copy(self._folder, folder)
        return True

    def _completed(self, label: str, signature: Signature) -> Signature:
        """The signature with the shapes of outputs that state no number of dimensions, measured by calls."""
        tensors = self._loaded.signatures[signature.name].structured_outputs
        unknown = [name for name, tensor in tensors.items() if tensor.shape.rank is None]
        if not unknown:
            return signature
        try:
            return output_shapes.measured(self._bounded, signature, self.hints(signature), unknown=unknown)
        except CompileError as error:
            raise SourceRefused(_no_rank(label, unknown[0]), detail=error.message) from None
        except ValueError as error:
            raise SourceRefused(_no_rank(label, str(error))) from None

    def _bounded(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        with limits.deadline(limits.CALL_SECONDS):
            return self.run(signature, inputs)

    def _functions(self) -> dict[str, Any]:
        return {name: self._loaded.signatures[name] for name in self._names()}

    def _names(self) -> list[str]:
        """The default signature first, then as the file has them sorted."""
        return sorted(self._loaded.signatures, key=lambda name: (name != DEFAULT_SIGNATURE, name))


def _folder(path: Path, work: Path) -> Path:
    """The SavedModel's folder: the source itself, or where its archive was unpacked."""
    if path.is_dir():
        return path
    unpacked = work / "unpacked"
    if not unpacked.exists():
        archives.unpack(path, unpacked)
    for graph in sorted([unpacked / exports.GRAPH, *unpacked.glob(f"*/{exports.GRAPH}")]):
        if graph.is_file():
            return graph.parent
    raise SourceRefused(f"{path.name} is an archive without a model: it holds no {exports.GRAPH}")


def _prepared(message: Any, meta: Any, folder: Path, work: Path) -> Path:
    """The folder, or a copy of it where its graph needs a change before TensorFlow can load it."""
    changed = [_without_slots(meta), _unstated_shapes(meta), examples.set_vector_shapes(meta)]
    if not any(changed):
        return folder
    copy = work / "prepared"
    exports.copy(folder, copy)
    (copy / exports.GRAPH).write_bytes(message.SerializeToString(deterministic=True))
    return copy


def _without_slots(meta: Any) -> bool:
    """Take the optimizer's slot variables out of a graph; whether there were any.

    Slots (momenta and the like) serve training only, and TensorFlow fails to restore those of Keras 2 optimizers:
    "'_UserObject' object has no attribute 'add_slot'".
    """
    nodes = [node for node in meta.object_graph_def.nodes if node.slot_variables]
    for node in nodes:
        del node.slot_variables[:]
    return bool(nodes)


def _unstated_shapes(meta: Any) -> bool:
    """Make unknown the outputs' shapes that a signature does not state; whether there were any.

    TensorFlow's loader takes a shape that is not there for a scalar's, and refuses outputs that are none.
    """
    outputs = [info for signature in meta.signature_def.values() for info in signature.outputs.values()]
    unstated = [info for info in outputs if not info.HasField("tensor_shape")]
    for info in unstated:
        info.tensor_shape.unknown_rank = True
    return bool(unstated)


def _signature(label: str, name: str, function: Any) -> Signature:
    _, inputs = function.structured_input_signature
    return Signature(
        name=name,
        inputs=tuple(_input(label, key, tensor) for key, tensor in inputs.items()),
        outputs=tuple(_spec(label, key, tensor) for key, tensor in function.structured_outputs.items()),
    )


def _declared(signature: Signature, meta: Any) -> Signature:
    """The signature with what the file says of it beyond its tensors: its method, and inputs that take examples."""
    kinds = examples.example_kinds(meta)
    inputs = tuple(replace(spec, kind=kinds.get((signature.name, spec.name))) for spec in signature.inputs)
    method = meta.signature_def[signature.name].method_name
    return signature._replace(inputs=inputs, method=_METHODS.get(method, signature.method))


def _input(label: str, name: str, tensor: Any) -> TensorSpec:
    if tensor.shape.rank is None:
        raise SourceRefused(_no_rank(label, name))
    return _spec(label, name, tensor)


def _no_rank(label: str, name: str) -> str:
    return f"{label}: the tensor '{name}' has no known number of dimensions: save it with a shape"


def _spec(label: str, name: str, tensor: Any) -> TensorSpec:
    """The tensor's name, dtype and shape; () where its number of dimensions is unknown."""
    if tensor.dtype.name not in DTYPES:
        raise SourceRefused(f"{label}: the tensor '{name}' is {tensor.dtype.name}, which no request can carry")
    shape = () if tensor.shape.rank is None else tuple(tensor.shape)
    return TensorSpec(name=name, dtype=tensor.dtype.name, shape=shape)
