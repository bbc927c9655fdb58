"""Which tests pytest-xdist runs in one worker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator import ROOT
from tests.scheduling import GROUPS

HOOKS = """
from tests.scheduling import FileGroups

def pytest_xdist_make_scheduler(config, log):
    return FileGroups(config, log)
"""
TEST = """
import os, pathlib, pytest, time

@pytest.mark.parametrize("number", range(3))
def test_it(number):
    time.sleep(0.1)
    path = pathlib.Path(os.environ["LOGS"], os.environ["PYTEST_XDIST_WORKER"])
    path.open("a").write(f"{__file__}\\n")
"""


@pytest.mark.parametrize("path", [path for paths in GROUPS.values() for path in paths])
def test_group_paths_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_worker_runs_files_and_groups_of_files(tmp_path: Path) -> None:
    grouped = ["tests/docker/test_a.py", "tests/docker/test_b.py", "tests/test_docs.py"]
    others = ["tests/test_c.py", "tests/test_d.py"]
    for name in (*grouped, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEST)
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    (tmp_path / "logs").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LOGS": str(tmp_path / "logs")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    logs = [path.read_text().splitlines() for path in (tmp_path / "logs").iterdir()]
    ran = [{Path(line).relative_to(tmp_path).as_posix() for line in lines} for lines in logs]
    assert sorted(map(sorted, ran)) == [grouped, others]
