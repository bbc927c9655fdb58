"""Child process with JSON parameters on standard input and a JSON result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.stacks import ROOT

_TIMEOUT = 120.0


def run_module(
    module: str,
    parameters: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float = _TIMEOUT,
    python: str = sys.executable,
) -> Any:
    """Run ``python -m MODULE`` with parameters and return its result.

    The default environment is that of this process, and ``python`` its interpreter. Raises RuntimeError if the module
    fails.
    """
    variables = os.environ if environment is None else {"PYTHONPATH": str(ROOT / "src"), **environment}
    done = subprocess.run(
        [python, "-m", module],
        input=json.dumps(parameters),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        timeout=timeout,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
