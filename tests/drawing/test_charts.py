"""Charts: axes, lines, points, histograms and matrices."""

from __future__ import annotations

import pytest

from lightship.drawing.charts.frame import Axis, tick_labels
from lightship.drawing.charts.histogram import Histogram
from lightship.drawing.charts.matrix import Matrix
from lightship.drawing.charts.plot import Plot, Series
from lightship.drawing.palette import SERIES
from lightship.drawing.svg import to_svg
from tests.drawing.drawn import Drawn


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-1.2, 1.3, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        (0.0, 9500.0, ["0", "2,000", "4,000", "6,000", "8,000"]),
        (0.0, 0.00012, ["0", "2.5e-05", "5e-05", "7.5e-05", "0.0001"]),
        (0.0, 12.0, ["0.0", "2.5", "5.0", "7.5", "10.0"]),
        (0.0, 1.2, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
    ],
)
def test_ticks_are_round(low: float, high: float, labels: list[str]) -> None:
    assert tick_labels(Axis("x", low, high)) == labels


@pytest.mark.parametrize(
    "values", [[], [0.0], [5.0, 5.0], [float("nan")], [0.0, 4.9e-323], [1e-300], [1e300, -1e300], [3.0, 4.0]]
)
def test_axis_contains_values(values: list[float]) -> None:
    axis = Axis.around("x", values)
    assert axis.low < axis.high
    assert all(axis.low <= value <= axis.high for value in values if value == value)  # noqa: PLR0124
    assert 2 <= len(axis.ticks()) <= 7


def test_axis_has_zero_where_wanted() -> None:
    assert Axis.around("x", [3.0, 4.0], zero=True).low == 0
    assert Axis.around("x", [300.0, 301.0]).low > 290


def test_plot_draws_curves_in_colours() -> None:
    series = [Series(f"class {number}", [(0, 0), (0.5, 0.9), (1, 1)]) for number in range(8)]
    drawn = Drawn(Plot("ROC", Axis("false"), Axis("true"), series, guide=[(0, 0), (1, 1)]))
    curves = [line for line in drawn.all("polyline") if len((line.get("points") or "").split()) == 3]
    assert [curve.get("class") for curve in curves] == [f"s-{tone}" for tone in (*SERIES, *SERIES[:2])]
    assert [curve.get("stroke-dasharray") is not None for curve in curves] == [False] * 6 + [True] * 2
    assert {"false", "true", "class 0", "class 7"} <= {*drawn.texts()}
    assert drawn.inside()


def test_plot_of_one_series_has_no_legend() -> None:
    drawn = Drawn(Plot("curve", Axis("x"), Axis("y"), [Series("only", [(0, 0), (1, 1)])]))
    assert "only" not in drawn.texts()
    assert "only" in drawn.titles()


def test_points_with_labels_are_inside() -> None:
    points = Series("sizes", [(0, 0), (10, 10)], scattered=True, labels=["first", "last of all the points"])
    drawn = Drawn(Plot("sizes", Axis("x", 0, 10), Axis("y", 0, 10), [points]))
    (left, right), (bottom, top) = drawn.numbers("circle", "cx"), drawn.numbers("circle", "cy")
    assert left < right
    assert top < bottom
    last = next(text for text in drawn.all("text") if (text.text or "").startswith("last"))
    assert float(last.get("x", "")) < right - 50, "at the left of its point"
    assert drawn.inside()


def test_labels_of_near_points_do_not_overlap() -> None:
    points = Series("sizes", [(5, 5), (5.2, 5), (5.4, 5)], scattered=True, labels=["dynamic int8", "int8", "int16x8"])
    drawn = Drawn(Plot("sizes", Axis("x", 0, 10), Axis("y", 0, 10), [points]))
    written = {(text.get("x"), text.get("y")) for text in drawn.all("text") if (text.text or "") in points.labels}
    assert len({y for _, y in written}) == 2
    assert len(written) == 3


def test_plot_of_values_outside_axes_is_inside() -> None:
    assert Drawn(Plot("far", Axis("x"), Axis("y"), [Series("far", [(-5, 7), (90, -3)])])).inside()


def test_histogram_has_bar_for_each_count() -> None:
    drawn = Drawn(Histogram("residuals", "residual", [-1, 0, 1, 2], [10, 20, 0]))
    heights = drawn.numbers("rect", "height")
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert heights[2] == 0
    assert "0 to 1: 20" in drawn.titles()
    assert drawn.inside()


def test_histogram_of_equal_values_is_drawn() -> None:
    assert Drawn(Histogram("same", "residual", [0.0, 0.0], [5])).inside()
    assert Drawn(Histogram("none", "residual", [], [])).inside()


def test_matrix_has_values_names_and_shades() -> None:
    drawn = Drawn(Matrix("confusion", ["cat", "dog"], [[30, 10], [0, 1234]]))
    assert {"cat", "dog", "30", "10", "1,234", "target", "predicted"} <= {*drawn.texts()}
    assert "0" not in drawn.texts()
    assert "cat, predicted dog: 10" in drawn.titles()
    shades = [cell.get("fill-opacity", "1") for cell in drawn.all("rect") if cell.get("class") == "f-shade"]
    assert shades == ["0.75", "0.25", "0", "1"]
    assert drawn.inside()


def test_matrix_with_long_names_has_numbers_above() -> None:
    names = ["a very long name of a class that is cut off", "another long name", "c"]
    texts = Drawn(Matrix("confusion", names, [[1] * 3] * 3)).texts()
    assert {"1", "2", "3", "3 c"} <= {*texts}
    assert any(text.startswith("1 a very") and text.endswith("…") for text in texts)


@pytest.mark.parametrize("classes", [0, 1, 60])
def test_matrix_of_any_size_is_drawn(classes: int) -> None:
    drawn = Drawn(Matrix("confusion", [f"class {n}" for n in range(classes)], [[5] * classes] * classes))
    assert len(drawn.all("g")) == classes**2
    assert drawn.inside()


def test_matrix_of_very_long_names_has_short_titles() -> None:
    names = [f"{number}{'l' * 100_000}" for number in range(20)]
    drawn = to_svg(Matrix("counts", names, [[1] * 20] * 20))
    assert len(drawn) < 400_000
    assert "19lll" in drawn


def test_plot_with_many_labels_draws_first_hundred() -> None:
    series = Series("variants", [(0.5, number / 5000) for number in range(5000)], scattered=True, labels=["v"] * 5000)
    texts = Drawn(Plot("plot", Axis("x"), Axis("y"), [series])).texts()
    assert 0 < texts.count("v") <= 100


@pytest.mark.parametrize("edges", [[0.0, 5e-324], [1e17, 1e17 + 16], [1.0, 1.0000000000000002]])
def test_histogram_of_tiny_range_is_drawn(edges: list[float]) -> None:
    assert Drawn(Histogram("rows", "x", edges, [1])).inside()
