"""A loaded Keras model: its signature, its own predictions, and its export as a SavedModel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lightship.bundle import DEFAULT_SIGNATURE
from lightship.compiler import exports
from lightship.compiler.hints import Hint
from lightship.compiler.sources.base import Batch
from lightship.compiler.sources.keras import hints as keras_hints
from lightship.compiler.sources.keras.errors import translated
from lightship.compiler.sources.keras.export import check as export_check
from lightship.compiler.sources.keras.export.function import Traced, check_export
from lightship.compiler.sources.keras.frameworks import Framework
from lightship.errors import CompileError, EngineError, SourceRefused
from lightship.tensors import Array, Signature


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
    return KerasOriginal(Loaded(model, framework, trust), work, origin, path.stat().st_size)


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
    first = configs[0].get("config", {})
    return first.get("batch_shape") or first.get("batch_input_shape")


class Loaded(NamedTuple):
    """A model, the package that loaded it, and whether its code is trusted."""

    model: Any
    framework: Framework
    trust: bool


class KerasOriginal:
    """See :class:`lightship.compiler.sources.base.Original`. The one signature is called ``serving_default``.

    Layers with ``stateful=True`` keep variables from call to call: these are set back before each call and export.
    """

    def __init__(self, loaded: Loaded, work: Path, source: Mapping[str, str], size: int) -> None:
        self.source = source
        self.size = size
        self.subject = f"{loaded.framework.title} model.predict"
        self._model, self._framework, self._trust = loaded
        self._work = work
        self._traced = Traced.of(loaded.framework, loaded.model)
        self.notes = self._traced.renamed
        self.signatures: tuple[Signature, ...] = (self._traced.signature,)

    @property
    def stateful(self) -> bool:
        """See :class:`lightship.compiler.sources.base.Original`."""
        return bool(self._traced.state)

    @property
    def random_operators(self) -> tuple[str, ...]:
        """See :class:`lightship.compiler.sources.base.Original`."""
        return self._traced.random_operators

    @property
    def reset(self) -> str:
        """See :class:`lightship.compiler.sources.base.Original`."""
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
        flat = [np.asarray(array) for array in self._framework.flatten(answer)]
        cast = [array.astype(np.float32) if array.dtype.name == "bfloat16" else array for array in flat]
        return dict(zip(self._traced.outputs, cast, strict=True))

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """See :class:`lightship.compiler.sources.base.Original`."""
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
        """See :class:`lightship.compiler.sources.base.Original`."""
        return keras_hints.hints_of(self._model, self._traced.inputs)

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """See :class:`lightship.compiler.sources.base.Original`."""
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
        """The model's export."""
        folder = self._work / "exported"
        self._export(folder, reset=self.reset)
        yield folder

    def saved_model(self, folder: Path) -> bool:
        """An export that is the same bytes each time."""
        self._export(folder, reset="")
        exports.normalise(folder)
        return True

    def _export(self, folder: Path, *, reset: str) -> None:
        self._traced.save(folder, reset=reset)
        if not self._trust:
            check_export(folder)
