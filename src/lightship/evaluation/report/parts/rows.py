"""Parts about rows of the data: slices and the worst mistakes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from lightship.bundle.headline import MAIN
from lightship.evaluation.report.html.markup import Markup, foreign, join, tag
from lightship.evaluation.report.html.tables import Cell, estimate, left_out, table
from lightship.evaluation.report.html.values import metric, number, plain

Record = Mapping[str, Any]

_IMAGE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")
# The most columns of a table of rows, and the most metrics of a slice.
_COLUMNS = 12
_METRICS = 4
# The most slices, and images and their characters together.
_SLICES = 20
_IMAGES = 40
_CHARACTERS = 2_000_000


def slices(parts: Sequence[Record]) -> Markup:
    """Return a table for each column: metrics of the rows with each value."""
    return join([*map(_slice, parts[:_SLICES]), left_out(len(parts) - _SLICES, "slices")])


def _slice(part: Record) -> Markup:
    found = {name for each in part["values"] for name in each["metrics"]}
    names = [name for name in dict.fromkeys(name for main in MAIN.values() for name in main) if name in found]
    names = (names or sorted(found))[:_METRICS]
    rows = [
        [plain(each["value"]), each["rows"], *(estimate(each["metrics"].get(name)) for name in names)]
        for each in part["values"]
    ]
    return table(f"Metrics by {part['column']}", [part["column"], "rows", *map(metric, names)], rows)


def worst(rows: Sequence[Record]) -> Markup:
    """Return the rows with the largest losses: as images where all have one."""
    if all(_IMAGE.fullmatch(str(row.get("image"))) for row in rows):
        shown = _fitting(rows)
        return join([tag("ul", *map(_image, shown), class_="images"), left_out(len(rows) - len(shown), "images")])
    columns = [*dict.fromkeys(name for row in rows for name in row.get("cells", {}))][:_COLUMNS]
    cells: list[list[Cell]] = [
        [
            str(row["row"]),
            *(_cell(row[name]) for name in ("target", "predicted")),
            float(row["loss"]),
            *(_cell(row.get("cells", {}).get(name)) for name in columns),
        ]
        for row in rows
    ]
    return table("The rows with the largest loss", ["row", "target", "predicted", "loss", *columns], cells)


def _fitting(rows: Sequence[Record]) -> Sequence[Record]:
    """Return the first rows whose images are not too large together."""
    sizes = accumulate(len(row["image"]) for row in rows[:_IMAGES])
    return rows[: sum(size <= _CHARACTERS for size in sizes)]


def _cell(value: Any) -> Cell:
    """Return a number as it is, because it is aligned, and anything else as text."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else plain(value)


def _place(row: Record) -> str:
    """Return where a row is in its data."""
    return row.get("place") or f"row {row['row']}"


def _image(row: Record) -> Markup:
    target, predicted = plain(row["target"]), plain(row["predicted"])
    picture = tag("img", src=row["image"], alt=f"{_place(row)}: target {target}, predicted {predicted}")
    lines = (
        join([tag("b", foreign(predicted)), " in place of ", tag("b", foreign(target))]),
        tag("small", f"{_place(row)}, loss {number(float(row['loss']))}"),
    )
    return tag("li", picture, *(tag("div", line) for line in lines))
