"""Part ``compile``: time and memory of a compile by stage.

The model's process is started as by ``lightship compile``, in its sandbox. Memory is sampled every 20 ms and belongs to
the stage that was reported last. Models have random weights: only their size matters.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.stacks import BUILT
from lightship.compiler import CompileOptions, compile_model
from lightship.registry.registry import Registry

MODELS = ("mlp", "convolutions", "lstm", "mobilenet", "dense")

_SAMPLE_SECONDS = 0.02
_PAGE = 4096

_WRITE = """
import sys, keras
from keras import layers
keras.utils.set_random_seed(7)
name, path = sys.argv[1:]
stacks = {
    "mlp": lambda: [layers.Input([30]), layers.Dense(64, "relu"), layers.Dense(2, "softmax")],
    "convolutions": lambda: [layers.Input([28, 28, 1]), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(10)],
    "lstm": lambda: [layers.Input([80], dtype="int32"), layers.Embedding(20_000, 64), layers.LSTM(64), layers.Dense(2)],
    "dense": lambda: [layers.Input([8192]), layers.Dense(9216, "relu"), layers.Dense(10)],
}
model = keras.applications.MobileNetV2(weights=None) if name == "mobilenet" else keras.Sequential(stacks[name]())
model.save(path)
"""


@dataclass
class Stages:
    """Seconds and peak resident bytes of a compile, by stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)
    current: str = "start"
    since: float = field(default_factory=time.perf_counter)

    def begin(self, stage: str, done: float) -> None:
        """Add the time until now to the current stage and begin another one."""
        now = time.perf_counter()
        self.seconds[self.current] = self.seconds.get(self.current, 0.0) + now - self.since
        self.current, self.since = stage, now

    def sample(self, stop: threading.Event) -> None:
        """Record the largest memory of the children until ``stop`` is set."""
        while not stop.wait(_SAMPLE_SECONDS):
            used = sum(map(_resident, _children()))
            self.peak[self.current] = max(used, self.peak.get(self.current, 0))


def measure(step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model; raises RuntimeError where a model cannot be created."""
    folder = BUILT / "compile"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    figures = {}
    for name in MODELS:
        step(f"compiling a model: {name}")
        path = folder / f"{name}.keras"
        _write(name, path)
        figures[name] = {"bytes": path.stat().st_size, **_compile(path, Registry(str(folder / "registry")))}
        path.unlink()
    return {"models": figures}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(MODELS)


def _compile(path: Path, registry: Registry) -> dict[str, Any]:
    stages, stop = Stages(), threading.Event()
    sampler = threading.Thread(target=stages.sample, args=(stop,))
    sampler.start()
    try:
        report = compile_model(path, registry=registry, options=CompileOptions(slow=True), progress=stages.begin)
        stages.begin("", 1.0)
    finally:
        stop.set()
        sampler.join()
    return {"engine": report.engine, "seconds": stages.seconds, "peak_bytes": stages.peak}


def _write(name: str, path: Path) -> None:
    words = [sys.executable, "-c", _WRITE, name, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cannot create the model {name}: {done.stderr[-2000:]}")


def _children(pid: str = "self") -> Iterator[str]:
    """Yield the ids of all processes below a process."""
    for listed in Path("/proc", pid, "task").glob("*/children"):
        try:
            found = listed.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in found:
            yield child
            yield from _children(child)


def _resident(pid: str) -> int:
    try:
        return int(Path("/proc", pid, "statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):  # it has ended
        return 0
