"""A Keras model's call as a TensorFlow function.

Covers the names of its tensors, its state, and its export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import exports
from lightship.compiler.graph.randomness import random_operators
from lightship.compiler.sources.keras.errors import translated
from lightship.compiler.sources.keras.export import check as export_check
from lightship.compiler.sources.keras.export import tensor_names
from lightship.compiler.sources.keras.frameworks import Framework
from lightship.engines.tensorflow_state import State, Unrestorable, state_of
from lightship.errors import EngineError, SourceRefused
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

Shape = tuple[int | None, ...]

# Values for an unknown size where Keras cannot trace the model without one, in the order of the attempts.
_SIZES = (128, 32, 512)


class Traced:
    """A model's call as one concrete function.

    ``inputs`` and ``outputs`` are the names of its tensors; ``state`` are the variables and tables that calls change.
    """

    def __init__(
        self, framework: Framework, model: Any, *, like: Traced | None = None, shapes: Sequence[Shape] = ()
    ) -> None:
        self._framework = framework
        self._model = model
        sequential = isinstance(model, framework.module.Sequential)
        self._structure = model.inputs[0] if sequential else model.input
        answer = model.outputs[0] if sequential else model.output
        last = [model.layers[-1].name] if sequential else list(model.output_names)
        first = [tensor.name for tensor in model.inputs]
        inputs, outputs = self._names(self._structure, first), self._names(answer, last)
        self.inputs: list[str] = like.inputs if like else tensor_names.sanitize(inputs, fallback="input")
        self.outputs: list[str] = like.outputs if like else tensor_names.sanitize(outputs, fallback="output")
        declared = [tuple(tensor.shape) for tensor in model.inputs]
        self.shapes: list[Shape] = list(shapes) or (like.shapes if like else declared)
        self._fixed = self.shapes != declared
        self.renamed = [
            *tensor_names.rename_notes("input", inputs, self.inputs),
            *tensor_names.rename_notes("output", outputs, self.outputs),
        ]

    @classmethod
    def of(cls, framework: Framework, model: Any) -> Traced:
        """Return a model's function; raises SourceRefused where Keras cannot trace it.

        Where Keras cannot trace it with unknown sizes, the sizes are fixed.
        """
        traced = cls(framework, model)
        _ = traced.signature  # raises SourceRefused for tensors that requests do not support
        try:
            _ = traced._function
        except SourceRefused as error:
            if fixed := traced._with_fixed_sizes():
                fixed.renamed.append(f"{error.message} with unknown sizes: {_sizes(fixed.signature)}")
                return fixed
            raise
        return traced

    def _with_fixed_sizes(self) -> Traced | None:
        """Return the function with the first traceable fixed size; None without one."""
        for size in _SIZES:
            shapes = [(*shape[:1], *(size if n is None else n for n in shape[1:])) for shape in self.shapes]
            if shapes == self.shapes:
                return None
            fixed = Traced(self._framework, self._model, like=self, shapes=shapes)
            with suppress(SourceRefused):
                _ = fixed._function
                return fixed
        return None

    @property
    def signature(self) -> Signature:
        """Return the function's signature."""
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

    def with_sizes_of(self, inputs: Mapping[str, Array]) -> Traced | None:
        """Return the function with the sizes of these inputs and any batch size.

        None where no size but the batch is unknown.
        """
        shapes = export_check.fixed_shapes(self.shapes, [inputs[name] for name in self.inputs])
        if shapes == self.shapes:
            return None
        self.state.restore()  # the new function takes the current values as its initial values
        return Traced(self._framework, self._model, like=self, shapes=shapes)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the function's outputs in TensorFlow, before it is exported."""
        import tensorflow as tf

        self.state.restore()
        try:
            outputs = self._function([tf.constant(inputs[name]) for name in self.inputs])
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise translated(EngineError, "TensorFlow could not run the export", error) from None
        return {name: np.asarray(value.numpy()) for name, value in outputs.items()}

    def pack(self, arrays: list[Any]) -> Any:
        """Return arrays as the model takes them: a tensor, a list or a dictionary."""
        return self._framework.pack(self._structure, arrays)

    @cached_property
    def state(self) -> State:
        """Return the state that calls change, with the values before the first call."""
        try:
            return state_of([self._function])
        except Unrestorable as error:
            raise SourceRefused(exports.unrestorable("the model", error)) from None

    @property
    def random_operators(self) -> tuple[str, ...]:
        """Return the operators that draw random numbers on which outputs depend."""
        return random_operators([self._function])

    def save(self, folder: Path, *, reset: str) -> None:
        """Write a SavedModel with this function and the objects that it needs."""
        import tensorflow as tf

        module = tf.Module()
        for name, value in self._framework.export_objects(self._model).items():
            setattr(module, name, value)
        # tf_keras does not list all of these in model.variables
        module.changed_variables = [variable for variable, _ in self.state.variables]
        exports.save(module, folder, {DEFAULT_SIGNATURE: self._function}, state=self.state, reset=reset)

    @cached_property
    def _function(self) -> Any:
        import tensorflow as tf

        def call(tensors: list[Any]) -> dict[str, Any]:
            answer = self._framework.flatten(self._model(self.pack(tensors), training=False))
            cast = [tf.cast(each, _wire_dtype(each)) for each in answer]
            return dict(zip(self.outputs, cast, strict=True))

        specs = [
            tf.TensorSpec(shape, _wire_dtype(tensor), name=name)
            for name, shape, tensor in zip(self.inputs, self.shapes, self._model.inputs, strict=True)
        ]
        try:
            return tf.function(call, autograph=False).get_concrete_function(specs)
        except Exception as error:  # layers raise exceptions of any class
            raise translated(SourceRefused, "Keras cannot trace this model", error) from None

    def _names(self, structure: Any, fallback: list[str]) -> list[str]:
        """Return a dictionary's keys, otherwise the layers' names."""
        names = fallback
        if isinstance(structure, dict):
            keys = self._framework.flatten({key: key for key in structure})
            names = keys if len(keys) == len(fallback) else fallback
        return names


