"""Faults by chance: ``python -m tests.jobs.faults.schedules REGISTRY SEED STEP RUNS SECONDS``.

Several faults in a run, messages shuffled, doubled and delayed, workers who are quicker than their sender, clocks that
differ. The first run's seed is SEED, each next one's is STEP more; they go on until there were RUNS of them and SECONDS
are over. What is printed is how many there were and how many faults they felt.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

from tests.jobs.clouds import SETTINGS
from tests.jobs.faults.cloud import FAULTS, Stage, stage
from tests.jobs.faults.play import check_rows, furnish, play

PLAYED = ("two parts", "gzip to one file")


def main(registry: str, seed: int, step: int, runs: int, seconds: float) -> None:
    os.environ.update(SETTINGS)
    with stage(Path(registry)) as theatre:
        furnish(theatre)
        expected = {form: play(theatre, form, {}).files for form in PLAYED}
        for files in expected.values():
            check_rows(files)
        end = time.monotonic() + seconds
        done = felt = 0
        while done < runs or time.monotonic() < end:
            felt += _one(theatre, seed + done * step, expected)
            done += 1
    print(done, felt)


def _one(theatre: Stage, seed: int, expected: dict[str, dict[str, bytes]]) -> int:
    chance = random.Random(seed)
    form = chance.choice(PLAYED)
    planned = {chance.randint(1, 50): chance.choice(FAULTS) for _ in range(chance.randint(1, 6))}
    skew = chance.choice([0.0, 60.0, 86_400.0])
    try:
        found = play(theatre, form, planned, chance, skew)
        assert found.files == expected[form]
    except BaseException as error:
        raise AssertionError(f"seed {seed}: {form}, {planned}, clocks {skew} s apart") from error
    return found.felt


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5]))
