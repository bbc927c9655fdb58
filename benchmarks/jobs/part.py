"""Part ``jobs``: rows per second, memory by file size, and cost of a queue record.

The same file is scored in three ways: the usual one (pandas and ``model.predict``, benchmarks/dataframes), Lightship
with one and two workers (:mod:`benchmarks.jobs.stack`), and the bound (:mod:`benchmarks.jobs.bound`). Each output is
compared row by row with that of the original Keras model, which is the output of the usual way.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import cores, peers, processes
from benchmarks.child import run_module
from benchmarks.examples import ROOT, Example
from benchmarks.figures import spread
from benchmarks.jobs import inputs, stack, truth
from benchmarks.jobs.inputs import FOLDER, Input
from benchmarks.jobs.stack import Stack
from benchmarks.stacks import compiled

WORKERS = (1, 2)
USUAL, BOUND = "usual", "bound"

_WARM_IMAGES = 128  # of the warm-up job
_TIMEOUT = 300.0


@dataclass(frozen=True)
class Plan:
    """Numbers of rows, images, rounds and batches, and megabytes of files."""

    rows: int
    images: int
    row_rounds: int
    image_rounds: int
    megabytes: tuple[int, ...]
    batches: int


FULL = Plan(1_000_000, 5_000, row_rounds=4, image_rounds=3, megabytes=(20, 200, 2000), batches=100)
QUICK = Plan(100_000, 300, row_rounds=1, image_rounds=1, megabytes=(20, 60), batches=10)


def lightship_name(workers: int) -> str:
    """Return the name of Lightship with this number of workers in the tables."""
    return f"lightship, {workers} worker{'s' if workers > 1 else ''}"


def measure(originals: Path, examples: Sequence[Example], plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by input and way, by file size, and by kind of record.

    Returns ``{"not_measured": reason}`` without /proc. ``originals`` is the folder of the Keras models; ``step`` is
    called with the name of each step. Raises RuntimeError if a process fails, AssertionError for a wrong prediction.
    """
    if not processes.available():
        return {"not_measured": "this system has no /proc, which holds a worker's processor time"}
    step("creating the environment of pandas, once")
    pandas = peers.make_environment("pandas") / "bin" / "python"
    step("compiling the models")
    registry = _compiled(originals)
    with stack.running(registry, FOLDER / "stack") as running:
        bench = _Bench(registry, originals, pandas, running, step)
        files = [
            bench.score(inputs.table(plan.rows), None, plan.row_rounds),
            *(
                bench.score(inputs.images(plan.images, name), inputs.images(_WARM_IMAGES, name), plan.image_rounds)
                for name in (inputs.SINGLE, inputs.PACKED)
            ),
        ]
        memory = bench.measure_memory(plan.megabytes)
        events = bench.measure_events(examples, plan.batches)
    return {"files": {file["input"]: file for file in files}, "memory": memory, "events": events}


def steps(plan: Plan) -> int:
    """Return the number of calls of ``step``."""
    ways = len(WORKERS) + 2
    return 2 + (plan.row_rounds + 2 * plan.image_rounds) * ways + 3 + 2 * len(plan.megabytes) + 1


