"""The page: its sections, in order, and what surrounds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lightship.evaluation.report.html import style
from lightship.evaluation.report.html.markup import Markup, foreign, join, tag
from lightship.evaluation.report.parts import compression, features, outputs, rows
from lightship.evaluation.report.parts.overview import overview

Record = Mapping[str, Any]

# The most bytes of all sections.
LARGEST = 4_900_000
# The most outputs.
OUTPUTS = 10


class Section(NamedTuple):
    """A section: its id in links, its heading, and its content."""

    id: str
    heading: Markup
    content: Markup


def fitting(found: Iterable[Section]) -> list[Section]:
    """Return the sections that fit a page of 5 MB, and one that names the others."""
    kept, others, left = [], [], LARGEST
    for section in found:
        size = len(section.content.encode())
        if size <= left:
            kept.append(section)
            left -= size
        else:
            others.append(tag("li", section.heading))
    if others:
        reason = tag("p", "These sections would make the page larger than 5 MB; report.json has them.")
        kept.append(Section("left-out", Markup("Left out"), join([reason, tag("ul", *others)])))
    return kept


def page(title: str, sections: Sequence[Section]) -> str:
    """Return the complete HTML document."""
    links = [tag("li", tag("a", section.heading, href=f"#{section.id}")) for section in sections]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=style.POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{title}: evaluation report"),
        tag("style", Markup(style.CSS)),
    )
    body = tag(
        "body",
        tag("header", tag("h1", foreign(title)), tag("p", "Evaluation report", class_="lead")),
        tag("nav", tag("ul", *links), aria_label="Sections"),
        tag("main", *map(_section, sections)),
        tag("footer", tag("p", "Made by Lightship from the version's report.json.")),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def sections(report: Record, measurements: Record) -> Iterator[Section]:
    """Yield the sections of the parts that the report has."""
    evaluation = report.get("evaluation", {})
    shown = evaluation.get("outputs", ())[:OUTPUTS]
    yield Section("overview", Markup("Overview"), overview(report, measurements, shown))
    several = len(shown) > 1
    for number, output in enumerate(shown):
        yield from _of_output(output, f"-{number}" if several else "")
    if slices := evaluation.get("slices"):
        yield Section("slices", Markup("Slices"), rows.slices(slices))
    if worst := evaluation.get("worst"):
        yield Section("worst", Markup("Worst mistakes"), rows.worst(worst))
    if importance := report.get("importance"):
        yield Section("importance", Markup("Feature importance"), features.importance(importance))
    if report.get("compression"):
        content = compression.compression(report["compression"], measurements)
        yield Section("compression", Markup("Compression"), content)
    if report.get("baseline"):
        yield Section("baseline", Markup("Data baseline"), features.baseline(report["baseline"]))


def _of_output(output: Record, suffix: str) -> Iterator[Section]:
    """Yield the sections of an output; their headings name it where there are several."""
    parts = (
        ("metrics", "Metrics", outputs.metrics),
        ("classes", "Classes", outputs.per_class),
        ("confusion", "Confusion matrix", outputs.confusion),
        ("curves", "Curves", outputs.curves),
        ("thresholds", "Thresholds", outputs.thresholds),
        ("residuals", "Residuals", outputs.residuals),
    )
    for key, title, content in parts:
        if made := content(output):
            heading = join([title, *([" of ", foreign(output["output"])] if suffix else [])])
            yield Section(key + suffix, heading, made)


def _section(section: Section) -> Markup:
    heading = tag("h2", section.heading, id=f"{section.id}-heading")
    return tag("section", heading, section.content, id=section.id, aria_labelledby=f"{section.id}-heading")
