"""A step of a compile in the sandboxed child, under limits that ``job["limits"]`` gives: the real ones take minutes."""

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
