"""The metrics, tables and charts of one output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lightship.drawing.charts.plot import Plot
from lightship.evaluation.report import charts
from lightship.evaluation.report.html.figures import figure, figures
from lightship.evaluation.report.html.markup import Markup, foreign, join, tag
from lightship.evaluation.report.html.tables import Cell, estimate, table
from lightship.evaluation.report.html.values import DASH, estimated, interval, metric, number

Record = Mapping[str, Any]

_RATES = (0.01, 0.05, 0.1, 0.2, 0.5)
_RECALLS = (0.5, 0.8, 0.9, 0.95, 0.99)

# The most confusions in the table of a confusion matrix.
_CONFUSIONS = 10
# The most classes in a table, and metrics of a class.
_CLASSES = 100
_METRICS = 12


def metrics(output: Record) -> Markup:
    """Return the table of all metrics, and why others are missing."""
    rows: list[list[Cell]] = [
        [metric(name), Markup(estimated(each["value"])), Markup(interval(each) or DASH)]
        for name, each in output.get("metrics", {}).items()
    ]
    compiled = [[name, float(value)] for name, value in output.get("compiled_metrics", {}).items()]
    absent = [[metric(name), reason] for name, reason in output.get("absent", {}).items()]
    excluded = output.get("excluded")
    beside = f" {excluded:,} rows without a target or a finite prediction are not counted." if excluded else ""
    return join(
        [
            tag("p", f"{output['rows']:,} rows.{beside}"),
            table("Metrics and their 95 % intervals (bootstrap)", ["metric", "value", "interval"], rows),
            table("Loss and metrics that the model was compiled with", ["name", "value"], compiled),
            table("Metrics that are undefined for these rows", ["metric", "reason"], absent),
        ]
    )


def per_class(output: Record) -> Markup:
    """Return the table of metrics by class: of many classes, those with the lowest F1."""
    found = output.get("per_class", ())
    classes = found if len(found) <= _CLASSES else sorted(found, key=_f1)[:_CLASSES]
    names = [*dict.fromkeys(name for each in classes for name in each if name not in {"class", "support"})][:_METRICS]
    rows = [[each["class"], each["support"], *(estimate(each.get(name)) for name in names)] for each in classes]
    few = (
        "" if classes is found else tag("p", f"Of {len(found):,} classes, the {_CLASSES} with the lowest F1 are shown.")
    )
    return join([few, table("Metrics by class", ["class", "rows", *map(metric, names)], rows)])


def _f1(record: Record) -> float:
    """Return the F1 of a class; those without one are last."""
    return float(record["f1"]["value"]) if "f1" in record else 2.0


def confusion(output: Record) -> Markup:
    """Return the confusion matrix, and the most frequent confusions."""
    counts, classes = output.get("confusion"), output.get("classes", ())
    if not counts:
        return Markup("")
    pairs = [
        (count, target, prediction)
        for target, row in zip(classes, counts, strict=True)
        for prediction, count in zip(classes, row, strict=True)
        if count and target != prediction
    ]
    pairs.sort(key=lambda pair: -pair[0])
    rows = [[target, prediction, count] for count, target, prediction in pairs[:_CONFUSIONS]]
    wrong = table("The most frequent confusions", ["target", "predicted", "rows"], rows)
    if len(classes) > charts.CLASSES:
        return join([tag("p", f"The matrix of {len(classes):,} classes is not drawn; report.json has it."), wrong])
    (chart,) = (chart for name, chart in charts.of_output(output) if name == "confusion")
    values = table("Rows by target and prediction", ["target", *classes], [*map(_confusion_row, classes, counts)])
    caption = "Number of rows by target (down) and prediction (across); the shade is the share of the target's rows."
    return figures(figure(chart, caption, values), wrong or tag("p", "Every row was predicted right."))


def _confusion_row(name: str, counts: Sequence[int]) -> list[Cell]:
    return [name, *counts]


def curves(output: Record) -> Markup:
    """Return the curves of classification: ROC, precision by recall, calibration."""
    recorded = output.get("curves", {})
    drawn = [draw(output) for name, draw in _CURVES.items() if recorded.get(name)]
    hidden = len(recorded.get("roc", ())) - charts.LINES
    few = (
        f"Of {charts.LINES + hidden} classes, the {charts.LINES} with the smallest area under the ROC curve are shown."
    )
    return join([tag("p", few) if hidden > 0 else "", figures(*drawn)])


def _roc(output: Record) -> Markup:
    rows = [
        [curve["class"], *(_largest(curve["y"], curve["x"], lambda x, rate=rate: x <= rate) for rate in _RATES)]
        for curve in charts.shown(output, "roc")
    ]
    chart = charts.roc(output)
    values = table("True positive rate by false positive rate", ["class", *map(str, _RATES)], rows)
    return figure(chart, _caption("ROC curve", chart, "in brackets the area under it"), values)


def _precision_recall(output: Record) -> Markup:
    rows = [
        [curve["class"], *(_largest(curve["y"], curve["x"], lambda x, least=least: x >= least) for least in _RECALLS)]
        for curve in charts.shown(output, "pr")
    ]
    chart = charts.precision_recall(output)
    values = table("Precision by recall", ["class", *map(str, _RECALLS)], rows)
    return figure(chart, _caption("Precision by recall", chart, "in brackets the average precision"), values)


def _largest(values: Sequence[float], positions: Sequence[float], accept: Any) -> float | None:
    return max((float(y) for x, y in zip(positions, values, strict=True) if accept(x)), default=None)


def _calibration(output: Record) -> Markup:
    rows = [
        [curve["class"], float(mean), float(share), count]
        for curve in charts.shown(output, "calibration")
        for mean, share, count in zip(curve["mean"], curve["share"], curve["count"], strict=True)
    ]
    values = table("Calibration by bin", ["class", "mean probability", "share of rows", "rows"], rows)
    chart = charts.calibration(output)
    meaning = f"on the diagonal for a calibrated model; of bins with {charts.FEWEST} rows or more"
    return figure(chart, _caption("Share of rows by predicted probability", chart, meaning), values)


def _caption(title: str, chart: Plot, meaning: str) -> Markup:
    """Return a caption, which names the class where there is no legend."""
    subject = chart.series[0].name if len(chart.series) == 1 else "each class"
    return join([f"{title} of ", foreign(subject), f" against the rest, {meaning}."])


_CURVES = {"roc": _roc, "pr": _precision_recall, "calibration": _calibration}


def thresholds(output: Record) -> Markup:
    """Return the metrics of a binary model by the threshold of its second class."""
    rows = output.get("thresholds", ())
    if not rows:
        return Markup("")
    names = ("precision", "recall", "f1", "accuracy")
    cells = [[str(row["threshold"]), *(row[name] for name in names), row["predicted"]] for row in rows]
    values = table("Metrics by threshold", ["threshold", *map(metric, names), "rows from it on"], cells)
    caption = join(["Metrics where a row is predicted as ", foreign(output["classes"][-1]), " from a probability on."])
    return figures(figure(charts.thresholds(rows), caption, values))


def residuals(output: Record) -> Markup:
    """Return the residuals of a regression."""
    record = output.get("residuals")
    if not record:
        return Markup("")
    edges, counts = record["histogram"]["edges"], record["histogram"]["counts"]
    rows: list[list[Cell]] = [
        [f"{number(float(low))} to {number(float(high))}", n] for low, high, n in _bins(edges, counts)
    ]
    values = table("Rows by residual", ["residual", "rows"], rows)
    caption = f"Prediction minus target, by prediction; {len(record['predicted']):,} rows."
    return figures(
        figure(charts.scatter(record), caption),
        figure(charts.histogram(record["histogram"]), "Distribution of the residuals of all rows.", values),
    )


def _bins(edges: Sequence[float], counts: Sequence[int]) -> Iterator[tuple[float, float, int]]:
    return zip(edges[:-1], edges[1:], counts, strict=True)
