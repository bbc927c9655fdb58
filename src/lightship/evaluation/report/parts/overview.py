"""Overview: the most important metrics, the data and the model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lightship.bundle.headline import MAIN
from lightship.evaluation.report.html.markup import Markup, foreign, join, tag
from lightship.evaluation.report.html.tables import facts, folded, left_out, table
from lightship.evaluation.report.html.values import estimated, interval, metric

Record = Mapping[str, Any]

_CARD = ("purpose", "data", "limits", "owner", "licence")


def overview(report: Record, measurements: Record, outputs: Sequence[Record]) -> Markup:
    """Return the content of the section; ``outputs`` are those that the page shows."""
    evaluation = report.get("evaluation", {})
    compiled = measurements.get("compiled")
    return join(
        [
            *(tag("p", tag("b", "Warning: "), foreign(warning)) for warning in evaluation.get("warnings", ())),
            *(_tiles(output, several=len(outputs) > 1) for output in outputs),
            left_out(len(evaluation.get("outputs", ())) - len(outputs), "outputs"),
            facts([*_data(evaluation.get("data", {})), ("compiled", join([str(compiled)]) if compiled else "")]),
            _left_out("skipped", evaluation.get("data", {}).get("skips", ())),
            _left_out("excluded", evaluation.get("data", {}).get("exclusions", ())),
            _card(report.get("card", {})),
        ]
    )


def _tiles(output: Record, *, several: bool) -> Markup:
    metrics = output.get("metrics", {})
    tiles = [_tile(name, metrics[name]) for name in MAIN[output["task"]] if name in metrics]
    heading = tag("h3", foreign(output["output"])) if several else Markup("")
    return join([heading, tag("div", *tiles, class_="tiles")])


def _tile(name: str, figure: Record) -> Markup:
    between = interval(figure)
    value = tag("b", estimated(figure["value"]))
    return tag("div", tag("span", metric(name)), value, tag("span", between) if between else "", class_="tile")


def _data(data: Record) -> Iterator[tuple[str, str]]:
    if not data:
        return
    yield "data", foreign(data["name"])
    left_out = (f", {data[name]:,} {name}" for name in ("skipped", "excluded") if data.get(name))
    yield "rows", "".join([f"{data['rows']:,}", *left_out])
    yield "SHA-256", data.get("sha256") or ""


def _left_out(name: str, listed: Sequence[Record]) -> Markup:
    rows = [[each["file"], each.get("row"), each.get("column"), each["reason"]] for each in listed]
    return folded(
        f"{name.capitalize()} rows",
        table(f"The first rows that were {name}", ["file", "row", "column", "reason"], rows),
    )


def _card(card: Record) -> Markup:
    if not card:
        return Markup("")
    return join([tag("h3", "Model card"), facts([(key, foreign(card[key])) for key in _CARD if card.get(key)])])
