"""Report: results.json, the plot, and the tables between two marks in pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import plot, scale, summary
from benchmarks.examples import ROOT
from benchmarks.goals import beside_peers, comparisons
from benchmarks.table import Table
from benchmarks.tables import tables

DOCS = ROOT / "docs"
FOLDER = DOCS / "benchmarks"

Results = Mapping[str, Any]

_BEGIN = "<!-- figures: written by `python -m benchmarks` -->"
_END = "<!-- end of figures -->"


@dataclass(frozen=True)
class Page:
    """A page with the tables of some parts; ``path`` is relative to docs.

    Without ``runs`` it does not state when and where they were measured.
    """

    path: str
    parts: tuple[str, ...]
    tables: Callable[[Results], Sequence[Table]] = tables
    runs: bool = True


PAGES = (
    Page(
        "benchmarks/README.md",
        (
            *("lambda", "server", "asgi", "peers", "workers", "protocols", "batching", "registry", "jobs"),
            *("compile", "evaluation", "explain", "web", "image", "cold"),
        ),
    ),
    Page("benchmarks/trees.md", ("trees",)),
    Page("compression.md", ("compression",)),
    Page("examples.md", ("examples",)),
    Page("preprocessing.md", ("preprocessing",)),
    Page("scale.md", ("jobs",), scale.tables),
    Page("../README.md", ("lambda", "peers", "jobs", "asgi"), summary.tables, runs=False),
)


def load() -> Results:
    """Return the committed figures by part."""
    results: Results = json.loads((FOLDER / "results.json").read_text())
    return results


def write(results: Results, folder: Path) -> None:
    """Write ``results.json``, ``ratios.svg`` and the pages that have figures.

    The text of the pages outside the marks is that of docs. Other folders than docs/benchmarks get copies of the pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    if compared := comparisons(results):
        plot.draw(compared, list(beside_peers(results).values()), folder / "ratios.svg")
    for page in PAGES:
        if text := filled(page, results):
            path = DOCS / page.path
            (path if folder == FOLDER else folder / page.path.replace("/", "-").lstrip(".-")).write_text(text)


def filled(page: Page, results: Results) -> str:
    """Return a page of docs with its tables replaced; empty without figures."""
    measured = {part: results[part] for part in page.parts if part in results}
    between = page.tables(measured) if measured else ()
    if not between:
        return ""
    before, _, rest = (DOCS / page.path).read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    figures = "\n\n".join([_runs(measured)] * page.runs + [table.to_markdown() for table in between])
    return f"{before}{_BEGIN}\n\n{figures}\n\n{_END}{after}"


def _runs(measured: Results) -> str:
    """Return a line for each run, with its parts where there are several runs."""
    parts: dict[str, list[str]] = {}
    for part, figures in measured.items():
        parts.setdefault(_run(figures["run"]), []).append(part)
    if len(parts) == 1:
        return next(iter(parts))
    return "\n".join(f"- {', '.join(names)}: {run}" for run, names in parts.items())


def _run(run: Mapping[str, Any]) -> str:
    machine = run["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"`{run['command']}` on {run['date'][:10]}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}, load average before {machine['load_average_before']}; {versions}."
    )
