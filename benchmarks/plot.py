"""The plot: how many times better than the usual way, every figure on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks.goals import Comparison
from benchmarks.tables import shown

mpl.use("svg")

import matplotlib.pyplot as plt

_OURS, _BARE, _GOAL = "#1f6f8b", "#b9c7cd", "#c8553d"


def draw(comparisons: Sequence[Comparison], path: Path) -> None:
    """One bar a comparison, from 1 (as good as the usual way) rightwards: equal lengths are equal ratios."""
    plt.rcParams.update({"svg.hashsalt": "lightship", "font.size": 10})
    figure, axes = plt.subplots(figsize=(9, 0.62 * len(comparisons) + 1.3), layout="constrained")
    for row, comparison in enumerate(comparisons):
        axes.barh(row, comparison.ratio - 1, left=1, height=0.55, color=_OURS, label="Lightship")
        if comparison.bare is not None:
            bound = comparison.better(comparison.bare)
            axes.plot([bound, bound], [row - 0.38, row + 0.38], color=_BARE, lw=4, label="bare handler, the bound")
        if comparison.goal is not None:
            goal = [comparison.goal] * 2
            axes.plot(goal, [row - 0.38, row + 0.38], color=_GOAL, lw=2, label="goal")
        figures = f"{shown(comparison.usual, comparison.unit)} → {shown(comparison.lightship, comparison.unit)}"
        furthest = max(comparison.ratio, comparison.better(comparison.bare or comparison.usual), comparison.goal or 1)
        text = f"{comparison.ratio:,.0f}x" if comparison.ratio >= 10 else f"{comparison.ratio:.1f}x"
        axes.annotate(f"{text}   {figures}", (furthest, row), xytext=(7, 0), textcoords="offset points", va="center")
    axes.set_xscale("log")
    axes.set_xlim(1, 50 * max(comparison.ratio for comparison in comparisons))
    axes.set_xticks([1, 10, 100, 1000], ["1x\n(the usual way)", "10x", "100x", "1000x"])
    axes.set_yticks(range(len(comparisons)), [comparison.figure for comparison in comparisons])
    axes.invert_yaxis()
    axes.set_xlabel("times better than FastAPI + load_model + model.predict (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), loc="lower right", frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
