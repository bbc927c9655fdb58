"""What the figures are held against: the usual way, other servers, and what the libraries take alone as the bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A warm event may take so many times as long as in a bare handler, a request of a protocol as its bound.
BOUND = 1.5
PROTOCOL_BOUND = 2.0

# Rows per second of one core beside pandas and model.predict, what part of the bound they are, and how many times the
# memory for the smallest file a worker may need for the largest one.
PANDAS = 10.0
JOBS_BOUND = 0.6
FLAT = 1.1

# Requests per second beside every server with the same compiled model inside.
PEERS = 3.0


@dataclass(frozen=True)
class Comparison:
    """One figure of something else and of Lightship.

    Attributes:
        figure: what was measured, in words.
        unit: ``ms``, ``MiB``, ``MB`` or ``/s``.
        other: what the goal is judged against: the usual way's figure, or another server's.
        goal: how many times better it must be; None where nothing is asked.
        aim: how many times better it should be.
        tuned: the tuned way's figure, where there is one.
        bare: the bare handler's figure, where there is one.
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
        """How many times better Lightship is; below 1 it is worse."""
        return self.better(self.lightship)

    @property
    def beside_tuned(self) -> float | None:
        """How many times better than the tuned way Lightship is; None where that was not measured."""
        return None if self.tuned is None else self.ratio / self.better(self.tuned)

    @property
    def verdict(self) -> str:
        """Whether the goal is met, and the aim."""
        if self.goal is None and self.aim is None:
            return "no goal"
        if self.goal is None:
            return f"aim of {self.aim:g}x {'met' if self.ratio >= (self.aim or 0) else 'missed'}"
        goal = f"{'met' if self.ratio >= self.goal else 'MISSED'}: ≥ {self.goal:g}x"
        if self.aim is None:
            return goal
        return f"{goal}; aim of {self.aim:g}x {'met' if self.ratio >= self.aim else 'missed'}"

    def better(self, value: float) -> float:
        """How many times better than the other's a value of this figure is."""
        return value / self.other if self.unit == "/s" else self.other / value


def comparisons(results: Mapping[str, Any]) -> list[Comparison]:
    """Every comparison with the usual way that the parts in these results allow."""
    return [
        *_of_lambda(results.get("lambda")),
        *_of_server(results.get("server")),
        *_of_jobs(results.get("jobs")),
        *_of_image(results.get("image")),
    ]


def beside_peers(results: Mapping[str, Any]) -> dict[tuple[str, str], Comparison]:
    """Requests per second beside other servers, by their name and how many requests are under way at once."""
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


def beside_bare(results: Mapping[str, Any]) -> dict[str, float]:
    """How many times as long as in a bare handler a warm event takes."""
    if "lambda" not in results:
        return {}
    warm = {name: stack["warm_event_ms"]["p50"] for name, stack in results["lambda"]["stacks"].items()}
    return {"bare": warm["lightship"] / warm["bare"]}


def beside_bound(part: Mapping[str, Any]) -> dict[str, float]:
    """What part of the bound's rows per second of one core a worker's are, by input."""
    return {
        name: per_core(file["ways"]["lightship, 1 worker"]) / per_core(file["ways"]["bound"])
        for name, file in part["files"].items()
    }


def growth(part: Mapping[str, Any]) -> dict[str, float]:
    """How many times the memory for the smallest file the largest one takes, by who splits and who scores."""
    return {
        what: seen[-1]["peak_memory_mib"] / seen[0]["peak_memory_mib"] for what, seen in part["memory"].items() if seen
    }


def per_core(way: Mapping[str, Any]) -> float:
    """Rows for each second of processor time."""
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
    """The usual way of jobs is pandas with ``model.predict``."""
    if part is None or "files" not in part:
        return []
    return [
        Comparison(
            *(f"{name}, file to file: rows per second of one core", "/s"),
            *(per_core(file["ways"]["usual"]), per_core(file["ways"]["lightship, 1 worker"])),
            aim=PANDAS,
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
