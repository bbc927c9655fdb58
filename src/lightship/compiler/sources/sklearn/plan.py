"""Division of a model into a program of its first steps and the last one's graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.compiler import imports
from lightship.compiler.sources.sklearn import transformers
from lightship.compiler.sources.sklearn.columns import Columns
from lightship.compiler.sources.sklearn.transformers.base import Draft, Statistics, Table
from lightship.compiler.sources.sklearn.transformers.composition import named
from lightship.compiler.sources.sklearn.translate import TRANSLATORS, translate
from lightship.compiler.sources.sklearn.translate.base import Translation, Untranslatable
from lightship.compiler.sources.traced import FEATURES
from lightship.preprocessing import Program
from lightship.preprocessing.builder import ProgramBuilder
from lightship.tensors import TensorSpec

Step = tuple[str, Any]
Steps = list[Step]


@dataclass(frozen=True)
class Plan:
    """A translated model.

    Attributes:
        translation: the graph of the last estimator, or of a transformer's output as it is.
        width: the number of columns of the graph's input.
        columns: the columns of the model's rows.
        inputs: the model's inputs.
        program: from the inputs to the graph's; None where these are equal.
        statistics: what the steps know about the columns, by name.
    """

    translation: Translation
    width: int
    columns: Columns
    inputs: tuple[TensorSpec, ...]
    program: Program | None
    statistics: Mapping[str, Statistics]


def make(model: Any) -> Plan:
    """Divide and translate a model; raises Untranslatable."""
    steps, final = _divide(model)
    for step in [*steps, *([final] if final else [])]:
        _check_fitted(*step)
    reader = final[1] if final else model
    columns = _columns(model, steps, reader)
    draft, table = _draft(steps, columns)
    imports.framework("tensorflow")  # before the translators import it with more than they need
    translation = _translate(*final) if final else _passed(table)
    if final:
        _check_width(*final, table)
    program = _program(draft, draft.matrix(table, reader), translation)
    inputs = columns.inputs("float64" if program else "float32")
    return Plan(translation, translation.columns or len(table.names), columns, inputs, program, draft.statistics)


def _columns(model: Any, steps: Steps, reader: Any) -> Columns:
    """Return the columns that the steps read, found by a first draft."""
    names = _names(model)
    columns = Columns(names, hasattr(model, "feature_names_in_"), names)
    draft, table = _draft(steps, columns)
    draft.matrix(table, reader)
    read = columns.read_by(draft)
    if not read.names:
        raise Untranslatable(f"{type(model).__name__} drops all columns, so that it has no input")
    return read


def _divide(model: Any) -> tuple[Steps, Step | None]:
    """Return the steps before the last estimator, and that one with its name.

    A transformer without a translation of its own is a step, too: the last estimator is None.
    """
    steps: Steps = []
    name, final = "", model
    while type(final).__name__ == "Pipeline":
        steps += final.steps[:-1]
        name, final = final.steps[-1]
    translated = type(final).__name__ in TRANSLATORS
    if not translated and (final is None or isinstance(final, str) or hasattr(final, "transform")):
        return [*steps, (name, final)], None
    return steps, (name, final)


def _names(model: Any) -> tuple[str, ...]:
    """Return the names of a model's columns, by default those of scikit-learn."""
    if not hasattr(model, "n_features_in_"):
        raise Untranslatable(f"{type(model).__name__} has no number of features: fit it on rows of numbers")
    default = [f"x{index}" for index in range(int(model.n_features_in_))]
    return tuple(str(name) for name in getattr(model, "feature_names_in_", default))


def _check_fitted(name: str, step: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if step is None or isinstance(step, str) or not type(step).__module__.startswith("sklearn."):
        return
    try:
        check_is_fitted(step)
    except NotFittedError:
        raise Untranslatable(
            f"{_prefix(name)}{type(step).__name__} was never fitted: call fit, then save it again"
        ) from None


def _check_width(name: str, final: Any, table: Table) -> None:
    expected = int(final.n_features_in_)
    if len(table.names) != expected:
        raise Untranslatable(
            f"{_prefix(name)}{type(final).__name__} was fitted on {expected} features, and the step before it has "
            f"{len(table.names)}"
        )


def _prefix(name: str) -> str:
    return f"step '{name}': " if name else ""


def _passed(table: Table) -> Translation:
    """Return the translation that passes a transformer's output on."""
    import tensorflow as tf

    return Translation({"transform": tf.identity}, columns=len(table.names))


def _translate(name: str, final: Any) -> Translation:
    try:
        return translate(final)
    except Untranslatable as error:
        raise Untranslatable(f"{_prefix(name)}{error.message}", detail=error.detail) from None
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        message = f"{_prefix(name)}{type(final).__name__} is broken: a fitted attribute is missing or of another form"
        raise Untranslatable(message, detail=repr(error)[:300]) from None


def _draft(steps: Steps, columns: Columns) -> tuple[Draft, Table]:
    """Return the draft of the steps' program, and their output."""
    draft = Draft(ProgramBuilder({FEATURES, *columns.fitted}), gaps=dict(columns.gaps))
    table = columns.table()
    for name, step in steps:
        table = named(name, transformers.transform, step, draft, table)
    return draft, table


def _program(draft: Draft, value: str, translation: Translation) -> Program | None:
    """Return the program of the steps and the estimator; None without any."""
    if draft.builder.empty:
        return translation.program
    if translation.program:
        return draft.builder.finish(draft.builder.append(translation.program, {FEATURES: value}))
    return draft.builder.finish({FEATURES: draft.step("arrays.cast", value, dtype=translation.dtype)})
