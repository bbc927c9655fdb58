"""Compression: the variants that were measured, and the choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.evaluation.report import charts
from lightship.evaluation.report.html.figures import figure
from lightship.evaluation.report.html.markup import Markup, foreign, join, tag
from lightship.evaluation.report.html.tables import Cell, facts, table
from lightship.evaluation.report.html.values import DASH, estimated, interval, metric, milliseconds, number, size

Record = Mapping[str, Any]


def compression(record: Record, measurements: Record) -> Markup:
    """Return the choice, the table of variants, and size by latency where measured."""
    times = measurements.get("candidates", {})
    usable = [each for each in record["candidates"] if not each.get("error")]
    rows = [_row(each, times.get(each["name"], {}), record["chosen"]) for each in usable]
    failed = [[each["name"], each["error"]] for each in record["candidates"] if each.get("error")]
    name = next((metric(each["metric"]) for each in usable if each.get("metric")), "metric")
    head = ["variant", "within budget", "size", "compressed", "1 row", "32 rows", "memory", "largest difference"]
    chart = charts.trade_off(record, measurements)
    caption = "Each variant by its size and the time of one row: smaller and faster is better."
    keys = ("chosen", "rule", "reason")
    return join(
        [
            facts([(key, foreign(record[key])) for key in keys if record.get(key)]),
            table("Variants of the model; times are medians", [*head, name, "change"], rows),
            table("Variants that cannot be used", ["variant", "reason"], failed),
            figure(chart, caption) if chart else "",
        ]
    )


def _row(each: Record, times: Record, chosen: str) -> list[Cell]:
    return [
        _name(each, chosen),
        DASH if each.get("within") is None else "yes" if each["within"] else "no",
        Markup(size(each.get("bytes"))),
        Markup(size(each.get("transfer_bytes"))),
        Markup(milliseconds(times.get("p50_1"))),
        Markup(milliseconds(times.get("p50_32"))),
        Markup(size(times.get("peak_bytes"))),
        Markup(number(each.get("largest_difference"))),
        Markup(DASH if each.get("value") is None else estimated(each["value"])),
        _change(each),
    ]


def _name(each: Record, chosen: str) -> Markup:
    """Return a variant's name, whether it was chosen, and its layers in float32."""
    layers = len(each.get("float_layers", ()))
    notes = [*(["chosen"] if each["name"] == chosen else []), *([f"{layers} layers in float32"] if layers else [])]
    return join([foreign(each["name"]), *(tag("small", f" ({note})") for note in notes)])


def _change(each: Record) -> Markup:
    if each.get("change") is None:
        return Markup(DASH)
    between = interval(each)
    lines = [f"{float(each['change']):+.3g}", *([tag("br"), tag("small", between)] if between else [])]
    return join(lines)
