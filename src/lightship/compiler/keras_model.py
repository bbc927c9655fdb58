"""A loaded Keras model: its signature, its own predictions, and its export as a SavedModel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import export_check, exports, keras_hints, tensor_names
from lightship.compiler.frameworks import Framework
from lightship.compiler.hints import Hint
from lightship.compiler.importers.base import Batch
from lightship.compiler.keras_errors import translated
from lightship.compiler.unrolling import unrolled
from lightship.engines.tensorflow_state import State, Unrestorable, state_of
from lightship.errors import CompileError, EngineError, SourceRefused
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

Shape = tuple[int | None, ...]


def load_keras(
    path: Path, work: Path, source: Mapping[str, str], *, framework: Framework, trust: bool
) -> KerasOriginal:
    """Let the package of its version open a checked file; its training state stays closed. Raises SourceRefused."""
    try:
        model = framework.load(path, trust=trust)
    except Exception as error:  # Keras raises whatever its layers raise
        what = f"{framework.package} {framework.version} cannot load {path.name}"
        raise translated(SourceRefused, what, error) from None
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise _unusable(path.name, model, framework)
    keras_hints.check_vocabularies(path.name, model)
    origin = dict(source) | {framework.package: framework.version}
    return KerasOriginal(model, work, origin, path.stat().st_size, framework=framework, trust=trust)


def _unusable(label: str, model: Any, framework: Framework) -> SourceRefused:
    """Return the error for a model that has no inputs or outputs."""
    layers = getattr(model, "layers", None)
    if layers == [] and isinstance(model, framework.module.Sequential):
        return SourceRefused(f"{label} holds an empty Sequential: add layers, then save the model again")
    if layers and (shape := _declared_shape(model)):
        try:
            model(framework.module.Input(batch_shape=shape))
        except Exception as error:  # Keras builds a Sequential without its inputs where a layer fails
            return translated(SourceRefused, f"{label} cannot be built", error)
    return SourceRefused(f"{label} holds a model whose input shape is not known: call it once, then save it")


def _declared_shape(model: Any) -> Any:
    """Return the shape that the first layer of a Sequential declares; None where it does not."""
    configs = model.get_config().get("layers") or [{}]
    return configs[0].get("config", {}).get("batch_shape")


class KerasOriginal:
    """See :class:`lightship.compiler.importers.base.Original`. The one signature is called ``serving_default``.

    Layers with ``stateful=True`` keep variables from call to call: these are set back before each call and export.
    """

    def __init__(
        self, model: Any, work: Path, source: Mapping[str, str], size: int, *, framework: Framework, trust: bool
    ) -> None:
        self.source = source
        self.size = size
        self.subject = f"{framework.title} model.predict"
        self._framework = framework
        self._trust = trust
        self._model = model
        self._work = work
        self._traced = _Traced(framework, model)
        self.notes = self._traced.renamed
        self.signatures: tuple[Signature, ...] = (self._traced.signature,)

    @property
    def stateful(self) -> bool:
        """See :class:`lightship.compiler.importers.base.Original`."""
        return bool(self._traced.state)

    @property
    def reset(self) -> str:
        """See :class:`lightship.compiler.importers.base.Original`."""
        return exports.reset_name(self._traced.state, [DEFAULT_SIGNATURE])

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """``model.predict`` of all rows as one batch."""
        import tensorflow as tf

        self._traced.state.restore()
        arrays = [inputs[name] for name in self._traced.inputs]
        plain = [tf.constant(array) if array.dtype == np.object_ else array for array in arrays]
        try:
            answer = self._model.predict(self._traced.packed(plain), batch_size=len(arrays[0]), verbose=0)
        except Exception as error:  # whatever the layers raise
            raise translated(EngineError, "Keras could not run this input", error) from None
        flat = map(np.asarray, self._framework.flatten(answer))
        return dict(zip(self._traced.outputs, flat, strict=True))

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """See :class:`lightship.compiler.importers.base.Original`."""
        import tensorflow as tf

        title, packed = (
            self._framework.title,
            self._traced.packed([tf.constant(inputs[n]) for n in self._traced.inputs]),
        )
        return {
            self.subject: lambda: self.run(signature, inputs),
            f"{title} model.predict_on_batch": lambda: self._model.predict_on_batch(packed),
            f"{title} model(...)": lambda: self._model(packed, training=False),
            "the exported signature in TensorFlow": lambda: self._traced.run(inputs),
        }

    def hints(self, signature: Signature) -> dict[str, Hint]:
        """See :class:`lightship.compiler.importers.base.Original`."""
        return keras_hints.hints_of(self._model, self._traced.inputs)

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """See :class:`lightship.compiler.importers.base.Original`."""
        recorded = batches[DEFAULT_SIGNATURE]
        if not (wrong := export_check.difference(self._traced.run, recorded)):
            return self.signatures
        where = self._wrong_layer(recorded[-1][0])
        fixed = self._traced.fixed(recorded[-1][0])
        if fixed:
            wrong = export_check.difference(fixed.run, recorded)
        if wrong or not fixed:
            raise CompileError(f"the export of {where} computes otherwise than the model: {wrong}")
        self._traced, self.signatures = fixed, (fixed.signature,)
        sizes = ", ".join(f"'{spec.name}' {list(spec.shape)}" for spec in fixed.signature.inputs)
        self.notes.append(
            f"the export of {where} computes otherwise than the model where a size is unknown: the inputs are fixed "
            f"to the sizes of the compared data, {sizes}"
        )
        return self.signatures

    def _wrong_layer(self, inputs: Mapping[str, Array]) -> str:
        """Return the layer whose export is wrong, or the model where it is not found, as part of a sentence."""
        with suppress(Exception):  # whatever the layers raise: it is for a message only
            arrays = [inputs[name] for name in self._traced.inputs]
            package = self._framework.module
            if layer := export_check.first_wrong_layer(package, self._model, arrays, self._traced.shapes):
                return f"layer {layer}"
        return "the model"

    def candidates(self) -> Iterator[Path]:
        """The model as it is, then with its recurrent layers unrolled."""
        plain = self._work / "exported"
        self._export(self._traced, plain, reset=self.reset)
        yield plain
        self._traced.state.restore()  # what the copy holds as initial values are the values of now
        if copy := unrolled(self._framework, self._model):
            folder = self._work / "unrolled"
            self._export(_Traced(self._framework, copy, like=self._traced), folder, reset=self.reset)
            yield folder

    def saved_model(self, folder: Path) -> bool:
        """An export that is the same bytes each time."""
        self._export(self._traced, folder, reset="")
        exports.normalise(folder)
        return True

    def _export(self, traced: _Traced, folder: Path, *, reset: str) -> None:
        traced.save(folder, reset=reset)
        if not self._trust:
            _check_export(folder)


class _Traced:
    """A model's call as one concrete function, with the names of its tensors and the variables that it changes."""

    def __init__(
        self, framework: Framework, model: Any, *, like: _Traced | None = None, shapes: Sequence[Shape] = ()
    ) -> None:
        self._framework = framework
        self._model = model
        sequential = isinstance(model, framework.module.Sequential)
        self._structure = model.inputs[0] if sequential else model.input
        answer = model.outputs[0] if sequential else model.output
        last = [model.layers[-1].name] if sequential else list(model.output_names)
        first = [tensor.name for tensor in model.inputs]
        inputs, outputs = self._names(self._structure, first), self._names(answer, last)
        self.inputs: list[str] = like.inputs if like else tensor_names.fit(inputs, fallback="input")
        self.outputs: list[str] = like.outputs if like else tensor_names.fit(outputs, fallback="output")
        stated = [tuple(tensor.shape) for tensor in model.inputs]
        self.shapes: list[Shape] = list(shapes) or (like.shapes if like else stated)
        self._fixed = self.shapes != stated
        self.renamed = [
            *tensor_names.changes("input", inputs, self.inputs),
            *tensor_names.changes("output", outputs, self.outputs),
        ]

    @property
    def signature(self) -> Signature:
        """The function's inputs and outputs."""
        inputs = map(_spec, self.inputs, self._model.inputs)
        outputs = tuple(map(_spec, self.outputs, self._model.outputs))
        if self._fixed:
            traced = self._function.structured_outputs
            outputs = tuple(replace(spec, shape=tuple(traced[spec.name].shape)) for spec in outputs)
        return Signature(
            name=DEFAULT_SIGNATURE,
            inputs=tuple(replace(spec, shape=shape) for spec, shape in zip(inputs, self.shapes, strict=True)),
            outputs=outputs,
        )

    def fixed(self, inputs: Mapping[str, Array]) -> _Traced | None:
        """Return the function for the sizes of these inputs, with any batch; None where no other size is unknown."""
        shapes = export_check.fixed_shapes(self.shapes, [inputs[name] for name in self.inputs])
        if shapes == self.shapes:
            return None
        self.state.restore()  # what the other holds as initial values are the values of now
        return _Traced(self._framework, self._model, like=self, shapes=shapes)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return what the function answers in TensorFlow, before it is exported."""
        import tensorflow as tf

        self.state.restore()
        try:
            outputs = self._function([tf.constant(inputs[name]) for name in self.inputs])
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise translated(EngineError, "TensorFlow could not run the export", error) from None
        return {name: np.asarray(value.numpy()) for name, value in outputs.items()}

    def packed(self, arrays: list[Any]) -> Any:
        """Return arrays in the form that the model is called with: a tensor, a list or a dictionary."""
        return self._framework.pack(self._structure, arrays)

    @cached_property
    def state(self) -> State:
        """What calls change, with the values of before the first one."""
        try:
            return state_of([self._function])
        except Unrestorable as error:
            raise SourceRefused(exports.unrestorable("the model", error)) from None

    def save(self, folder: Path, *, reset: str) -> None:
        """Write a SavedModel with this function and all that it needs."""
        import tensorflow as tf

        module = tf.Module()
        for name, value in self._framework.tracked(self._model).items():
            setattr(module, name, value)
        exports.save(module, folder, {DEFAULT_SIGNATURE: self._function}, state=self.state, reset=reset)

    @cached_property
    def _function(self) -> Any:
        import tensorflow as tf

        def call(tensors: list[Any]) -> dict[str, Any]:
            answer = self._model(self.packed(tensors), training=False)
            return dict(zip(self.outputs, self._framework.flatten(answer), strict=True))

        specs = [
            tf.TensorSpec(shape, tensor.dtype, name=name)
            for name, shape, tensor in zip(self.inputs, self.shapes, self._model.inputs, strict=True)
        ]
        try:
            return tf.function(call, autograph=False).get_concrete_function(specs)
        except Exception as error:  # whatever the layers raise
            raise translated(SourceRefused, "Keras cannot trace this model", error) from None

    def _names(self, structure: Any, fallback: list[str]) -> list[str]:
        """Return a dictionary's keys, otherwise the layers' names."""
        names = fallback
        if isinstance(structure, dict):
            keys = self._framework.flatten({key: key for key in structure})
            names = keys if len(keys) == len(fallback) else fallback
        return names


def _check_export(folder: Path) -> None:
    """Refuse operators that a checked configuration should not have led to; raises SourceRefused."""
    found = graphs.phrases_of(graphs.findings(graphs.read_saved_model(folder / exports.GRAPH, "the export")))
    if found:
        raise SourceRefused(f"the model's layers make {'; '.join(found)}. If you trust it, compile it with --trust")


def _spec(name: str, tensor: Any) -> TensorSpec:
    import tensorflow as tf

    if _composite(tensor):
        raise SourceRefused(f"the tensor '{name}' is ragged or sparse, and a request carries arrays: add a layer that "
                            "makes it of an array, and save the model again")  # fmt: skip
    dtype = tf.as_dtype(tensor.dtype).name
    if dtype not in DTYPES:
        raise SourceRefused(f"the tensor '{name}' is {dtype}, which no request can carry")
    return TensorSpec(name=name, dtype=dtype, shape=tuple(tensor.shape))


def _composite(tensor: Any) -> bool:
    """Return whether a symbolic tensor stands for a ragged or sparse one; Keras 3 marks it, tf_keras types it."""
    import tensorflow as tf

    typed = isinstance(getattr(tensor, "type_spec", None), tf.RaggedTensorSpec | tf.SparseTensorSpec)
    return typed or bool(getattr(tensor, "ragged", False) or getattr(tensor, "sparse", False))
