"""Part ``lambda``: every stack as a Lambda function, through AWS's own runtime interface client for Python.

One round is a fresh process of each stack: time from its start to its first correct answer, then warm events, then the
peak of its memory. Rounds alternate between the stacks, so that a machine that drifts does so for all of them.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import cores, processes
from benchmarks.figures import percentile, spread
from benchmarks.questions import Question
from benchmarks.runtime_api import Outcome, RuntimeApi, RuntimeFailedError
from benchmarks.stacks import Stack


@dataclass(frozen=True)
class Plan:
    """How often: fresh processes of each stack, and warm events in each of them."""

    rounds: int
    events: int
    slow_events: int


# What the runtime asks the environment for at each event, and finds on AWS.
_VARIABLES = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/benchmark",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]benchmark",
}

FULL = Plan(rounds=5, events=1000, slow_events=40)
QUICK = Plan(rounds=2, events=200, slow_events=10)


@dataclass(frozen=True)
class _Life:
    """One process: seconds to the first answer, seconds of each warm event, peak of resident memory in MiB."""

    first: float
    warm: list[float]
    peak: float | None


def measure(
    stacks: Sequence[Stack], questions: Sequence[Question], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    """Figures by stack. ``step`` is told what comes next. Raises RuntimeFailedError, AssertionError."""
    lives: dict[str, list[_Life]] = {stack.name: [] for stack in stacks}
    with cores.awake():
        for number in range(plan.rounds + 1):
            for stack in stacks:
                step(f"round {number} of {plan.rounds}: {stack.name}" if number else f"compiled files: {stack.name}")
                events = plan.slow_events if stack.slow else plan.events
                life = _live(stack, questions, events if number else 1)
                if number:  # the first one writes .pyc files, and brings everything into the page cache
                    lives[stack.name].append(life)
    return {
        "rounds": plan.rounds,
        "one_core_each": cores.pinnable(),
        "stacks": {name: _summary(of_stack) for name, of_stack in lives.items()},
    }


def steps(stacks: Sequence[Stack], plan: Plan) -> int:
    """How often ``step`` will be called."""
    return len(stacks) * (plan.rounds + 1)


def _live(stack: Stack, questions: Sequence[Question], events: int) -> _Life:
    asked = list(itertools.islice(itertools.cycle(questions), events + 1))
    messages = {id(question): question.event() for question in questions}
    with RuntimeApi() as api, tempfile.TemporaryFile() as log:
        variables = {"AWS_LAMBDA_RUNTIME_API": api.address, "AWS_LAMBDA_FUNCTION_NAME": stack.name, **_VARIABLES}
        with cores.apart():
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", "app.handler"],
                cwd=stack.folder,
                env=stack.environment() | variables,
                stdout=log,
                stderr=log,
            )
        try:
            outcomes = [api.invoke(messages[id(question)]) for question in asked]
            peak = processes.peak(process.pid)
        except RuntimeFailedError as error:
            log.seek(0)
            said = log.read().decode(errors="replace")[-2000:]
            raise RuntimeFailedError(f"{stack.name}: {error}\n{said}") from None
        finally:
            process.kill()
            process.wait()
    if stack.predicts:
        _check(stack, asked, outcomes)
    first, *warm = outcomes
    return _Life(first.received - start, [outcome.seconds for outcome in warm], peak)


def _check(stack: Stack, asked: Sequence[Question], outcomes: Sequence[Outcome]) -> None:
    for question, outcome in zip(asked, outcomes, strict=True):
        answer = json.loads(outcome.body)
        right = not outcome.failed and answer["statusCode"] == 200 and question.answered_by(answer["body"])
        assert right, f"{stack.name} answers {question.body} with {outcome.body[:500]!r}, not with {question.answer}"


def _summary(lives: Sequence[_Life]) -> dict[str, Any]:
    warm = [seconds * 1000 for life in lives for seconds in life.warm]
    peaks = [life.peak for life in lives if life.peak is not None]
    return {
        "first_answer_ms": spread([life.first * 1000 for life in lives]),
        "warm_event_ms": {
            "p50": percentile(warm, 50),
            "p99": percentile(warm, 99),
            "events": len(warm),
            "p50_by_round": [percentile([seconds * 1000 for seconds in life.warm], 50) for life in lives],
        },
        "peak_memory_mib": spread(peaks) if peaks else None,
    }
