"""Estimate for 10^9 rows with 1000 concurrent functions.

It is computed from the measured figures and AWS's documentation; nothing was run on AWS. Each table row is one formula.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.goals import per_core
from benchmarks.table import Table, shown
from lightship.jobs.ledger.requests import Options

ROWS = 10**9
FUNCTIONS = 1000

# AWS's documentation, November 2026. Lambda: megabytes of memory for one core; concurrent functions of an SQS mapping
# at the start, and how many it adds per second (300 per minute). DynamoDB: writes per second to one partition key. S3:
# requests per second to one prefix, and megabytes per second of one connection.
CORE_MB = 1769
FIRST_FUNCTIONS, FUNCTIONS_A_SECOND = 5, 5.0
WRITES_A_SECOND = 1000
PUTS_A_SECOND, GETS_A_SECOND = 3500, 5500
STREAM_MB = 85.0

# Assumed: seconds of a call of S3 or DynamoDB inside AWS. Counted in the code: calls, write units and reads for a
# scored chunk, and sequential calls to record ten chunks.
CALL_SECONDS = 0.01
CALLS, WRITE_UNITS, READS, SPLIT_CALLS = 7, 5, 2, 12

# Default of the template: memory of the split function in MB.
SPLIT_MB = 1024

# US dollars in us-east-1 for a GB-second, and for a million invocations, writes, reads, SQS calls, PUTs and GETs.
GB_SECOND = 0.0000166667
MILLION = {"invocations": 0.20, "writes": 0.625, "reads": 0.125, "messages": 0.40, "puts": 5.0, "gets": 0.40}
MESSAGES = 3  # sent, received, deleted


@dataclass(frozen=True)
class Estimate:
    """Estimate of a job of 10^9 rows in one file; a megabyte has 10^6 bytes."""

    megabytes: float
    chunks: int
    chunk_seconds: float
    split_seconds: float

    @property
    def work(self) -> float:
        """Return the seconds of all chunks together."""
        return self.chunks * self.chunk_seconds

    def limits(self) -> dict[str, float]:
        """Return the minimum seconds of the job by limiting factor."""
        return {
            "one function reads the file to split it": self.split_seconds,
            f"SQS adds {FUNCTIONS_A_SECOND:g} functions per second to {FIRST_FUNCTIONS}": ramp(self.work),
            f"{WRITES_A_SECOND:,} writes per second to one job's items": self.chunks * WRITE_UNITS / WRITES_A_SECOND,
            f"{FUNCTIONS:,} functions at once": self.work / FUNCTIONS,
            f"{PUTS_A_SECOND:,} PUTs per second to one prefix": self.chunks / PUTS_A_SECOND,
            f"{GETS_A_SECOND:,} GETs per second to one prefix": self.chunks / GETS_A_SECOND,
        }

    def costs(self) -> dict[str, float]:
        """Return US dollars by service, without storage."""
        seconds = self.work * CORE_MB / 1024 + self.split_seconds * SPLIT_MB / 1024
        return {
            "Lambda": seconds * GB_SECOND + _price(invocations=self.chunks),
            "DynamoDB": _price(writes=self.chunks * WRITE_UNITS, reads=self.chunks * READS),
            "S3": _price(puts=self.chunks, gets=self.chunks),
            "SQS": _price(messages=self.chunks * MESSAGES),
        }


def estimate(part: Mapping[str, Any]) -> Estimate:
    """Return the estimate from part ``jobs`` of the results."""
    file, split = part["files"]["CSV"], part["memory"]["split"][-1]
    size = ROWS * file["bytes"] / file["rows"]
    chunks = math.ceil(size / Options().chunk_bytes(int(size)))
    computing = ROWS / chunks / per_core(file["ways"]["lightship, 1 worker"])
    moving = size / chunks / 1e6 / STREAM_MB * 3  # the output is about twice the input
    scanned = min(STREAM_MB, split["megabytes"] / split["processor_seconds"] * SPLIT_MB / CORE_MB)
    entering = chunks / 10 * SPLIT_CALLS * CALL_SECONDS
    return Estimate(size / 1e6, chunks, computing + moving + CALLS * CALL_SECONDS, size / 1e6 / scanned + entering)


def ramp(work: float) -> float:
    """Return the seconds for this work while concurrency grows to FUNCTIONS."""
    full = (FUNCTIONS - FIRST_FUNCTIONS) / FUNCTIONS_A_SECOND
    until_full = FIRST_FUNCTIONS * full + FUNCTIONS_A_SECOND * full**2 / 2
    if work > until_full:
        return full + (work - until_full) / FUNCTIONS
    # work = first * t + gain * t² / 2, solved for t
    growth = FUNCTIONS_A_SECOND
    return (math.sqrt(FIRST_FUNCTIONS**2 + 2 * growth * work) - FIRST_FUNCTIONS) / growth


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return tables of the job, its limits and its costs; empty without part ``jobs``."""
    part = results.get("jobs")
    if part is None or "files" not in part:
        return []
    job = estimate(part)
    facts = (
        ("size of the file", shown(job.megabytes / 1000, "GB")),
        ("chunks", f"{job.chunks:,}"),
        ("time of a chunk in a function of one core", shown(job.chunk_seconds, "s")),
        ("time of all chunks together", shown(job.work, "s")),
    )
    limits = sorted(job.limits().items(), key=lambda limit: -limit[1])
    held = tuple((name, shown(seconds, "s"), "" if index else "first") for index, (name, seconds) in enumerate(limits))
    costs = job.costs()
    money = tuple((name, f"${dollars:.4f}") for name, dollars in {**costs, "total": sum(costs.values())}.items())
    return [
        Table("10⁹ rows in one file", ("", ""), facts),
        Table("Minimum time by limit", ("", "at least", "rank"), held),
        Table("Costs", ("", "US dollars"), money),
    ]


def _price(**counts: float) -> float:
    return sum(count * MILLION[name] / 1e6 for name, count in counts.items())
