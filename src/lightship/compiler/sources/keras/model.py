"""A loaded Keras model: signature, predictions, and export as a SavedModel."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import exports
from lightship.compiler.hints import Hint
from lightship.compiler.sources.additive import Additive
from lightship.compiler.sources.base import Batch
from lightship.compiler.sources.keras import compiled
from lightship.compiler.sources.keras import hints as keras_hints
from lightship.compiler.sources.keras.errors import translated
from lightship.compiler.sources.keras.export import check as export_check
from lightship.compiler.sources.keras.export.function import Traced, check_export
from lightship.compiler.sources.keras.frameworks import Framework
from lightship.errors import CompileError, EngineError, SourceRefused
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature


def load_keras(
    path: Path,
    work: Path,
    source: Mapping[str, str],
    *,
    framework: Framework,
    trust: bool,
    compile_config: Any = None,
) -> KerasOriginal:
    """Load a checked file with the package of its Keras version.

    The training state is not loaded; ``compile_config`` is the file's loss and metrics. Raises SourceRefused where the
    package cannot load the file or the model has no known inputs and outputs.
    """
    try:
        model = framework.load(path, trust=trust)
    except Exception as error:  # layers raise exceptions of any class
        message = f"{framework.package} {framework.version} cannot load {path.name}"
        raise translated(SourceRefused, message, error) from None
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise _unusable(path.name, model, framework)
    keras_hints.check_vocabularies(path.name, model)
    origin = dict(source) | {framework.package: framework.version}
    settings = compile_config if isinstance(compile_config, dict) else {}
    return KerasOriginal(Loaded(model, framework, trust, settings), work, origin, path.stat().st_size)


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
    return SourceRefused(f"{label} holds a model without a known input shape: call it once, then save it")


def _declared_shape(model: Any) -> Any:
    """Return the shape declared by a Sequential's first layer; None without one."""
    configs = model.get_config().get("layers") or [{}]
    first = configs[0].get("config", {})
    return first.get("batch_shape") or first.get("batch_input_shape")


class Loaded(NamedTuple):
    """A model, the package that loaded it, and whether its code is trusted.

    ``compiled`` is the file's record of the loss and metrics.
    """

    model: Any
    framework: Framework
    trust: bool
    compiled: Mapping[str, Any] = {}


class KerasOriginal:
    """A Keras model with the one signature ``serving_default``.

    Layers with ``stateful=True`` keep variables between calls; these are reset before each call and export.
    """

    def __init__(self, loaded: Loaded, work: Path, source: Mapping[str, str], size: int) -> None:
        self.source = source
        self.size = size
        self.subject = f"{loaded.framework.title} model.predict"
        self._model, self._framework, self._trust, self._compiled = loaded
        self._work = work
        self._traced = Traced.of(loaded.framework, loaded.model)
        self.notes = self._traced.renamed
        self.preprocessing: Mapping[str, Program] = {}
        self.additive: Additive | None = None
        self.signatures: tuple[Signature, ...] = (self._traced.signature,)

    @property
    def stateful(self) -> bool:
        """Return whether a call changes variables or tables."""
        return bool(self._traced.state)

    @property
    def random_operators(self) -> tuple[str, ...]:
        """Return the operators that draw random numbers."""
        return self._traced.random_operators

    @property
    def reset(self) -> str:
        """Return the name of the signature that assigns the initial values."""
        return exports.reset_name(self._traced.state, [DEFAULT_SIGNATURE])

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs of ``model.predict`` with all rows in one batch."""
        import tensorflow as tf

        self._traced.state.restore()
        arrays = [inputs[name] for name in self._traced.inputs]
        plain = [tf.constant(array) if array.dtype == np.object_ else array for array in arrays]
        try:
            answer = self._model.predict(self._traced.pack(plain), batch_size=len(arrays[0]), verbose=0)
        except Exception as error:  # layers raise exceptions of any class
            refused = translated(EngineError, "Keras could not run this input", error)
        else:
            return self._named(answer)
        gc.collect()  # a failed predict leaves six threads, held by a reference cycle: hundreds of calls use all memory
        raise refused

    def _named(self, answer: Any) -> dict[str, Array]:
        flat = [np.asarray(array) for array in self._framework.flatten(answer)]
        cast = [array.astype(np.float32) if array.dtype.name == "bfloat16" else array for array in flat]
        return dict(zip(self._traced.outputs, cast, strict=True))

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """Return the calls that Keras has for a user, ``model.predict`` first."""
        import tensorflow as tf

        title, packed = (
            self._framework.title,
            self._traced.pack([tf.constant(inputs[n]) for n in self._traced.inputs]),
        )
        return {
            self.subject: lambda: self.run(signature, inputs),
            f"{title} model.predict_on_batch": lambda: self._model.predict_on_batch(packed),
            f"{title} model(...)": lambda: self._model(packed, training=False),
            "the exported signature in TensorFlow": lambda: self._traced.run(inputs),
        }

    def compiled_metrics(self, inputs: Mapping[str, Array], targets: Array) -> dict[str, float]:
        """Return Keras' own loss and metrics; see :func:`compiled.compiled_metrics`."""
        if len(self._traced.outputs) != 1:
            return {}
        arrays = [inputs[name] for name in self._traced.inputs]
        return compiled.compiled_metrics(self._model, self._framework, self._compiled, arrays, targets)

    def hints(self, signature: Signature) -> dict[str, Hint]:
        """Return hints from the first layers of the model."""
        return keras_hints.hints_of(self._model, self._traced.inputs)

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Compare the exported function with recorded batches of ``model.predict``.

        Where they differ, the sizes of the inputs are fixed and the export is compared again. Raises CompileError where
        it still differs.
        """
        recorded = batches[DEFAULT_SIGNATURE]
        if not (wrong := export_check.difference(self._traced.run, recorded)):
            return self.signatures
        where = self._wrong_layer(recorded[-1][0])
        fixed = self._traced.with_sizes_of(recorded[-1][0])
        if fixed:
            wrong = export_check.difference(fixed.run, recorded)
        if wrong or not fixed:
            raise CompileError(f"the export of {where} computes other values than the model: {wrong}")
        self._traced, self.signatures = fixed, (fixed.signature,)
        sizes = ", ".join(f"'{spec.name}' {list(spec.shape)}" for spec in fixed.signature.inputs)
        self.notes.append(
            f"the export of {where} computes other values than the model where a size is unknown: the inputs are "
            f"fixed to the sizes of the compared data, {sizes}"
        )
        return self.signatures

    def _wrong_layer(self, inputs: Mapping[str, Array]) -> str:
        """Return the first layer whose export is wrong, otherwise "the model"."""
        with suppress(Exception):  # layers raise exceptions of any class, and this is only for a message
            arrays = [inputs[name] for name in self._traced.inputs]
            package = self._framework.module
            if layer := export_check.first_wrong_layer(package, self._model, arrays, self._traced.shapes):
                return f"layer {layer}"
        return "the model"

    def candidates(self) -> Iterator[Path]:
        """Yield the model's export."""
        folder = self._work / "exported"
        self._export(folder, reset=self.reset)
        yield folder

    def saved_model(self, folder: Path) -> bool:
        """Write an export that is byte for byte reproducible."""
        self._export(folder, reset="")
        exports.normalise(folder)
        return True

    def _export(self, folder: Path, *, reset: str) -> None:
        self._traced.save(folder, reset=reset)
        if not self._trust:
            check_export(folder)
