"""Latencies of several variants, measured side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

_BLOCK_SECONDS = 0.005  # calls are timed together for this long
_SECONDS = 6.0  # of all rounds
_ROUNDS = (3, 41)

# Calls of each variant that may each take the time limit of a call: two for the warm-up, one in each of three rounds.
MOST_CALLS = 2 + _ROUNDS[0]


def latencies(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median seconds of each call.

    They are processor time of this thread, in which LiteRT computes: the latency on a machine that does nothing else.
    In each round, a block of every variant's calls is timed, in an order that rotates, so that what still disturbs a
    round slows all of them. A variant's time is the median of its ratios to the first one, round by round.
    """
    counts = {name: _count(call) for name, call in calls.items()}
    fewest, most = _ROUNDS
    start = time.perf_counter()
    rounds = [_round(calls, counts, turn) for turn in range(fewest)]
    left = _SECONDS - (time.perf_counter() - start)
    more = min(most - fewest, int(left / (time.perf_counter() - start) * fewest))
    rounds += [_round(calls, counts, fewest + turn) for turn in range(more)]
    first = next(iter(calls))
    unit = statistics.median(times[first] for times in rounds)
    return {name: unit * statistics.median(times[name] / times[first] for times in rounds) for name in calls}


def _count(call: Callable[[], object]) -> int:
    """Return how many calls make a block, after a call that warms up."""
    call()
    return max(1, round(_BLOCK_SECONDS / max(_block(call, 1), 1e-9)))


def _round(calls: Mapping[str, Callable[[], object]], counts: Mapping[str, int], turn: int) -> dict[str, float]:
    """Return the seconds of one call of each variant, which are called in turn."""
    names = list(calls)
    turn %= len(names)
    return {name: _block(calls[name], counts[name]) for name in names[turn:] + names[:turn]}


def _block(call: Callable[[], object], count: int) -> float:
    start = time.thread_time()
    for _ in range(count):
        call()
    return (time.thread_time() - start) / count
