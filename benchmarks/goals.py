"""Goals: comparison with the usual way, other servers and the libraries alone.

The figure of the libraries alone, without Lightship's checks and routes, is the bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.jobs.inputs import PACKED, SINGLE, TABLE
from benchmarks.stacks import BUCKET_NAME
from benchmarks.table import shown

# Largest ratio of the first answer with models in S3 to the first answer with models in the image.
BUCKET = 1.25

# Smallest ratio of the usual way's blocks of an image that a cold start reads.
BLOCKS = 30.0

# Jobs by input: smallest ratio of rows per second of one core to the usual way, and smallest share of the bound's rows
# per second. Of all: largest ratio of a worker's memory for the largest file to that for the smallest file.
PANDAS = {TABLE: 10.0, SINGLE: 4.0, PACKED: 10.0}
JOBS_BOUND = {TABLE: 0.7, SINGLE: 0.6, PACKED: 0.6}
FLAT = 1.1

# The web application: most kB before charts and LiteRT.js, and most milliseconds until it is interactive (median).
PAGE_KILOBYTES = 120.0
INTERACTIVE_MS = 1000.0

# Smallest ratio of requests per second to those of other servers with the same compiled model.
PEERS = 3.0


@dataclass(frozen=True)
class Comparison:
    """One figure of Lightship and of another stack.

    Attributes:
        figure: name of the figure.
        unit: ``ms``, ``MiB``, ``MB``, ``blocks`` or ``/s``.
        other: the figure of the usual way, or of another server.
        lightship: the figure of Lightship.
        goal: required ratio; None without a goal.
        aim: desired ratio; None without an aim.
        tuned: the figure of the tuned usual way, if measured.
        bare: the figure of the bare handler, if measured.
    """

    figure: str
    unit: str
    other: float
    lightship: float
    goal: float | None = None
    aim: float | None = None
    tuned: float | None = None
    bare: float | None = None

    @property
    def ratio(self) -> float:
        """Return how many times better Lightship is; below 1 it is worse."""
        return self.better(self.lightship)

    @property
    def beside_tuned(self) -> float | None:
        """Return how many times better than the tuned way Lightship is, if measured."""
        return None if self.tuned is None else self.ratio / self.better(self.tuned)

    @property
    def verdict(self) -> str:
        """Return whether the goal and the aim are met, as text."""
        if self.goal is None and self.aim is None:
            return "no goal"
        if self.goal is None:
            return f"aim of {self.aim:g}x {'met' if self.ratio >= (self.aim or 0) else 'missed'}"
        goal = f"{'met' if self.ratio >= self.goal else 'MISSED'}: ≥ {self.goal:g}x"
        if self.aim is None:
            return goal
        return f"{goal}; aim of {self.aim:g}x {'met' if self.ratio >= self.aim else 'missed'}"

    def better(self, value: float) -> float:
        """Return how many times better than the other figure a value is."""
        return value / self.other if self.unit == "/s" else self.other / value


@dataclass(frozen=True)
class Limit:
    """One figure of Lightship and the most that it may be; None without a goal."""

    figure: str
    unit: str
    value: float
    most: float | None

    @property
    def verdict(self) -> str:
        """Return whether the goal is met, as text."""
        if self.most is None:
            return "no goal"
        return f"{'met' if self.value <= self.most else 'MISSED'}: ≤ {shown(self.most, self.unit)}"


def comparisons(results: Mapping[str, Any]) -> list[Comparison]:
    """Return the comparisons with the usual way for the parts in the results."""
    return [
        *_of_lambda(results.get("lambda")),
        *_of_server(results.get("server")),
        *_of_jobs(results.get("jobs")),
        *_of_image(results.get("image")),
        *_of_cold(results.get("cold")),
    ]


def beside_peers(results: Mapping[str, Any]) -> dict[tuple[str, str], Comparison]:
    """Return comparisons with other servers by server name and concurrency."""
    part = results.get("peers")
    if part is None:
        return {}
    ours = part["servers"]["lightship"]
    return {
        (name, concurrency): Comparison(
            *(f"beside {name}, {concurrency} at once", "/s"),
            *(_rate(figures), _rate(ours[concurrency])),
            goal=PEERS if name in part["same_model_inside"] else None,
        )
        for name, by_concurrency in part["servers"].items()
        for concurrency, figures in by_concurrency.items()
        if name != "lightship"
    }


def page_limits(part: Mapping[str, Any]) -> list[Limit]:
    """Return weight and time of the web application's pages.

    Times on a slower device or network than "here" have no goal.
    """
    weights = [
        Limit(f"{page}: before charts and LiteRT.js", "kB", sum(files.values()) / 1000, PAGE_KILOBYTES)
        for page, files in part["weight"]["pages"].items()
    ]
    times = [
        Limit(
            *(f"{page}: interactive, {condition}", "ms", figures["interactive"]["median"]),
            INTERACTIVE_MS if condition == "here" else None,
        )
        for condition, pages in part["moments_ms"].items()
        for page, figures in pages.items()
    ]
    return weights + times


def bucket_start(results: Mapping[str, Any]) -> Limit | None:
    """Return the first answer with models in S3, relative to models in the image."""
    found = results.get("lambda", {}).get("stacks", {})
    if BUCKET_NAME not in found:
        return None
    ours, bucket = (found[name]["first_answer_ms"]["median"] for name in ("lightship", BUCKET_NAME))
    return Limit("first answer, models in S3 instead of the image", "x", bucket / ours, BUCKET)


def beside_bound(part: Mapping[str, Any]) -> dict[str, float]:
    """Return a worker's share of the bound's rows per second by input."""
    return {
        name: per_core(file["ways"]["lightship, 1 worker"]) / per_core(file["ways"]["bound"])
        for name, file in part["files"].items()
    }


def growth(part: Mapping[str, Any]) -> dict[str, float]:
    """Return the memory for the largest file relative to the smallest one, by step."""
    return {
        what: seen[-1]["peak_memory_mib"] / seen[0]["peak_memory_mib"] for what, seen in part["memory"].items() if seen
    }


def per_core(way: Mapping[str, Any]) -> float:
    """Return rows per second of processor time."""
    rate: float = way["rows_per_processor_second"]["median"]
    return rate


def _of_lambda(part: Mapping[str, Any] | None) -> list[Comparison]:
    if part is None:
        return []
    measured = {name: part["stacks"][name] for name in ("usual", "lightship", "tuned", "bare")}

    def compared(figure: str, unit: str, key: str, value: str, **goals: float) -> Comparison:
        other, lightship, tuned, bare = (stack[key][value] for stack in measured.values())
        return Comparison(figure, unit, other, lightship, tuned=tuned, bare=bare, **goals)

    found = [
        compared("process start → first answer", "ms", "first_answer_ms", "median", goal=10, aim=30),
        compared("warm event, p50", "ms", "warm_event_ms", "p50", goal=300),
    ]
    if all(stack["peak_memory_mib"] for stack in measured.values()):
        found.append(compared("peak memory", "MiB", "peak_memory_mib", "median", goal=7))
    return found


def _of_server(part: Mapping[str, Any] | None) -> list[Comparison]:
    if part is None:
        return []
    usual, ours, tuned = (part["servers"][name] for name in ("usual", "lightship", "tuned"))
    return [
        Comparison(
            *(f"requests per second, {concurrency} at once", "/s"),
            *(_rate(usual[concurrency]), _rate(ours[concurrency])),
            goal=300 if concurrency == "16" else None,
            tuned=_rate(tuned[concurrency]),
        )
        for concurrency in ours
    ]


def _of_jobs(part: Mapping[str, Any] | None) -> list[Comparison]:
    """Compare jobs with pandas and ``model.predict``."""
    if part is None or "files" not in part:
        return []
    return [
        Comparison(
            *(f"{name}, file to file: rows per second of one core", "/s"),
            *(per_core(file["ways"]["usual"]), per_core(file["ways"]["lightship, 1 worker"])),
            aim=PANDAS.get(name),
        )
        for name, file in part["files"].items()
    ]


def _rate(figures: Mapping[str, Any]) -> float:
    rate: float = figures["requests_per_second"]["median"]
    return rate


def _of_image(part: Mapping[str, Any] | None) -> list[Comparison]:
    if part is None or "megabytes" not in part:
        return []
    sizes = part["megabytes"]
    added = {name: sizes[name] - sizes["base"] for name in ("usual", "lightship")}
    return [
        Comparison("image size", "MB", sizes["usual"], sizes["lightship"]),
        Comparison("image size without the base image", "MB", added["usual"], added["lightship"]),
    ]


def _of_cold(part: Mapping[str, Any] | None) -> list[Comparison]:
    if part is None or "images" not in part:
        return []
    usual, ours = (part["images"][name]["total"]["packed"] for name in ("usual", "lightship"))
    return [Comparison("cold start: blocks of 512 KiB that are read", "blocks", usual, ours, aim=BLOCKS)]