def _sizes(signature: Signature) -> str:
    inputs = ", ".join(f"'{spec.name}' {list(spec.shape)}" for spec in signature.inputs)
    return f"the inputs are fixed to {inputs}; for other sizes save the model with them"


def check_export(folder: Path) -> None:
    """Raise SourceRefused where an export contains refused operators.

    A checked configuration should not lead to any.
    """
    found = graphs.phrases_of(graphs.findings(graphs.read_saved_model(folder / exports.GRAPH, "the export")))
    if found:
        raise SourceRefused(f"the model's layers make {'; '.join(found)}. If you trust it, compile it with --trust")


def _wire_dtype(tensor: Any) -> str:
    """Return the dtype in which requests and responses carry a tensor.

    bfloat16, which numpy lacks, is carried as float32.
    """
    import tensorflow as tf

    dtype = str(tf.as_dtype(tensor.dtype).name)
    return "float32" if dtype == "bfloat16" else dtype


def _spec(name: str, tensor: Any) -> TensorSpec:
    if _composite(tensor):
        raise SourceRefused(f"the tensor '{name}' is ragged or sparse, and requests carry dense arrays: add a layer "
                            "that converts from a dense array, and save the model again")  # fmt: skip
    dtype = _wire_dtype(tensor)
    if dtype not in DTYPES:
        raise SourceRefused(f"the tensor '{name}' has the dtype {dtype}, which requests do not support")
    return TensorSpec(name=name, dtype=dtype, shape=tuple(tensor.shape))


def _composite(tensor: Any) -> bool:
    """Return whether a symbolic tensor is ragged or sparse.

    Keras 3 sets an attribute, tf_keras a type specification.
    """
    import tensorflow as tf

    typed = isinstance(getattr(tensor, "type_spec", None), tf.RaggedTensorSpec | tf.SparseTensorSpec)
    return typed or bool(getattr(tensor, "ragged", False) or getattr(tensor, "sparse", False))
