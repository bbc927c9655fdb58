"""A compile in the sandboxed child under limits that ``job["limits"]`` gives: the real ones take minutes to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lightship.compiler import build as compiler
from lightship.compiler import limits


def build(job: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    for name, value in job["limits"].items():
        assert hasattr(limits, name)
        setattr(limits, name, value)
    return compiler.build(job, progress)
