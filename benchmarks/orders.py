"""Work for a process of its own: orders go in as JSON, what was seen comes out as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.stacks import ROOT

_PATIENCE = 120.0


def carry_out(module: str, orders: Mapping[str, Any], *, environment: Mapping[str, str] | None = None) -> Any:
    """What ``python -m MODULE`` makes of its orders, in this process's environment or another; raises RuntimeError."""
    variables = os.environ if environment is None else {"PYTHONPATH": str(ROOT / "src"), **environment}
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
