"""A boosted ensemble in its own library: the reference for the compiled graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lightship.compiler import exports
from lightship.compiler.hints import Hint
from lightship.compiler.sources.base import Batch
from lightship.compiler.sources.boosting.model import FEATURES, Boosted, methods, reference
from lightship.compiler.trees.thresholds import neighbours
from lightship.engines.causes import translated
from lightship.errors import EngineError
from lightship.inputs import gaps
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature, TensorSpec

_TIE = 1e-5  # classes with probabilities this close may change places in float32


@dataclass(frozen=True)
class Library:
    """The library that saved a model.

    Attributes:
        source: the manifest's ``source``.
        calls: ways to predict features [rows, columns], by their names; the first is the reference.
        dtype: the dtype in which the library compares features.
    """

    source: Mapping[str, str]
    calls: Mapping[str, Callable[[Array], Any]]
    dtype: str


class BoostedOriginal:
    """Boosted trees with a signature for each kind of prediction."""

    stateful = False
    random_operators: tuple[str, ...] = ()
    reset = ""

    def __init__(self, boosted: Boosted, library: Library, work: Path, size: int) -> None:
        self.source, self.size, self.notes = library.source, size, list[str]()
        self.subject, self._predict = next(iter(library.calls.items()))
        self._boosted, self._library, self._work = boosted, library, work
        self._functions = _traced(boosted)
        self.signatures: tuple[Signature, ...] = tuple(
            Signature(name, (_features(boosted, library.dtype),), _outputs(function))
            for name, function in self._functions.items()
        )
        program = boosted.ranking.program(FEATURES) if boosted.ranking else None
        self.preprocessing: Mapping[str, Program] = dict.fromkeys(self._functions, program) if program else {}

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the library's prediction; floats as float32."""
        try:
            predicted = np.asarray(self._predict(inputs[FEATURES]))
        except Exception as error:  # XGBoostError, LightGBMError and ValueError
            raise translated(EngineError, f"{self.subject} could not run this input", error) from None
        return {self._boosted.outputs[signature]: reference(self._boosted, predicted)[signature]}

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """Return the library's ways to predict."""
        rows = inputs[FEATURES]
        return {name: lambda call=call: call(rows) for name, call in self._library.calls.items()}  # type: ignore[misc]

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Return the signatures: the converted graph is compared with the library itself."""
        return self.signatures

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return rows at and beside the thresholds, without ties between classes."""
        rows = neighbours(self._boosted.bounds, self._library.dtype, missing=True)
        scores = np.asarray(self._predict(rows))
        if scores.ndim == 2 and "predict_proba" in self._boosted.outputs:
            best = np.sort(scores, axis=1)[:, -2:]
            rows = rows[best[:, 1] - best[:, 0] > _TIE]
        return {FEATURES: Hint(rows=rows)} if len(rows) else {}

    def candidates(self) -> Iterator[Path]:
        """Yield the SavedModel of the trees."""
        folder = self._work / "trees"
        self._save(folder)
        yield folder

    def saved_model(self, folder: Path) -> bool:
        """Write the SavedModel of the trees, byte for byte reproducible."""
        self._save(folder)
        exports.normalise(folder)
        return True

    def _save(self, folder: Path) -> None:
        import tensorflow as tf

        tf.saved_model.save(tf.Module(), str(folder), signatures=dict(self._functions))


def _traced(boosted: Boosted) -> dict[str, Any]:
    import tensorflow as tf

    spec = tf.TensorSpec([None, boosted.forest.columns], "int32" if boosted.ranking else "float32", name=FEATURES)

    def traced(output: str, method: Callable[[Any], Any]) -> Any:
        return tf.function(lambda features: {output: method(features)}, autograph=False).get_concrete_function(spec)

    return {name: traced(boosted.outputs[name], method) for name, method in methods(boosted).items()}


def _features(boosted: Boosted, dtype: str) -> TensorSpec:
    named = len(set(boosted.names)) == boosted.forest.columns
    kind = gaps.table(boosted.names, boosted.names) if named else gaps.NUMBERS
    return TensorSpec(FEATURES, dtype, (None, boosted.forest.columns), kind=kind)


def _outputs(function: Any) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name, tensor.dtype.name, tuple(tensor.shape)) for name, tensor in function.structured_outputs.items()
    )
