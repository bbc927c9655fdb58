"""Some schedules of faults by chance, on every processor. What was run is printed; a failure names its seed.

``LIGHTSHIP_FAULT_SECONDS`` says how long to go on beyond that, ``LIGHTSHIP_FAULT_SEED`` where to begin.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.bundles import Registries
from tests.conftest import ROOT

SECONDS = os.environ.get("LIGHTSHIP_FAULT_SECONDS", "0")
SEED = int(os.environ.get("LIGHTSHIP_FAULT_SEED", "20261124"))
RUNS = 60


def test_any_schedule_of_faults_ends_like_an_undisturbed_run(
    registries: Registries, capsys: pytest.CaptureFixture[str]
) -> None:
    players = os.cpu_count() or 1
    command = [sys.executable, "-m", "tests.jobs.faults.schedules", str(registries.examples)]
    numbers = [[str(SEED + player), str(players), str(-(-RUNS // players)), SECONDS] for player in range(players)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    started = [
        subprocess.Popen(
            [*command, *words], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for words in numbers
    ]
    said = [process.communicate() for process in started]
    for process, (_, complaint) in zip(started, said, strict=True):
        assert process.returncode == 0, complaint
    runs, felt = (sum(int(out.split()[place]) for out, _ in said) for place in (0, 1))
    with capsys.disabled():
        print(f"\n{runs} schedules of faults from seed {SEED} on, {felt} faults felt")
    assert runs >= RUNS
    assert felt > runs
