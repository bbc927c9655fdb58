"""Compile one model in this process as the sandboxed child does, and measure it."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from lightship.bundle import Bundle
from lightship.calls import Call
from lightship.compiler import sources
from lightship.compiler.build import build as compile_to_bundle
from lightship.compiler.job import BuildJob
from lightship.compiler.verification import latency
from lightship.errors import LightshipError
from lightship.model import Model
from tests.zoo.explained import explained
from tests.zoo.groups import Group
from tests.zoo.rows import REFUSED, Row
from tests.zoo.saving import Build

MANY = 1024
_LONGEST = 300  # characters of a reason


def measure(group: Group, name: str, build: Build) -> Row:
    """Build, save and compile a model, and return its row, also after an error."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as bundle:
        try:
            saved = group.save(name, build, Path(work))
        except Exception as error:
            return Row(group.name, name, REFUSED, (_short(f"not built: {type(error).__name__}: {error}"),))
        row = _compiled(group.name, name, saved.path, Path(bundle))
        row = replace(row, classes=saved.classes, source=saved.path.suffix or "SavedModel")
        if row.compiled:
            found = explained(Model.load(Bundle.open(Path(bundle))))
            row = replace(row, gradient=found.figures, no_gradient=_short(found.reason))
        return replace(row, many=_many(saved.path, Path(bundle))) if group.many and row.compiled else row


def _compiled(group: str, name: str, path: Path, bundle: Path) -> Row:
    """Compile a file into an empty folder and return the row."""
    job = BuildJob(path, bundle, sandbox="none").to_json()
    start = time.process_time()
    try:
        result = compile_to_bundle(job, lambda *_: None)
    except LightshipError as error:
        return Row(group, name, REFUSED, (_short(error.message),), seconds=_since(start), memory=peak())
    except Exception as error:
        return Row(group, name, REFUSED, (_short(f"{type(error).__name__}: {error}"),), seconds=_since(start))
    sizes, seconds = result["sizes"], result["latency"]
    return Row(
        group,
        name,
        result["engine"],
        tuple(map(_short, result["reasons"])),
        max_abs=max((part["max_abs"] for part in result["parity"]), default=0.0),
        size=round(sizes["after"] / sizes["before"], 3),
        times=(float(f"{seconds['before']:.3g}"), float(f"{seconds['after']:.3g}")),
        latency=round(seconds["before"] / seconds["after"], 2),
        source_bytes=sizes["before"],
        seconds=_since(start),
        memory=peak(),
    )


def _many(path: Path, bundle: Path) -> float:
    """Return how many times faster than the original 1,024 rows are."""
    model = Model.load(Bundle.open(bundle))
    inputs, _ = model.golden()
    rows = {key: np.resize(array, (MANY, *array.shape[1:])) for key, array in inputs.items()}
    importer = sources.find(path)
    with tempfile.TemporaryDirectory() as work:
        importer.check(path, Path(work))
        original = importer.load(path, Path(work), trust=False)
        calls = original.calls(original.signatures[0].name, rows).values()
        return round(min(map(latency.p50, calls)) / latency.p50(lambda: model.predict(Call(inputs=rows))), 2)


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
