"""Tables: a caption, a header for each column and each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightship.evaluation.report.html.markup import Markup, foreign, join, tag
from lightship.evaluation.report.html.values import estimated, interval, number

# A number is aligned at the right, None is a dash.
Cell = str | float | int | None

# The most rows of a table, and characters of a text in it.
ROWS = 200
_CHARACTERS = 500


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Markup:
    """Return a table whose first cells are the names of the rows; empty without rows.

    It scrolls sideways where the screen is narrower. Beyond :data:`ROWS` rows it says how many are left out.
    """
    if not rows:
        return Markup("")
    headers = [_header(name, cell) for name, cell in zip(head, ["", *rows[0][1:]], strict=True)]
    content = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *headers)),
        tag("tbody", *(_row(row) for row in rows[:ROWS])),
    )
    region = tag("div", content, class_="scroll", role="region", aria_label=caption, tabindex="0")
    return join([region, left_out(len(rows) - ROWS, "rows")])


def left_out(count: int, things: str) -> Markup:
    """Return a sentence about things of the report that are not shown; empty for 0."""
    return tag("p", f"{count:,} more {things} are not shown; report.json has them.") if count > 0 else Markup("")


def estimate(record: Mapping[str, float] | float | None) -> Markup:
    """Return a metric with its interval below, a number, or a dash."""
    if not isinstance(record, Mapping):
        return join([number(record)])
    between = interval(record)
    return join([estimated(record["value"]), *([tag("br"), tag("small", between)] if between else [])])


def folded(summary: str, content: Markup) -> Markup:
    """Return content that the reader opens; empty without any."""
    return tag("details", tag("summary", summary), content) if content else content


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    """Return a list of names and their values, without those that are empty."""
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs if value]
    return tag("dl", *rows) if rows else Markup("")


def _header(name: str, cell: Cell) -> Markup:
    return tag("th", foreign(_short(name)), scope="col", **_alignment(cell))


def _row(cells: Sequence[Cell]) -> Markup:
    first, *others = cells
    return tag(
        "tr", tag("th", _content(first), scope="row"), *(tag("td", _content(c), **_alignment(c)) for c in others)
    )


def _content(cell: Cell) -> Markup:
    if isinstance(cell, Markup):
        return cell
    return foreign(_short(cell)) if isinstance(cell, str) else join([number(cell)])


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"


def _alignment(cell: Cell) -> dict[str, str]:
    aligned_left = isinstance(cell, str) and not isinstance(cell, Markup)
    return {} if aligned_left else {"class_": "n"}
