"""Charts of the parts of report.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lightship.drawing.canvas import Chart
from lightship.drawing.charts.bars import Bar, Bars
from lightship.drawing.charts.frame import Axis
from lightship.drawing.charts.histogram import Histogram
from lightship.drawing.charts.matrix import Matrix
from lightship.drawing.charts.plot import Plot, Series
from lightship.evaluation.report.html.values import estimated, metric

Record = Mapping[str, Any]

# The most lines of a chart, and the most bars.
LINES = 8
BARS = 20
# The most classes of a confusion matrix.
CLASSES = 50
# The fewest rows of a bin that a calibration curve shows.
FEWEST = 10

_DIAGONAL = ((0.0, 0.0), (1.0, 1.0))
_THRESHOLDS = ("precision", "recall", "f1", "accuracy")


def of_output(output: Record) -> Iterator[tuple[str, Chart]]:
    """Yield the charts of one output, each with its name in file names."""
    if output.get("confusion") and len(output["classes"]) <= CLASSES:
        yield "confusion", Matrix("Confusion matrix", output["classes"], output["confusion"])
    curves = output.get("curves", {})
    for name, draw in (("roc", roc), ("pr", precision_recall), ("calibration", calibration)):
        if curves.get(name):
            yield name, draw(output)
    if output.get("thresholds"):
        yield "thresholds", thresholds(output["thresholds"])
    if residuals := output.get("residuals"):
        yield "residuals", scatter(residuals)
        yield "residual-histogram", histogram(residuals["histogram"])


def shown(output: Record, name: str) -> list[Record]:
    """Return the curves that a chart shows.

    Of two classes it is the second, of more than :data:`LINES` those with the smallest area under the ROC curve.
    """
    curves = list(output["curves"][name])
    if output["task"] == "classes" and len(output["classes"]) == 2:
        return curves[-1:]
    areas = _areas(output, "roc_auc")
    worst = {curve["class"] for curve in sorted(curves, key=lambda curve: areas.get(curve["class"], 1.0))[:LINES]}
    return [curve for curve in curves if curve["class"] in worst][:LINES]


def roc(output: Record) -> Plot:
    """Return the ROC curves."""
    series = _with_areas(output, "roc", "roc_auc")
    return Plot("ROC curve", Axis("false positive rate"), Axis("true positive rate"), series, _DIAGONAL)


def precision_recall(output: Record) -> Plot:
    """Return the curves of precision by recall."""
    return Plot("Precision by recall", Axis("recall"), Axis("precision"), _with_areas(output, "pr", "pr_auc"))


def calibration(output: Record) -> Plot:
    """Return the share of rows of a class by the mean probability."""
    curves = shown(output, "calibration")
    series = [Series(curve["class"], _bins(curve)) for curve in curves]
    return Plot("Calibration", Axis("predicted probability"), Axis("share of rows"), series, _DIAGONAL)


def _bins(curve: Record) -> list[tuple[float, float]]:
    bins = zip(curve["mean"], curve["share"], curve["count"], strict=True)
    return [(mean, share) for mean, share, count in bins if count >= FEWEST]


def thresholds(rows: Sequence[Record]) -> Plot:
    """Return metrics by the threshold of the second class."""
    series = [
        Series(metric(name), [(row["threshold"], row[name]) for row in rows if row[name] is not None])
        for name in _THRESHOLDS
    ]
    return Plot("Metrics by threshold", Axis("threshold"), Axis("metric"), series)


def scatter(residuals: Record) -> Plot:
    """Return the residuals by prediction."""
    x, y = (Axis.around(name, residuals[key]) for name, key in (("prediction", "predicted"), ("residual", "residual")))
    points = Series("rows", list(zip(residuals["predicted"], residuals["residual"], strict=True)), scattered=True)
    return Plot("Residuals by prediction", x, y, [points], [(x.low, 0.0), (x.high, 0.0)])


def histogram(record: Record) -> Histogram:
    """Return the distribution of the residuals."""
    return Histogram("Distribution of residuals", "residual", record["edges"], record["counts"])


def importance(features: Sequence[Record]) -> Bars:
    """Return the most important features."""
    return Bars("Importance of features", [Bar(each["feature"], each["importance"]) for each in features[:BARS]])


def trade_off(compression: Record, measurements: Record) -> Plot | None:
    """Return size by latency of the measured variants; None for less than two."""
    times = {name: each["p50_1"] for name, each in measurements.get("candidates", {}).items() if each.get("p50_1")}
    measured = [each for each in compression["candidates"] if each.get("bytes") and each["name"] in times]
    if len(measured) < 2:
        return None
    points = {each["name"]: (times[each["name"]] * 1e3, each["bytes"] / 1e3) for each in measured}
    chosen = {compression["chosen"]}
    within = {each["name"] for each in measured if each.get("within", True)} - chosen
    groups = (("chosen", chosen), ("within the budget", within), ("beyond it", points.keys() - within - chosen))
    series = [_group(title, {name: points[name] for name in points if name in names}) for title, names in groups]
    x = Axis.around("milliseconds for one row (p50)", [x for x, _ in points.values()], zero=True)
    y = Axis.around("KB", [y for _, y in points.values()], zero=True)
    return Plot("Size by latency", x, y, [each for each in series if each.points])


def _group(title: str, points: Mapping[str, tuple[float, float]]) -> Series:
    return Series(title, list(points.values()), scattered=True, labels=list(points))


def _with_areas(output: Record, name: str, area: str) -> list[Series]:
    """Return the curves of a name, with the area under each in the legend."""
    areas = _areas(output, area)
    return [
        Series(_legend(curve["class"], areas.get(curve["class"])), list(zip(curve["x"], curve["y"], strict=True)))
        for curve in shown(output, name)
    ]


def _legend(name: str, area: float | None) -> str:
    return name if area is None else f"{name} ({estimated(area)})"


def _areas(output: Record, name: str) -> dict[str, float]:
    """Return the area under a curve by class, where it is known."""
    return {each["class"]: each[name]["value"] for each in output.get("per_class", ()) if name in each}
