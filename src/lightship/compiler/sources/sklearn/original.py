"""A loaded scikit-learn model: signatures, its own methods, and its graph."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lightship.compiler.hints import Hint
from lightship.compiler.sources.sklearn import missing, samples
from lightship.compiler.sources.sklearn import plan as plans
from lightship.compiler.sources.sklearn.intake.contents import objects_in
from lightship.compiler.sources.sklearn.outputs import as_output, graph_of, labels
from lightship.compiler.sources.sklearn.transformers.composition import column_positions
from lightship.compiler.sources.sklearn.translate.base import Untranslatable, check_class
from lightship.compiler.sources.traced import FEATURES, ModelFile, TracedOriginal
from lightship.engines.causes import translated
from lightship.errors import EngineError
from lightship.tensors import Array, Signature


class SklearnOriginal(TracedOriginal):
    """A fitted estimator with a signature for each of its methods."""

    def __init__(self, model: Any, file: ModelFile) -> None:
        if isinstance(model, type) or not hasattr(model, "get_params"):
            raise Untranslatable(f"it holds a {type(model).__name__:.80}, not an estimator of scikit-learn")
        check_class(model)
        self._model, self._plan = model, plans.make(model)
        _use_positions(model)
        graph = graph_of(self._plan, model)
        super().__init__(file, graph, self._plan.inputs, self._plan.program)
        self.signatures = graph.signatures(missing.declared(self._plan, model, self._agrees))
        self.additive = self._plan.translation.additive
        self.subject = f"scikit-learn {self.signatures[0].name}"

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the output of the estimator's own method; floats as float32."""
        (spec,) = next(each.outputs for each in self.signatures if each.name == signature)
        try:
            found = self._call(signature, inputs)
        except Exception as error:  # estimators raise exceptions of any class
            raise translated(EngineError, "scikit-learn could not run this input", error) from None
        array = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
        with np.errstate(over="ignore"):
            return {spec.name: labels(array) if spec.name == "label" else as_output(array)}

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """Return the estimator's method as the only call."""
        return {f"scikit-learn {signature}": lambda: self._call(signature, inputs)}

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return rows of values that the model was fitted on."""
        return samples.hints(self._plan)

    def _agrees(self, inputs: Mapping[str, Array]) -> bool:
        """Return whether the estimator takes these inputs, and the graph has its output.

        The first method counts: it is predict_proba rather than predict, whose labels may differ in ties.
        """
        method, program = self.signatures[0].name, self._plan.program
        try:
            expected = self.run(method, inputs)
        except EngineError:
            return False
        (features,) = (program.bind().run(inputs) if program else inputs).values()
        return missing.close(expected, self._graph.run(method, features))

    def _call(self, method: str, inputs: Mapping[str, Array]) -> Any:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # about names of columns, which arrays do not have
            return getattr(self._model, method)(self._rows(inputs))

    def _rows(self, inputs: Mapping[str, Array]) -> Array:
        """Return the inputs as one array of float64, or of objects for strings.

        It has zeros in columns that no step reads.
        """
        columns = self._plan.columns
        if columns.names == columns.fitted and not columns.strings:
            return inputs[FEATURES].astype(np.float64)
        count = len(next(iter(inputs.values())))
        rows = np.zeros((count, len(columns.fitted)), np.object_ if columns.strings else np.float64)
        if not columns.strings:
            rows[:, columns.positions] = inputs[FEATURES]
            return rows
        for position, name in zip(columns.positions, columns.names, strict=True):
            values = inputs[name].tolist()
            if name in columns.strings:
                values = [columns.gaps[name] if name in columns.gaps and not each else _text(each) for each in values]
            rows[:, position] = values
        return rows


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _use_positions(model: Any) -> None:
    """Let ColumnTransformers take arrays, whose columns have positions and no names."""
    for each in objects_in(model):
        if type(each).__name__ == "ColumnTransformer":
            each.transformers_ = [
                (step, transformer, column_positions(picked, each)) for step, transformer, picked in each.transformers_
            ]
        if hasattr(each, "set_output"):
            each.set_output(transform="default")
