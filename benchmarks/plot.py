"""Plot of all comparisons with the usual way and other servers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks.goals import Comparison
from benchmarks.table import shown

mpl.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

_OURS, _TUNED, _BARE, _GOAL = "#1f6f8b", "#d9a441", "#b9c7cd", "#c8553d"


def draw(usual: Sequence[Comparison], peers: Sequence[Comparison], path: Path) -> None:
    """Draw one bar for each comparison on a logarithmic scale from 1 (equal)."""
    plt.rcParams.update({"svg.hashsalt": "lightship", "font.size": 10})
    rows = [*usual, *peers]
    figure, axes = plt.subplots(figsize=(10, 0.55 * len(rows) + 1.4), layout="constrained")
    for row, comparison in enumerate(rows):
        _bar(axes, row, comparison)
    if usual and peers:
        axes.axhline(len(usual) - 0.5, color="#999999", lw=0.8)
    axes.set_xscale("log")
    axes.set_xlim(1, 50 * max(comparison.ratio for comparison in rows))
    axes.set_xticks([1, 10, 100, 1000], ["1x", "10x", "100x", "1000x"])
    axes.set_yticks(range(len(rows)), [comparison.figure for comparison in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    below = "\nbelow the line: times as many requests per second as other servers" if peers else ""
    axes.set_xlabel(f"times better than FastAPI + load_model + model.predict (logarithmic){below}")
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), loc="lower right", frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bar(axes: Axes, row: int, comparison: Comparison) -> None:
    axes.barh(row, comparison.ratio - 1, left=1, height=0.55, color=_OURS, label="Lightship")
    marks = {
        "the usual way, tuned": (comparison.tuned and comparison.better(comparison.tuned), _TUNED, 3),
        "bare handler": (comparison.bare and comparison.better(comparison.bare), _BARE, 4),
        "goal": (comparison.goal, _GOAL, 2),
    }
    for label, (value, color, width) in marks.items():
        if value is not None:
            axes.plot([value, value], [row - 0.38, row + 0.38], color=color, lw=width, label=label)
    furthest = max(comparison.ratio, *(value for value, _, _ in marks.values() if value is not None), 1)
    figures = f"{shown(comparison.other, comparison.unit)} → {shown(comparison.lightship, comparison.unit)}"
    text = f"{shown(comparison.ratio, 'x')}   {figures}"
    axes.annotate(text, (furthest, row), xytext=(7, 0), textcoords="offset points", va="center")
