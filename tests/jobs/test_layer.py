"""What the small functions import: the layer they stand on is pure Python."""

from __future__ import annotations

import subprocess
import sys

import pytest

ALLOWED = {"lightship", "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"}

PROBE = """
import sys
before = set(sys.modules)
import lightship.jobs.{module}
from lightship import aws
names = {{name.partition(".")[0] for name in sys.modules.keys() - before}}
print(*sorted(name for name in names if name not in sys.stdlib_module_names))
"""


@pytest.mark.parametrize("module", ["split.plan", "operations", "finish.receipts"])
def test_splitting_and_asking_need_only_pure_modules(module: str) -> None:
    command = [sys.executable, "-I", "-c", PROBE.format(module=module)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert set(found.stdout.split()) <= ALLOWED
