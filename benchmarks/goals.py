"""What the figures are held against: the usual way, and the bare handler as the bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A warm event may take so many times as long as in a bare handler.
BOUND = 1.5


@dataclass(frozen=True)
class Comparison:
    """One figure of the usual way and of Lightship.

    Attributes:
        figure: what was measured, in words.
        unit: ``ms``, ``MiB``, ``MB`` or ``/s``.
        goal: how many times better it must be; None where nothing is asked.
        aim: how many times better it should be.
        bare: the bare handler's figure, where there is one.
    """

    figure: str
    unit: str
    usual: float
    lightship: float
    goal: float | None = None
    aim: float | None = None
    bare: float | None = None

    @property
    def ratio(self) -> float:
        """How many times better Lightship is; below 1 it is worse."""
        return self.better(self.lightship)

    @property
    def verdict(self) -> str:
        """Whether the goal is met, and the aim."""
        if self.goal is None:
            return "no goal"
        goal = f"{'met' if self.ratio >= self.goal else 'MISSED'}: ≥ {self.goal:g}x"
        if self.aim is None:
            return goal
        return f"{goal}; aim of {self.aim:g}x {'met' if self.ratio >= self.aim else 'missed'}"

    def better(self, value: float) -> float:
        """How many times better than the usual way a value of this figure is."""
        return value / self.usual if self.unit == "/s" else self.usual / value


def comparisons(results: Mapping[str, Any]) -> list[Comparison]:
    """Every comparison that the parts in these results allow."""
    return [*_of_lambda(results.get("lambda")), *_of_server(results.get("server")), *_of_image(results.get("image"))]


def beside_bare(results: Mapping[str, Any]) -> float | None:
    """How many times as long as in a bare handler a warm event takes."""
    for comparison in _of_lambda(results.get("lambda")):
        if comparison.figure == _WARM and comparison.bare is not None:
            return comparison.lightship / comparison.bare
    return None


_WARM = "warm event, p50"


def _of_lambda(part: Mapping[str, Any] | None) -> list[Comparison]:
    if part is None:
        return []
    usual, ours, bare = (part["stacks"][name] for name in ("usual", "lightship", "bare"))
    first, warm, memory = "first_answer_ms", "warm_event_ms", "peak_memory_mib"
    found = [
        Comparison(
            *("process start → first answer", "ms", usual[first]["median"], ours[first]["median"]),
            goal=10,
            aim=30,
            bare=bare[first]["median"],
        ),
        Comparison(_WARM, "ms", usual[warm]["p50"], ours[warm]["p50"], goal=300, bare=bare[warm]["p50"]),
    ]
    if usual[memory] and ours[memory]:
        peaks = (usual[memory]["median"], ours[memory]["median"])
        found.append(Comparison("peak memory", "MiB", *peaks, goal=7, bare=bare[memory]["median"]))
    return found


def _of_server(part: Mapping[str, Any] | None) -> list[Comparison]:
    if part is None:
        return []
    usual, ours = part["servers"]["usual"], part["servers"]["lightship"]
    rate = "requests_per_second"
    return [
        Comparison(
            *(f"requests per second, {concurrency} at once", "/s"),
            *(usual[concurrency][rate]["median"], ours[concurrency][rate]["median"]),
            goal=300 if concurrency == "16" else None,
        )
        for concurrency in ours
    ]


def _of_image(part: Mapping[str, Any] | None) -> list[Comparison]:
    if part is None or "megabytes" not in part:
        return []
    sizes = part["megabytes"]
    added = {name: sizes[name] - sizes["base"] for name in ("usual", "lightship")}
    return [
        Comparison("image size", "MB", sizes["usual"], sizes["lightship"]),
        Comparison("image size without the base image", "MB", added["usual"], added["lightship"]),
    ]
