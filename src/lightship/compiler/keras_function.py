"""A Keras model's call as a TensorFlow function: the names of its tensors, its state, and its export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import exports, tensor_names
from lightship.compiler.frameworks import Framework
from lightship.compiler.keras_errors import translated
from lightship.engines.tensorflow_state import State, Unrestorable, state_of
from lightship.errors import SourceRefused
from lightship.tensors import DTYPES, Signature, TensorSpec


class Traced:
    """A model's call as one concrete function, with the names of its tensors and the variables that it changes.

    ``like`` is the model of which this one is a copy: its names and shapes are taken. ``shapes`` are the inputs', where
    they are not the model's own.
    """

    def __init__(
        self,
        framework: Framework,
        model: Any,
        *,
        like: Traced | None = None,
        shapes: list[tuple[int | None, ...]] | None = None,
    ) -> None:
        self._framework = framework
        self._model = model
        sequential = isinstance(model, framework.module.Sequential)
        self._fixed: list[tuple[int | None, ...]] | None = shapes or (like._fixed if like else None)
        self.shapes: list[tuple[int | None, ...]] = self._fixed or [tuple(tensor.shape) for tensor in model.inputs]
        self._structure = model.inputs[0] if sequential else model.input
        answer = model.outputs[0] if sequential else model.output
        last = [model.layers[-1].name] if sequential else list(model.output_names)
        first = [tensor.name for tensor in model.inputs]
        inputs, outputs = self._names(self._structure, first), self._names(answer, last)
        self.inputs: list[str] = like.inputs if like else tensor_names.fit(inputs, fallback="input")
        self.outputs: list[str] = like.outputs if like else tensor_names.fit(outputs, fallback="output")
        self.renamed = [
            *tensor_names.changes("input", inputs, self.inputs),
            *tensor_names.changes("output", outputs, self.outputs),
        ]

    @property
    def signature(self) -> Signature:
        """The function's inputs and outputs."""
        inputs: Iterable[TensorSpec] = map(_spec, self.inputs, self._model.inputs)
        outputs: Iterable[TensorSpec] = map(_spec, self.outputs, self._model.outputs)
        if self._fixed:
            exported = self.function.structured_outputs
            inputs = (replace(spec, shape=shape) for spec, shape in zip(inputs, self.shapes, strict=True))
            outputs = (replace(spec, shape=tuple(exported[spec.name].shape)) for spec in outputs)
        return Signature(name=DEFAULT_SIGNATURE, inputs=tuple(inputs), outputs=tuple(outputs))

    def packed(self, arrays: list[Any]) -> Any:
        """Return arrays in the form that the model is called with: a tensor, a list or a dictionary."""
        return self._framework.pack(self._structure, arrays)

    @cached_property
    def state(self) -> State:
        """What calls change, with the values of before the first one."""
        try:
            return state_of([self.function])
        except Unrestorable as error:
            raise SourceRefused(exports.unrestorable("the model", error)) from None

    def save(self, folder: Path, *, reset: str) -> None:
        """Write a SavedModel with this function and all that it needs."""
        import tensorflow as tf

        module = tf.Module()
        for name, value in self._framework.tracked(self._model).items():
            setattr(module, name, value)
        exports.save(module, folder, {DEFAULT_SIGNATURE: self.function}, state=self.state, reset=reset)

    @cached_property
    def function(self) -> Any:
        """The concrete function: of a list of tensors, in the order of ``inputs``."""
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


def check_export(folder: Path) -> None:
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
