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
from lightship.compiler.hints import Hint
from lightship.compiler.importers.base import Batch
from lightship.compiler.keras_errors import translated
from lightship.engines.tensorflow_state import State, Unrestorable, state_of
from lightship.errors import CompileError, EngineError, SourceRefused
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

# A recurrent layer whose steps are written out converts where its loop does not, and grows with the number of steps.
UNROLL_LIMIT = 256


def load_keras(path: Path, work: Path, source: Mapping[str, str], *, trust: bool) -> KerasOriginal:
    """Let Keras open a checked file; its training state stays closed. Raises SourceRefused."""
    import keras

    keras.utils.set_random_seed(0)  # layers that are loaded without a seed draw one, and it is saved with the model
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=not trust)
    except Exception as error:  # Keras raises whatever its layers raise
        raise translated(SourceRefused, f"Keras {keras.__version__} cannot load {path.name}", error) from None
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise _unusable(path.name, model)
    keras_hints.check_vocabularies(path.name, model)
    origin = dict(source) | {"keras": keras.__version__}
    return KerasOriginal(model, work, origin, path.stat().st_size, trust=trust)


def _unusable(label: str, model: Any) -> SourceRefused:
    """Return the error for a model that has no inputs or outputs."""
    import keras

    layers = getattr(model, "layers", None)
    if layers == [] and isinstance(model, keras.Sequential):
        return SourceRefused(f"{label} holds an empty Sequential: add layers, then save the model again")
    if layers and (shape := _declared_shape(model)):
        try:
            model(keras.KerasTensor(shape))
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

    subject = "Keras model.predict"

    def __init__(self, model: Any, work: Path, source: Mapping[str, str], size: int, *, trust: bool) -> None:
        self.source = source
        self._trust = trust
        self.size = size
        self._model = model
        self._work = work
        inputs = _names(_inputs_of(model), [tensor.name for tensor in model.inputs])
        outputs = _names(_outputs_of(model), _output_names(model))
        self._inputs = tensor_names.fit(inputs, fallback="input")
        self._outputs = tensor_names.fit(outputs, fallback="output")
        self._shapes: list[tuple[int | None, ...]] = [tuple(tensor.shape) for tensor in model.inputs]
        self.notes = [
            *tensor_names.changes("input", inputs, self._inputs),
            *tensor_names.changes("output", outputs, self._outputs),
        ]
        self.signatures: tuple[Signature, ...] = (
            Signature(
                name=DEFAULT_SIGNATURE,
                inputs=tuple(map(_spec, self._inputs, model.inputs)),
                outputs=tuple(map(_spec, self._outputs, model.outputs)),
            ),
        )

    @property
    def stateful(self) -> bool:
        """See :class:`lightship.compiler.importers.base.Original`."""
        return bool(self._state)

    @property
    def reset(self) -> str:
        """See :class:`lightship.compiler.importers.base.Original`."""
        return exports.reset_name(self._state, [DEFAULT_SIGNATURE])

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """``model.predict`` of all rows as one batch."""
        import keras
        import tensorflow as tf

        self._state.restore()
        arrays = [inputs[name] for name in self._inputs]
        plain = [tf.constant(array) if array.dtype == np.object_ else array for array in arrays]
        try:
            packed = keras.tree.pack_sequence_as(_inputs_of(self._model), plain)
            answer = self._model.predict(packed, batch_size=len(arrays[0]), verbose=0)
        except Exception as error:  # whatever the layers raise
            raise translated(EngineError, "Keras could not run this input", error) from None
        return dict(zip(self._outputs, map(np.asarray, keras.tree.flatten(answer)), strict=True))

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """See :class:`lightship.compiler.importers.base.Original`."""
        import keras
        import tensorflow as tf

        tensors = [tf.constant(inputs[name]) for name in self._inputs]
        packed = keras.tree.pack_sequence_as(_inputs_of(self._model), tensors)
        return {
            self.subject: lambda: self.run(signature, inputs),
            "Keras model.predict_on_batch": lambda: self._model.predict_on_batch(packed),
            "Keras model(...)": lambda: self._model(packed, training=False),
            "the exported signature in TensorFlow": lambda: self._function(tensors),
        }

    def hints(self, signature: Signature) -> dict[str, Hint]:
        """See :class:`lightship.compiler.importers.base.Original`."""
        return keras_hints.hints_of(self._model, self._inputs)

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """See :class:`lightship.compiler.importers.base.Original`."""
        recorded = batches[DEFAULT_SIGNATURE]
        if not (wrong := export_check.difference(self._run_exported, recorded)):
            return self.signatures
        arrays = [recorded[-1][0][name] for name in self._inputs]
        layer = self._wrong_layer(arrays)
        where = f"layer {layer}" if layer else "the model"
        shapes = export_check.fixed_shapes(self._shapes, arrays)
        if shapes != self._shapes:
            self._fix(shapes)
            wrong = export_check.difference(self._run_exported, recorded)
        if wrong:
            raise CompileError(f"the export of {where} computes otherwise than the model: {wrong}")
        sizes = ", ".join(f"'{spec.name}' {list(spec.shape)}" for spec in self.signatures[0].inputs)
        self.notes.append(
            f"the export of {where} computes otherwise than the model where a size is unknown: the inputs are fixed "
            f"to the sizes of the compared data, {sizes}"
        )
        return self.signatures

    def _fix(self, shapes: list[tuple[int | None, ...]]) -> None:
        """Export for these shapes of the inputs from now on."""
        self._shapes = shapes
        del self._function
        outputs = self._function.structured_outputs
        (signature,) = self.signatures
        self.signatures = (
            signature._replace(
                inputs=tuple(replace(spec, shape=shape) for spec, shape in zip(signature.inputs, shapes, strict=True)),
                outputs=tuple(replace(spec, shape=tuple(outputs[spec.name].shape)) for spec in signature.outputs),
            ),
        )

    def _run_exported(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run what :meth:`candidates` and :meth:`saved_model` export."""
        import tensorflow as tf

        self._state.restore()
        try:
            outputs = self._function([tf.constant(inputs[name]) for name in self._inputs])
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise translated(EngineError, "TensorFlow could not run the export", error) from None
        return {name: np.asarray(value.numpy()) for name, value in outputs.items()}

    def _wrong_layer(self, arrays: list[Array]) -> str:
        import keras

        with suppress(Exception):  # a name for a message: no layer is named where the search fails
            return export_check.first_wrong_layer(keras, self._model, arrays, self._shapes)
        return ""

    def candidates(self) -> Iterator[Path]:
        """The model as it is, then with its recurrent layers unrolled."""
        plain = self._work / "exported"
        self._export(plain, reset=self.reset)
        yield plain
        if _unroll(self._model):
            del self._function  # it is the function of the loop
            unrolled = self._work / "unrolled"
            self._export(unrolled, reset=self.reset)
            yield unrolled

    def saved_model(self, folder: Path) -> bool:
        """An export that is the same bytes each time."""
        self._export(folder, reset="")
        exports.normalise(folder)
        return True

    @cached_property
    def _state(self) -> State:
        """What calls change, with the values of before the first one."""
        try:
            return state_of([self._function])
        except Unrestorable as error:
            raise SourceRefused(exports.unrestorable("the model", error)) from None

    @cached_property
    def _function(self) -> Any:
        """The model's call as a concrete function."""
        import keras
        import tensorflow as tf

        model = self._model

        def call(tensors: list[Any]) -> dict[str, Any]:
            packed = keras.tree.pack_sequence_as(_inputs_of(model), tensors)
            return dict(zip(self._outputs, keras.tree.flatten(model(packed, training=False)), strict=True))

        specs = [
            tf.TensorSpec(shape, tensor.dtype, name=name)
            for name, shape, tensor in zip(self._inputs, self._shapes, model.inputs, strict=True)
        ]
        try:
            return tf.function(call, autograph=False).get_concrete_function(specs)
        except Exception as error:  # whatever the layers raise
            raise translated(SourceRefused, "Keras cannot trace this model", error) from None

    def _export(self, folder: Path, *, reset: str) -> None:
        import tensorflow as tf

        module = tf.Module()
        # Variables that are tracked through the model alone can come out of the converter uninitialised: LiteRT then
        # answers NaN or constants without an error. The model itself is tracked for its lookup tables.
        module.tracked_variables = [variable.value for variable in self._model.variables]
        module.tracked_model = self._model
        exports.save(module, folder, {DEFAULT_SIGNATURE: self._function}, state=self._state, reset=reset)
        if not self._trust:
            _check_export(folder)


def _check_export(folder: Path) -> None:
    """Refuse operators that a checked configuration should not have led to; raises SourceRefused."""
    found = graphs.phrases_of(graphs.findings(graphs.read_saved_model(folder / exports.GRAPH, "the export")))
    if found:
        raise SourceRefused(f"the model's layers make {'; '.join(found)}. If you trust it, compile it with --trust")


def _unroll(model: Any) -> bool:
    """Write out the steps of every recurrent layer that has a known, moderate number of them; whether there was one."""
    found = False
    for layer in model._flatten_layers():
        if not hasattr(layer, "unroll") or layer.unroll:
            continue
        steps = _steps(layer)
        if steps is not None and steps <= UNROLL_LIMIT:
            layer.unroll = found = True
    return found


def _steps(layer: Any) -> int | None:
    """Time steps of a recurrent layer from the shape it was built for, [batch, time, ...]."""
    shape: Sequence[int | None] = (layer.get_build_config() or {}).get("input_shape") or ()
    return shape[1] if len(shape) > 2 else None


def _inputs_of(model: Any) -> Any:
    """The structure that the model is called with: a tensor, a list or a dictionary."""
    import keras

    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


def _outputs_of(model: Any) -> Any:
    import keras

    return model.outputs[0] if isinstance(model, keras.Sequential) else model.output


def _output_names(model: Any) -> list[str]:
    import keras

    return [model.layers[-1].name] if isinstance(model, keras.Sequential) else list(model.output_names)


def _names(structure: Any, fallback: list[str]) -> list[str]:
    """The keys of a dictionary, otherwise the layers' names."""
    import keras

    names = fallback
    if isinstance(structure, dict):
        keys = keras.tree.flatten({key: key for key in structure})
        names = keys if len(keys) == len(fallback) else fallback
    return names


def _spec(name: str, tensor: Any) -> TensorSpec:
    if tensor.dtype not in DTYPES:
        raise SourceRefused(f"the tensor '{name}' is {tensor.dtype}, which no request can carry")
    return TensorSpec(name=name, dtype=tensor.dtype, shape=tuple(tensor.shape))
