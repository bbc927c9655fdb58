"""Writing what was measured: results.json, the plot, and the tables between two marks in a README.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import plot
from benchmarks.goals import beside_peers, comparisons
from benchmarks.questions import ROOT
from benchmarks.tables import tables

PROSE = ROOT / "docs" / "benchmarks" / "README.md"

_BEGIN = "<!-- figures: written by `python -m benchmarks` -->"
_END = "<!-- end of figures -->"


def write(results: Mapping[str, Any], folder: Path) -> None:
    """Write ``results.json``, ``ratios.svg`` and ``README.md``, whose prose is that of docs/benchmarks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    plot.draw(comparisons(results), list(beside_peers(results).values()), folder / "ratios.svg")
    before, _, rest = PROSE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    (folder / "README.md").write_text(f"{before}{_BEGIN}\n\n{_figures(results)}\n\n{_END}{after}")


def _figures(results: Mapping[str, Any]) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        f"`{results['command']}` on {results['date'][:10]}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}, load average before {machine['load_average_before']}; {versions}.",
        *(table.to_markdown() for table in tables(results)),
    ]
    return "\n\n".join(lines)
