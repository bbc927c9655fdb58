"""Report: results.json, the plot, and the tables between two marks in a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import plot, scale
from benchmarks.examples import ROOT
from benchmarks.goals import beside_peers, comparisons
from benchmarks.table import Table
from benchmarks.tables import tables

README = ROOT / "docs" / "benchmarks" / "README.md"
SCALE = ROOT / "docs" / "scale.md"

_BEGIN = "<!-- figures: written by `python -m benchmarks` -->"
_END = "<!-- end of figures -->"


def write(results: Mapping[str, Any], folder: Path) -> None:
    """Write ``results.json``, ``ratios.svg``, ``README.md`` and ``scale.md``.

    The text of the pages outside the marks is that of docs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    plot.draw(comparisons(results), list(beside_peers(results).values()), folder / "ratios.svg")
    (folder / "README.md").write_text(filled(README.read_text(), results, tables(results)))
    if estimate := scale.tables(results):
        page = SCALE if folder == README.parent else folder / SCALE.name
        page.write_text(filled(SCALE.read_text(), results, estimate))


def filled(page: str, results: Mapping[str, Any], between: Sequence[Table]) -> str:
    """Return a page with the tables between its two marks replaced."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{_figures(results, between)}\n\n{_END}{after}"


def _figures(results: Mapping[str, Any], between: Sequence[Table]) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        f"`{results['command']}` on {results['date'][:10]}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}, load average before {machine['load_average_before']}; {versions}.",
        *(table.to_markdown() for table in between),
    ]
    return "\n\n".join(lines)
