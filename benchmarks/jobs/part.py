"""Part ``jobs``: rows per second from file to file, memory as files grow, and what a record of a queue costs.

Three ways to score the same file: the usual one (pandas and ``model.predict``, benchmarks/dataframes), Lightship with
one and two workers (:mod:`benchmarks.jobs.stack`), and the bound (:mod:`benchmarks.jobs.bound`). Each is compared row
by row with what the original Keras model says, which is the usual way's output.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import cores, peers, processes
from benchmarks.figures import spread
from benchmarks.jobs import inputs, stack, truth
from benchmarks.jobs.inputs import FOLDER, Input
from benchmarks.jobs.stack import Stack
from benchmarks.orders import carry_out
from benchmarks.questions import ROOT, Question
from benchmarks.stacks import compiled

WORKERS = (1, 2)
USUAL, BOUND = "usual", "bound"

_SCRIPTS = {"CSV": "rows.py", "images": "images.py"}
_WARM_IMAGES = 128  # of the job that comes before the measured one: two chunks
_PATIENCE = 300.0


@dataclass(frozen=True)
class Plan:
    """How much: rows and images, rounds of each, megabytes of the files that memory is watched with, batches."""

    rows: int
    images: int
    row_rounds: int
    image_rounds: int
    megabytes: tuple[int, ...]
    batches: int


FULL = Plan(1_000_000, 10_000, row_rounds=2, image_rounds=1, megabytes=(20, 200, 2000), batches=100)
QUICK = Plan(100_000, 300, row_rounds=1, image_rounds=1, megabytes=(20, 60), batches=10)


def ours(workers: int) -> str:
    """The name of Lightship with so many workers."""
    return f"lightship, {workers} worker{'s' if workers > 1 else ''}"


def measure(
    registry: Path, originals: Path, questions: Sequence[Question], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    """Figures by input and way, by size of file, and by kind of record; or why there are none.

    ``originals`` is the folder of the Keras models. ``step`` is told what comes next. Raises RuntimeError,
    AssertionError.
    """
    if not processes.visible():
        return {"not_measured": "this system has no /proc, where a worker's processor time is read"}
    step("the environment of pandas, once")
    pandas = peers.make_environment("pandas") / "bin" / "python"
    with stack.running(registry, FOLDER / "stack") as running:
        bench = _Bench(registry, originals, pandas, running, step)
        files = [
            bench.score(inputs.table(plan.rows), None, plan.row_rounds),
            bench.score(inputs.images(plan.images), inputs.images(_WARM_IMAGES), plan.image_rounds),
        ]
        memory = bench.watch_memory(plan.megabytes)
        events = bench.watch_events(questions, plan.batches)
    return {"files": {file["input"]: file for file in files}, "memory": memory, "events": events}


def steps(plan: Plan) -> int:
    """How often ``step`` will be called."""
    ways = len(WORKERS) + 2
    return 1 + (plan.row_rounds + plan.image_rounds) * ways + 2 + 2 * len(plan.megabytes) + 1


@dataclass(frozen=True)
class _Bench:
    registry: Path
    originals: Path
    pandas: Path
    stack: Stack
    step: Callable[[str], None]

    def score(self, source: Input, warm: Input | None, rounds: int) -> dict[str, Any]:
        """Rounds, which alternate between the ways; every way scores something first, ``warm`` or the source itself."""
        self.step(f"{source.name}: into the bucket")
        key = stack.upload(self.stack, source)
        warm_key = stack.upload(self.stack, warm) if warm else key
        seen: dict[str, list[dict[str, Any]]] = {}
        for number in range(rounds):
            self.step(f"{source.name}, round {number + 1} of {rounds}: the usual way")
            figures, answers = self._usual(source)
            truth.check(USUAL, [answers], answers)
            seen.setdefault(USUAL, []).append(figures)
            self.step(f"{source.name}, round {number + 1} of {rounds}: the bound")
            figures, found = self._bound(source)
            truth.check(BOUND, [found], answers)
            seen.setdefault(BOUND, []).append(figures)
            for workers in WORKERS:
                self.step(f"{source.name}, round {number + 1} of {rounds}: {ours(workers)}")
                figures, parts = stack.score(self.stack, source, key, workers, warm=warm_key)
                truth.check(ours(workers), parts, answers)
                seen.setdefault(ours(workers), []).append(figures)
        ways = {way: summary(source.rows, figures) for way, figures in seen.items()}
        return {"input": source.name, "rows": source.rows, "bytes": _size(source.path), "rounds": rounds, "ways": ways}

    def watch_memory(self, megabytes: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
        """Figures of the process that splits and of one that scores, for each size of file."""
        found: dict[str, list[dict[str, Any]]] = {"split": [], "score": []}
        for size in megabytes:
            for what, seen in found.items():
                self.step(f"memory: {what} of {size} MB")
                orders = {"what": what, "name": f"generated-{size}", "megabytes": size, "registry": str(self.registry)}
                environment = self.stack.environment("ScoreFunction")
                with cores.apart():
                    seen.append(carry_out("benchmarks.jobs.memory", orders, environment=environment))
        return found

    def watch_events(self, questions: Sequence[Question], batches: int) -> dict[str, Any]:
        """Figures by kind of record."""
        self.step("what a record of a queue costs")
        environment = self.stack.environment("ScoreFunction") | self.stack.environment("RequestsFunction")
        environment |= {"LIGHTSHIP_DEFAULT_MODEL": "quickstart"}
        asked = [asdict(question) for question in questions]
        orders = {"questions": asked, "registry": str(self.registry), "batches": batches}
        with cores.apart():
            found: dict[str, Any] = carry_out("benchmarks.jobs.events", orders, environment=environment)
        return found

    def _usual(self, source: Input) -> tuple[dict[str, Any], bytes]:
        target, figures = FOLDER / "usual.csv", FOLDER / "usual.json"
        script = ROOT / "benchmarks" / "dataframes" / _SCRIPTS[source.name]
        model = self.originals / f"{source.model}.keras"
        with cores.apart():
            done = subprocess.run(
                [self.pandas, script, model, source.path, target, figures],
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
                capture_output=True,  # its progress bars
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
        if done.returncode:
            raise RuntimeError(f"pandas could not score {source.path.name}: {done.stderr[-2000:]}")
        return json.loads(figures.read_text()), target.read_bytes()

    def _bound(self, source: Input) -> tuple[dict[str, Any], bytes]:
        target = FOLDER / "bound.csv"
        orders = {
            "model": str(compiled(self.registry, source.model)),
            "input": source.name,
            "source": str(source.path),
            "target": str(target),
        }
        with cores.apart():
            figures = carry_out("benchmarks.jobs.bound", orders)
        return figures, target.read_bytes()


def summary(rows: int, figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The rounds of one way: rates, the most memory, and the processor seconds that a start takes."""
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
