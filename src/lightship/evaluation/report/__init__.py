"""The report of a version: report.json as one HTML file.

The file contains its style sheet, charts and images, and no script; it makes no request. Everything in report.json can
come from a model file or its data: all of it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lightship.drawing.canvas import Chart
from lightship.drawing.svg import to_svg
from lightship.errors import BundleError
from lightship.evaluation.report import bounds, charts
from lightship.evaluation.report.page import fitting, page, sections

__all__ = ["check", "figures", "render"]

_MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def render(
    report: Mapping[str, Any], *, name: str, version: int | None = None, measurements: Mapping[str, Any] | None = None
) -> str:
    """Return the report as a complete HTML document.

    Args:
        report: the content of report.json; a section appears where it has the part. The page has at most 5 MB, and
            says what it leaves out.
        name: of the model.
        version: of the model; None where the evaluated model has none.
        measurements: what the registry keeps beside the bundle: the compile's date, times and memory.

    Raises BundleError for a report of another form, or beyond :mod:`lightship.evaluation.report.bounds`.
    """
    title = name if version is None else f"{name} version {version}"
    check(report, measurements)
    try:
        return page(title, fitting(sections(report, measurements or {})))
    except _MALFORMED as error:
        raise _malformed(error) from None


def figures(report: Mapping[str, Any], *, measurements: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the charts of a report as SVG, by name.

    A name contains the number of the output where there are several. Raises BundleError for a report of another form.
    """
    check(report, measurements)
    try:
        return {name: to_svg(chart) for name, chart in _charts(report, measurements or {})}
    except _MALFORMED as error:
        raise _malformed(error) from None


def check(report: Mapping[str, Any], measurements: Mapping[str, Any] | None) -> None:
    """Raise BundleError for content beyond :mod:`lightship.evaluation.report.bounds`."""
    bounds.check(report)
    bounds.check(measurements, "the measurements")


def _charts(report: Mapping[str, Any], measurements: Mapping[str, Any]) -> Iterator[tuple[str, Chart]]:
    outputs = report.get("evaluation", {}).get("outputs", ())
    for number, output in enumerate(outputs):
        for name, chart in charts.of_output(output):
            yield (f"{name}-{number}" if len(outputs) > 1 else name), chart
    if importance := report.get("importance"):
        yield "importance", charts.importance(importance["features"])
    compression = report.get("compression")
    if compression and (trade_off := charts.trade_off(compression, measurements)):
        yield "compression", trade_off


def _malformed(error: Exception) -> BundleError:
    return BundleError(f"report.json is malformed: {type(error).__name__} {str(error)[:200]}")
