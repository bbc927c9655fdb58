"""Faults by chance: several in a run, messages shuffled and doubled, clocks that differ. A failure prints its seed.

``LIGHTSHIP_FAULT_SECONDS`` says how long to go on, ``LIGHTSHIP_FAULT_SEED`` where to begin.
"""

from __future__ import annotations

import os
import random
import time

from tests.jobs.faults.cloud import FAULTS, Stage
from tests.jobs.faults.play import check_rows, play

SECONDS = float(os.environ.get("LIGHTSHIP_FAULT_SECONDS", "25"))
SEED = int(os.environ.get("LIGHTSHIP_FAULT_SEED", "20261124"))
PLAYED = ("two parts", "gzip to one file")
MOST = 300
LEAST = 20


def test_any_schedule_of_faults_ends_like_an_undisturbed_run(theatre: Stage) -> None:
    expected = {form: play(theatre, form, {}).files for form in PLAYED}
    for files in expected.values():
        check_rows(files)
    end = time.monotonic() + SECONDS
    longer = "LIGHTSHIP_FAULT_SECONDS" in os.environ
    runs = felt = 0
    while runs < LEAST or (time.monotonic() < end and (longer or runs < MOST)):
        felt += _one(theatre, SEED + runs, expected)
        runs += 1
    print(f"{runs} schedules from seed {SEED}, {felt} faults")
    assert felt > runs


def _one(stage: Stage, seed: int, expected: dict[str, dict[str, bytes]]) -> int:
    chance = random.Random(seed)
    form = chance.choice(PLAYED)
    planned = {chance.randint(1, 50): chance.choice(FAULTS) for _ in range(chance.randint(1, 6))}
    skew = chance.choice([0.0, 60.0, 86_400.0])
    try:
        found = play(stage, form, planned, chance, skew)
        assert found.files == expected[form]
    except BaseException:
        print(f"seed {seed}: {form}, {planned}, clocks {skew} s apart")
        raise
    return found.felt
