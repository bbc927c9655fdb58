"""Atomic publication: killed and concurrent compiles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lightship.compiler import Report, compile_model
from lightship.registry.registry import Registry
from tests.compiler.test_sandbox import gone, until


def test_compile_killed_leaves_no_version(sources: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lightship", "compile", str(sources / "mlp.keras"), "--registry", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stderr
        for line in parent.stderr:
            if line.startswith("recording the original"):
                break
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        parent.send_signal(signal.SIGKILL)
    assert len(children) == 1
    until(lambda: gone(int(children[0])))
    assert Registry(str(tmp_path)).models() == []
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".staging-")] == []


def test_compile_twice_concurrently_publishes_two_versions(sources: Path, tmp_path: Path) -> None:
    registry = Registry(str(tmp_path))

    def compile_it(_: int) -> Report:
        return compile_model(sources / "named.tflite", registry=registry)

    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(compile_it, range(2)))
    assert sorted(report.version for report in reports) == [1, 2]
    assert registry.versions("named") == [1, 2]
    assert len({report.digest for report in reports}) == 1
    assert os.listdir(tmp_path) == ["named"]  # noqa: PTH208 - no staging folder is left