def _compiled(originals: Path) -> Path:
    """Compile the models without a budget: all rows are compared with the originals'."""
    registry = FOLDER / "models"
    shutil.rmtree(registry, ignore_errors=True)
    for name in ("quickstart", "digits"):
        described = ("--config", str(ROOT / "examples" / name / "model.yaml"))
        command = [sys.executable, "-m", "lightship", "compile", str(originals / f"{name}.keras"), *described]
        done = subprocess.run([*command, "--registry", str(registry)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"cannot compile {name}: {done.stderr[-2000:]}")
    return registry


@dataclass(frozen=True)
class _Bench:
    registry: Path
    originals: Path
    pandas: Path
    stack: Stack
    step: Callable[[str], None]

    def score(self, source: Input, warm: Input | None, rounds: int) -> dict[str, Any]:
        """Measure rounds, which alternate between the ways, each after a warm-up."""
        self.step(f"{source.name}: uploading")
        key = stack.upload(self.stack, source)
        warm_key = stack.upload(self.stack, warm) if warm else key
        read = self._locations(source, warm) if warm else [str(source.path)]
        seen: dict[str, list[dict[str, Any]]] = {}
        for number in range(rounds):
            self.step(f"{source.name}, round {number + 1} of {rounds}: the usual way")
            figures, expected = self._usual(source, read)
            truth.check(USUAL, [expected], expected)
            seen.setdefault(USUAL, []).append(figures)
            self.step(f"{source.name}, round {number + 1} of {rounds}: the bound")
            figures, found = self._bound(source, key, warm_key)
            truth.check(BOUND, [found], expected)
            seen.setdefault(BOUND, []).append(figures)
            for workers in WORKERS:
                self.step(f"{source.name}, round {number + 1} of {rounds}: {lightship_name(workers)}")
                figures, parts = stack.score(self.stack, source, key, workers, warm=warm_key)
                truth.check(lightship_name(workers), parts, expected)
                seen.setdefault(lightship_name(workers), []).append(figures)
        ways = {way: summary(source.rows, figures) for way, figures in seen.items()}
        return {"input": source.name, "rows": source.rows, "bytes": _size(source.path), "rounds": rounds, "ways": ways}

    def measure_memory(self, megabytes: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
        """Return the figures of splitting and of scoring for each file size."""
        found: dict[str, list[dict[str, Any]]] = {"split": [], "score": []}
        for size in megabytes:
            for what, seen in found.items():
                self.step(f"memory: {what} of {size} MB")
                job = {
                    "what": what,
                    "name": f"generated-{size}",
                    "megabytes": size,
                    "registry": str(self.registry),
                }
                environment = self.stack.environment("ScoreFunction")
                with cores.last_core():
                    seen.append(run_module("benchmarks.jobs.memory", job, environment=environment))
        return found

    def measure_events(self, examples: Sequence[Example], batches: int) -> dict[str, Any]:
        """Return the figures by kind of record."""
        self.step("cost of a queue record")
        environment = self.stack.environment("ScoreFunction") | self.stack.environment("RequestsFunction")
        environment |= {"LIGHTSHIP_DEFAULT_MODEL": "quickstart"}
        bodies = [asdict(example) for example in examples]
        parameters = {"examples": bodies, "registry": str(self.registry), "batches": batches}
        with cores.last_core():
            found: dict[str, Any] = run_module("benchmarks.jobs.events", parameters, environment=environment)
        return found

    def _locations(self, source: Input, warm: Input) -> list[str]:
        """Upload images as single objects; return their prefix, and that of the others."""
        single = (replace(each, name=inputs.SINGLE) for each in (source, warm))
        return [self._location(stack.upload(self.stack, each)) for each in single]

    def _usual(self, source: Input, read: Sequence[str]) -> tuple[dict[str, Any], bytes]:
        target, figures = FOLDER / "usual.csv", FOLDER / "usual.json"
        script = ROOT / "benchmarks" / "dataframes" / ("rows.py" if source.name == inputs.TABLE else "images.py")
        model = self.originals / f"{source.model}.keras"
        with cores.last_core():
            done = subprocess.run(
                [self.pandas, script, model, target, figures, *read],
                env={
                    **self.stack.server,
                    **{"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
                },
                capture_output=True,  # hides progress bars
                text=True,
                check=False,
                timeout=_TIMEOUT,
            )
        if done.returncode:
            raise RuntimeError(f"pandas cannot score {source.path.name}: {done.stderr[-2000:]}")
        return json.loads(figures.read_text()), target.read_bytes()

    def _location(self, key: str) -> str:
        return f"s3://{self.stack.cloud.bucket}/{key}"

    def _bound(self, source: Input, key: str, warm_key: str) -> tuple[dict[str, Any], bytes]:
        target = FOLDER / "bound.csv"
        file = source.name == inputs.TABLE
        parameters = {
            "model": str(compiled(self.registry, source.model)),
            "input": source.name,
            "source": str(source.path) if file else self._location(key),
            "warm": str(source.path) if file else self._location(warm_key),
            "target": str(target),
        }
        with cores.last_core():
            figures = run_module("benchmarks.jobs.bound", parameters, environment=self.stack.server)
        return figures, target.read_bytes()


def summary(rows: int, figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return rates, peak memory and processor seconds of the start for one way."""
    peaks = [seen["peak_memory_mib"] for seen in figures]
    found = {
        "rows_per_second": spread([rows / seen["seconds"] for seen in figures]),
        "rows_per_processor_second": spread([rows / seen["processor_seconds"] for seen in figures]),
        "start_processor_seconds": spread([seen["start_processor_seconds"] for seen in figures]),
        "peak_memory_mib": spread(peaks),
    }
    if "split_processor_seconds" in figures[0]:
        found["split_processor_seconds"] = spread([seen["split_processor_seconds"] for seen in figures])
    return found


def _size(path: Path) -> int:
    files = [path] if path.is_file() else path.iterdir()
    return sum(file.stat().st_size for file in files)
