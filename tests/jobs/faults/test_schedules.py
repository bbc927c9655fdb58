"""Random faults in as many processes as CPUs; a failure names its seed.

``LIGHTSHIP_FAULT_SECONDS`` is the minimum duration, ``LIGHTSHIP_FAULT_SEED`` the first seed.
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


def test_random_faults_give_output_of_undisturbed_run(
    registries: Registries, capsys: pytest.CaptureFixture[str]
) -> None:
    processes = os.cpu_count() or 1
    command = [sys.executable, "-m", "tests.jobs.faults.schedules", str(registries.examples)]
    numbers = [[str(SEED + number), str(processes), str(-(-RUNS // processes)), SECONDS] for number in range(processes)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    started = [
        subprocess.Popen(
            [*command, *arguments], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for arguments in numbers
    ]
    results = [process.communicate() for process in started]
    for process, (_, errors) in zip(started, results, strict=True):
        assert process.returncode == 0, errors
    runs, injected = (sum(int(out.split()[index]) for out, _ in results) for index in (0, 1))
    with capsys.disabled():
        print(f"\n{runs} runs with random faults from seed {SEED} on, {injected} faults injected")
    assert runs >= RUNS
    assert injected > runs
