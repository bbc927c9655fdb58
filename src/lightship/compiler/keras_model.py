"""A loaded Keras model: its signature, its own predictions, and its export as a SavedModel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import exports
from lightship.compiler.frameworks import Framework
from lightship.compiler.unrolling import unrolled
from lightship.engines.causes import translated
from lightship.engines.tensorflow_state import State, Unrestorable, state_of
from lightship.errors import EngineError, SourceRefused
from lightship.tensors import DTYPES, Array, Signature, TensorSpec


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
        raise SourceRefused(f"{path.name} holds a model whose input shape is not known: call it once, then save it")
    origin = dict(source) | {framework.package: framework.version}
    return KerasOriginal(model, work, origin, path.stat().st_size, framework=framework, trust=trust)


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
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise translated(EngineError, "Keras could not run this input", error) from None
        flat = map(np.asarray, self._framework.flatten(answer))
        return dict(zip(self._traced.outputs, flat, strict=True))

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

    def __init__(self, framework: Framework, model: Any, *, like: _Traced | None = None) -> None:
        self._framework = framework
        self._model = model
        sequential = isinstance(model, framework.module.Sequential)
        self._structure = model.inputs[0] if sequential else model.input
        answer = model.outputs[0] if sequential else model.output
        last = [model.layers[-1].name] if sequential else list(model.output_names)
        first = [tensor.name for tensor in model.inputs]
        self.inputs: list[str] = like.inputs if like else self._names(self._structure, first)
        self.outputs: list[str] = like.outputs if like else self._names(answer, last)

    @property
    def signature(self) -> Signature:
        """The function's inputs and outputs."""
        return Signature(
            name=DEFAULT_SIGNATURE,
            inputs=tuple(map(_spec, self.inputs, self._model.inputs)),
            outputs=tuple(map(_spec, self.outputs, self._model.outputs)),
        )

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

        def call(**inputs: Any) -> dict[str, Any]:
            answer = self._model(self.packed([inputs[name] for name in self.inputs]), training=False)
            return dict(zip(self.outputs, self._framework.flatten(answer), strict=True))

        specs = {
            name: tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
            for name, tensor in zip(self.inputs, self._model.inputs, strict=True)
        }
        return tf.function(call, autograph=False).get_concrete_function(**specs)

    def _names(self, structure: Any, fallback: list[str]) -> list[str]:
        """Return a dictionary's keys, otherwise the layers' names; made unique, and fit for a signature and a file."""
        names = fallback
        if isinstance(structure, dict):
            keys = self._framework.flatten({key: key for key in structure})
            names = keys if len(keys) == len(fallback) else fallback
        unique: list[str] = []
        for name in names:
            base = re.sub(r"\W", "_", name)
            unique.append(base if base not in unique else f"{base}_{len(unique)}")
        return unique


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
