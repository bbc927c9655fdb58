"""Figures: a chart, a caption, and the same values as a table."""

from __future__ import annotations

from lightship.drawing.canvas import Chart
from lightship.drawing.svg import to_svg
from lightship.evaluation.report.html.markup import Markup, tag
from lightship.evaluation.report.html.tables import folded


def figure(chart: Chart, caption: str, values: Markup | None = None) -> Markup:
    """Return a figure; ``values`` is a table that the reader can open."""
    table = folded(f"{chart.title} as a table", values or Markup(""))
    return tag("figure", Markup(to_svg(chart, themed=True)), tag("figcaption", caption), table)


def figures(*shown: Markup) -> Markup:
    """Return figures side by side where the screen is wide enough."""
    return tag("div", *shown, class_="figures") if any(shown) else Markup("")
