"""Runs with random faults, reproducible by their seeds.

Run as ``python -m tests.jobs.faults.schedules REGISTRY SEED STEP RUNS SECONDS``. Each run has several faults, messages
that are shuffled, repeated and delayed, workers that are faster than their sender, and clock skew. The first seed is
SEED, each next one is STEP more, until there were RUNS runs and SECONDS have passed. Prints the number of runs and of
injected faults.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from tests.jobs.faults.cloud import FAULTS, Harness, open_harness
from tests.jobs.faults.scenario import check_rows, run_job, upload_inputs

CASES = ("two parts", "gzip to one file")


def main(registry: str, seed: int, step: int, runs: int, seconds: float) -> None:
    with open_harness(Path(registry)) as harness:
        upload_inputs(harness)
        expected = {form: run_job(harness, form, {}).files for form in CASES}
        for files in expected.values():
            check_rows(files)
        end = time.monotonic() + seconds
        done = injected = 0
        while done < runs or time.monotonic() < end:
            injected += _one(harness, seed + done * step, expected)
            done += 1
    print(done, injected)


def _one(harness: Harness, seed: int, expected: dict[str, dict[str, bytes]]) -> int:
    rng = random.Random(seed)
    form = rng.choice(CASES)
    planned = {rng.randint(1, 50): rng.choice(FAULTS) for _ in range(rng.randint(1, 6))}
    skew = rng.choice([0.0, 60.0, 86_400.0])
    try:
        found = run_job(harness, form, planned, rng, skew)
        assert found.files == expected[form]
    except BaseException as error:
        raise AssertionError(f"seed {seed}: {form}, {planned}, clocks {skew} s apart") from error
    return found.injected


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5]))
