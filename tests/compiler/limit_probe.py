"""Compile step in the sandboxed child, with limits taken from ``job["limits"]``.

The default limits would take minutes to reach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from lightship.compiler import limits


def build(job: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    for name, value in job["limits"].items():
        assert hasattr(limits, name)
        setattr(limits, name, value)
    own = {name: value for name, value in job.items() if name not in {"limits", "step"}}
    result: dict[str, Any] = import_module(f"lightship.compiler.{job['step']}").build(own, progress)
    return result
