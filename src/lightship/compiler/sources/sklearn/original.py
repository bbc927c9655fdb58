"""A loaded scikit-learn model: signatures, its own methods, and its graph."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lightship.compiler import exports
from lightship.compiler.hints import Hint
from lightship.compiler.sources.base import Batch
from lightship.compiler.sources.sklearn import missing, samples
from lightship.compiler.sources.sklearn import plan as plans
from lightship.compiler.sources.sklearn.graph import Graph, as_output, labels
from lightship.compiler.sources.sklearn.intake.contents import check_contents, objects_in
from lightship.compiler.sources.sklearn.transformers.composition import column_positions
from lightship.compiler.sources.sklearn.translate.base import FEATURES, Untranslatable, check_class
from lightship.engines.causes import translated
from lightship.errors import EngineError, SourceRefused
from lightship.extras import missing_extra
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature


def load_skops(path: Path, work: Path, source: Mapping[str, str], types: Sequence[str]) -> SklearnOriginal:
    """Load a checked .skops file, which may build objects of ``types``."""
    skops = _imported("skops.io")
    return _load(path, work, source, lambda: skops.load(path, trusted=list(types)))


def load_pickle(path: Path, work: Path, source: Mapping[str, str]) -> SklearnOriginal:
    """Unpickle a file that the user trusts."""
    joblib = _imported("joblib")
    return _load(path, work, source, lambda: joblib.load(path))


def _imported(module: str) -> Any:
    from importlib import import_module

    try:
        import_module("sklearn")
        return import_module(module)
    except ImportError:
        raise missing_extra("compile", "compiling scikit-learn models") from None


def _load(path: Path, work: Path, source: Mapping[str, str], load: Callable[[], Any]) -> SklearnOriginal:
    import sklearn
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = load()
        except Exception as error:  # a class of another version raises any exception
            raise translated(
                SourceRefused, f"scikit-learn {sklearn.__version__} cannot load {path.name}", error
            ) from None
    saved = [
        each.message.original_sklearn_version for each in caught if isinstance(each.message, InconsistentVersionWarning)
    ]
    check_contents(path.name, model)
    try:
        original = SklearnOriginal(
            model, work, dict(source) | {"scikit-learn": sklearn.__version__}, path.stat().st_size
        )
    except Untranslatable as error:
        raise SourceRefused(f"{path.name}: {error.message}", detail=error.detail) from None
    if saved:
        original.notes.append(
            f"scikit-learn {saved[0]} saved the model, and {sklearn.__version__} computed the outputs that the "
            "compiled model was compared with: they may differ from those of the earlier version"
        )
    return original


class SklearnOriginal:
    """A fitted estimator with a signature for each of its methods."""

    stateful = False
    random_operators: tuple[str, ...] = ()
    reset = ""

    def __init__(self, model: Any, work: Path, source: Mapping[str, str], size: int) -> None:
        if isinstance(model, type) or not hasattr(model, "get_params"):
            raise Untranslatable(f"it holds a {type(model).__name__:.80}, not an estimator of scikit-learn")
        check_class(model)
        self.source, self.size, self.notes = source, size, list[str]()
        self._model, self._work = model, work
        self._plan = plans.make(model)
        _use_positions(model)
        self._graph = Graph(self._plan.translation, self._plan.columns, model)
        self.signatures: tuple[Signature, ...] = self._graph.signatures(self._plan.inputs)
        self.signatures = self._graph.signatures(missing.declared(self._plan, model, self._agrees))
        self.subject = f"scikit-learn {self.signatures[0].name}"
        program = self._plan.program
        self.preprocessing: Mapping[str, Program] = (
            {signature.name: program for signature in self.signatures} if program else {}
        )

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

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Return the signatures: the converted graph is compared with the estimator."""
        return self.signatures

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return rows of values that the model was fitted on."""
        return samples.hints(self._plan)

    def candidates(self) -> Iterator[Path]:
        """Yield the SavedModel of the translated methods."""
        folder = self._work / "translated"
        self._graph.save(folder)
        yield folder

    def saved_model(self, folder: Path) -> bool:
        """Write the SavedModel of the translated methods, byte for byte reproducible."""
        self._graph.save(folder)
        exports.normalise(folder)
        return True

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
        """Return the inputs as one array of float64, or of objects for strings."""
        if self._plan.inputs[0].name == FEATURES and len(self._plan.inputs[0].shape) == 2:
            return inputs[FEATURES].astype(np.float64)
        rows = np.empty((len(next(iter(inputs.values()))), len(self._plan.inputs)), np.object_)
        for index, spec in enumerate(self._plan.inputs):
            values = inputs[spec.name].tolist()
            rows[:, index] = (
                [each.decode("utf-8", "surrogateescape") for each in values] if spec.dtype == "string" else values
            )
        return rows


def _use_positions(model: Any) -> None:
    """Let ColumnTransformers take arrays, whose columns have positions and no names."""
    for each in objects_in(model):
        name = type(each).__name__
        if name == "ColumnTransformer":
            each.transformers_ = [
                (step, transformer, column_positions(picked, each)) for step, transformer, picked in each.transformers_
            ]
        if hasattr(each, "set_output"):
            each.set_output(transform="default")
