"""The figures of one output, as they are written to report.json."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lightship.evaluation.counts import replicates
from lightship.tensors import Array


@dataclass(frozen=True)
class Figure:
    """A metric: its value, limits of its 95 % interval, and a bound of its error.

    The bound is None where the value is exact.
    """

    value: float
    low: float | None = None
    high: float | None = None
    error: float | None = None

    def to_json(self) -> dict[str, float]:
        """Return the fields that are known."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, record: Mapping[str, float]) -> Figure:
        """Return the figure of a :meth:`to_json` record."""
        return cls(**record)


@dataclass(frozen=True)
class ClassFigures:
    """Metrics of one class; ``support`` is the number of rows with it."""

    name: str
    support: int
    metrics: Mapping[str, Figure]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``per_class``."""
        return {"class": self.name, "support": self.support, **_metrics_to_json(self.metrics)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ClassFigures:
        """Return the metrics of a :meth:`to_json` record."""
        metrics = {name: value for name, value in record.items() if name not in {"class", "support"}}
        return cls(record["class"], record["support"], _metrics_from_json(metrics))


@dataclass(frozen=True)
class Curve:
    """Columns of numbers of a curve of one class, such as ``x`` and ``y``."""

    name: str
    columns: Mapping[str, tuple[float, ...]]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of a list of curves."""
        return {"class": self.name, **{name: list(column) for name, column in self.columns.items()}}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Curve:
        """Return the curve of a :meth:`to_json` record."""
        return cls(record["class"], {name: tuple(column) for name, column in record.items() if name != "class"})


@dataclass(frozen=True)
class Threshold:
    """Metrics where the second of two classes is predicted from a threshold on.

    ``predicted`` is the number of rows with at least that probability; without any, ``precision`` is None.
    """

    threshold: float
    precision: float | None
    recall: float
    f1: float
    accuracy: float
    predicted: int


@dataclass(frozen=True)
class ResidualPlot:
    """Points of predictions and residuals, and a histogram of all residuals.

    A residual is the prediction minus the target.
    """

    predicted: tuple[float, ...]
    residual: tuple[float, ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the entry ``residuals``."""
        histogram = {"edges": list(self.edges), "counts": list(self.counts)}
        return {"predicted": list(self.predicted), "residual": list(self.residual), "histogram": histogram}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ResidualPlot:
        """Return the plot of a :meth:`to_json` record."""
        histogram = record["histogram"]
        columns = (record["predicted"], record["residual"], histogram["edges"], histogram["counts"])
        return cls(*map(tuple, columns))


@dataclass(frozen=True)
class OutputFigures:
    """All figures of one output.

    Attributes:
        output: its name.
        task: ``classes``, ``labels`` (any number of classes per row), ``number`` or ``ranking``.
        rows: number of rows that were counted.
        excluded: rows without a target or without finite predictions.
        classes: class names.
        metrics: by name.
        absent: why a metric is undefined, by name.
        per_class: metrics of each class.
        confusion: number of rows by target and prediction; empty with many classes.
        curves: ``roc``, ``pr`` and ``calibration``, for each class.
        thresholds: of two classes.
        residuals: of numbers.
        compiled_metrics: the loss and metrics that a Keras model was compiled with.
    """

    output: str
    task: str
    rows: int
    excluded: int = 0
    classes: tuple[str, ...] = ()
    metrics: Mapping[str, Figure] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    per_class: tuple[ClassFigures, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    curves: Mapping[str, tuple[Curve, ...]] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    residuals: ResidualPlot | None = None
    compiled_metrics: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``outputs`` in report.json, without empty fields."""
        record = {
            "output": self.output,
            "task": self.task,
            "rows": self.rows,
            "excluded": self.excluded,
            "classes": list(self.classes),
            "metrics": _metrics_to_json(self.metrics),
            "absent": dict(self.absent),
            "per_class": [each.to_json() for each in self.per_class],
            "confusion": [list(row) for row in self.confusion],
            "curves": {name: [curve.to_json() for curve in curves] for name, curves in self.curves.items()},
            "thresholds": [asdict(each) for each in self.thresholds],
            "residuals": self.residuals.to_json() if self.residuals else None,
            "compiled_metrics": dict(self.compiled_metrics),
        }
        return {name: value for name, value in record.items() if value or name == "rows"}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> OutputFigures:
        """Return the figures of a :meth:`to_json` record.

        Raises KeyError or TypeError for another form.
        """
        curves = record.get("curves", {}).items()
        return cls(
            output=record["output"],
            task=record["task"],
            rows=record["rows"],
            excluded=record.get("excluded", 0),
            classes=tuple(record.get("classes", ())),
            metrics=_metrics_from_json(record.get("metrics", {})),
            absent=record.get("absent", {}),
            per_class=tuple(map(ClassFigures.from_json, record.get("per_class", ()))),
            confusion=tuple(map(tuple, record.get("confusion", ()))),
            curves={name: tuple(map(Curve.from_json, each)) for name, each in curves},
            thresholds=tuple(Threshold(**each) for each in record.get("thresholds", ())),
            residuals=ResidualPlot.from_json(record["residuals"]) if "residuals" in record else None,
            compiled_metrics=record.get("compiled_metrics", {}),
        )


def figures_of(
    values: Mapping[str, Array], reason: Callable[[str], str], *, errors: Mapping[str, float] | None = None
) -> tuple[dict[str, Figure], dict[str, str]]:
    """Return the defined metrics, and the reasons of the others.

    ``values`` are [1 + replicates]; ``reason`` returns why a metric of a name is undefined; ``errors`` are bounds.
    """
    found = {name: _figure(array, (errors or {}).get(name, 0.0)) for name, array in values.items()}
    defined = {name: figure for name, figure in found.items() if figure is not None}
    return defined, {name: reason(name) for name in values if name not in defined}


def of_class(name: str, support: float, values: Mapping[str, Array]) -> ClassFigures:
    """Return the defined metrics of a class."""
    return ClassFigures(name, int(support), figures_of(values, lambda _: "")[0])


def numbers(values: Iterable[Any]) -> tuple[float, ...]:
    """Return numbers for a plot, with six digits."""
    return tuple(float(f"{value:.6g}") for value in values)


def _figure(values: Array, error: float) -> Figure | None:
    if not np.isfinite(values[0]):
        return None
    low, high = replicates.interval(values) or (None, None)
    return Figure(float(values[0]), low, high, error or None)


def _metrics_from_json(record: Mapping[str, Mapping[str, float]]) -> dict[str, Figure]:
    return {name: Figure.from_json(figure) for name, figure in record.items()}


def _metrics_to_json(metrics: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
    return {name: figure.to_json() for name, figure in metrics.items()}
