"""Number of times that a bundle is hashed: once at each trust boundary."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.emulator import EXAMPLES, ROOT


def test_compile_and_push_hash_bundle_once_per_trust_boundary(tmp_path: Path) -> None:
    source = EXAMPLES / "quickstart" / "1" / "model.tflite"
    command = [sys.executable, "-m", "tests.compiler.file_reads", str(tmp_path), str(source)]
    found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    hashed, copied = 1, 1
    assert found == {
        "build": hashed,
        "verify": hashed,
        "trial": 0,
        "copy": copied,
        "publish": 0,
        "open": hashed,
        "push": copied,
    }
