"""Compile one model in this process as the sandboxed child does, and measure it."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from lightship.compiler.build import build
from lightship.compiler.job import BuildJob
from lightship.errors import LightshipError
from tests.zoo.rows import REFUSED, Row
from tests.zoo.saving import save

_LONGEST = 300  # characters of a reason
_STATISTICS = {"mean", "variance", "count", "kernel_scale", "embeddings_scale"}  # of data, or of a quantised weight


def measure(group: str, name: str, model: Any, form: str) -> Row:
    """Save and compile a model, and return its row, also for an unexpected error."""
    vary(model)
    with tempfile.TemporaryDirectory() as work:
        bundle = Path(work, "bundle")
        bundle.mkdir()
        path = save(model, Path(work), form)
        return compiled(group, name, path, bundle)


def compiled(group: str, name: str, path: Path, bundle: Path) -> Row:
    """Compile a file into an empty folder and return the row."""
    job = BuildJob(path, bundle, sandbox="none").to_json()
    start = time.process_time()
    try:
        result = build(job, lambda *_: None)
    except LightshipError as error:
        return Row(group, name, REFUSED, (_short(error.message),), seconds=_since(start), memory=peak())
    except Exception as error:
        return Row(group, name, REFUSED, (_short(f"{type(error).__name__}: {error}"),), seconds=_since(start))
    sizes, latency = result["sizes"], result["latency"]
    return Row(
        group,
        name,
        result["engine"],
        tuple(map(_short, result["reasons"])),
        max_abs=max((part["max_abs"] for part in result["parity"]), default=0.0),
        size=round(sizes["after"] / sizes["before"], 3),
        latency=round(latency["before"] / latency["after"], 2),
        source_bytes=sizes["before"],
        seconds=_since(start),
        memory=peak(),
    )


def vary(model: Any) -> None:
    """Add small random numbers to weights: zeros and ones would hide misplacement."""
    rng = np.random.default_rng(7)
    for weight in model.weights:
        name, value = weight.name.split("/")[-1].split(":")[0], np.asarray(weight)
        if name in _STATISTICS or "seed" in name or value.dtype.kind != "f":
            continue
        moved = value + rng.normal(0.0, 0.05, value.shape) * (value.std() or 1.0)
        weight.assign(np.abs(moved) if name.endswith("variance") else moved)


def peak() -> int:
    """Return the largest resident set of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _since(start: float) -> float:
    """Return CPU seconds of all threads, almost unaffected by other processes."""
    return round(time.process_time() - start, 2)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
