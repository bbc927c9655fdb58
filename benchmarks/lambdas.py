"""Part ``lambda``: every stack as a Lambda function, run by AWS's runtime client.

One round starts a new process of each stack and measures the time to its first correct response, the time of warm
events, and its peak memory. Each round has an order of its own, so that a slower machine affects all of them. Each
process starts without downloaded models.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks import cores, processes
from benchmarks.figures import percentile, spread
from benchmarks.function import running
from benchmarks.order import shuffled
from benchmarks.runtime_api import Outcome
from benchmarks.stacks import Stack


@dataclass(frozen=True)
class Plan:
    """Number of processes of each stack, and of warm events in each of them."""

    rounds: int
    events: int
    slow_events: int


class Request(Protocol):
    """A request, and which answers to it are correct."""

    def event(self) -> bytes:
        """Return the HTTP API event as JSON."""

    def matches(self, body: str | bytes) -> bool:
        """Return whether a response body is correct."""


FULL = Plan(rounds=5, events=1000, slow_events=40)
QUICK = Plan(rounds=2, events=200, slow_events=10)


@dataclass(frozen=True)
class _Run:
    """One process: seconds to the first response and of warm events, peak MiB."""

    first: float
    warm: list[float]
    peak: float | None


def measure(
    stacks: Sequence[Stack], examples: Sequence[Request], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    """Return figures by stack; ``step`` is called with the name of each step.

    Raises RuntimeFailedError if a runtime fails, AssertionError for a wrong response.
    """
    runs: dict[str, list[_Run]] = {stack.name: [] for stack in stacks}
    for number in range(plan.rounds + 1):
        for stack in shuffled(stacks, number):
            step(f"round {number} of {plan.rounds}: {stack.name}" if number else f"compiled files: {stack.name}")
            events = plan.slow_events if stack.slow else plan.events
            run = _run(stack, examples, events if number else 1)
            if number:  # the first process writes .pyc files and fills the page cache
                runs[stack.name].append(run)
    return {
        "rounds": plan.rounds,
        "one_core_each": cores.pinnable(),
        "stacks": {name: _summary(of_stack) for name, of_stack in runs.items()},
    }


def steps(stacks: Sequence[Stack], plan: Plan) -> int:
    """Return the number of calls of ``step``."""
    return len(stacks) * (plan.rounds + 1)


def _run(stack: Stack, examples: Sequence[Request], events: int) -> _Run:
    sent = list(itertools.islice(itertools.cycle(examples), events + 1))
    messages = {id(example): example.event() for example in examples}
    with tempfile.TemporaryDirectory() as cache:
        environment = stack.environment() | {"LIGHTSHIP_CACHE": cache}
        with running(stack.name, [sys.executable], stack.folder, environment) as function:
            outcomes = [function.api.invoke(messages[id(example)]) for example in sent]
            peak = processes.peak(function.pid)
    if stack.predicts:
        _check(stack, sent, outcomes)
    first, *warm = outcomes
    return _Run(first.received - function.started, [outcome.seconds for outcome in warm], peak)


def _check(stack: Stack, sent: Sequence[Request], outcomes: Sequence[Outcome]) -> None:
    for example, outcome in zip(sent, outcomes, strict=True):
        response = json.loads(outcome.body)
        correct = not outcome.failed and response["statusCode"] == 200 and example.matches(response["body"])
        assert correct, f"{stack.name} returns {outcome.body[:500]!r} for {str(example)[:500]}"


def _summary(runs: Sequence[_Run]) -> dict[str, Any]:
    warm = [seconds * 1000 for run in runs for seconds in run.warm]
    peaks = [run.peak for run in runs if run.peak is not None]
    return {
        "first_answer_ms": spread([run.first * 1000 for run in runs]),
        "warm_event_ms": {
            "p50": percentile(warm, 50),
            "p99": percentile(warm, 99),
            "events": len(warm),
            "p50_by_round": [percentile([seconds * 1000 for seconds in run.warm], 50) for run in runs],
        },
        "peak_memory_mib": spread(peaks) if peaks else None,
    }
