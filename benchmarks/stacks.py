"""Compared stacks: different ways to serve the same model."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "build" / "benchmarks"
MODEL_NAME = "quickstart"
BUCKET_NAME = "lightship, models in S3"
_UVICORN = (sys.executable, "-m", "uvicorn", "app:app", "--port", "{port}")


@dataclass(frozen=True)
class Stack:
    """One way to serve the model.

    Attributes:
        name: the name in the tables.
        folder: working directory of its processes; for Lambda it holds ``app.py``.
        variables: environment variables of its processes, added to a minimal environment.
        server: command of its long-running server, with ``{port}``; empty without one.
        slow: whether one response takes tens of milliseconds, so that fewer requests are sent.
        predicts: whether its responses are predictions, to be compared with the original's.
    """

    name: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    server: tuple[str, ...] = ()
    slow: bool = False
    predicts: bool = True

    def environment(self) -> dict[str, str]:
        """Return the complete environment of a process, without the user's variables."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "KERAS_HOME": str(BUILT / "keras"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **self.variables,
        }


def stacks(registry: Path, keras_model: Path) -> list[Stack]:
    """Return ``usual``, ``tuned``, ``lightship``, ``bare`` and ``noop``.

    The figures of ``noop`` are the cost of the measurement.
    """
    here = Path(__file__).parent
    original, model = {"MODEL": str(keras_model)}, {"MODEL": str(compiled(registry))}
    return [
        Stack("usual", here / "usual", original, _UVICORN, slow=True),
        Stack("tuned", here / "tuned", {**original, "PYTHONPATH": str(here)}, _UVICORN, slow=True),
        lightship(registry),
        Stack("bare", here / "bare", model),
        Stack("noop", here / "noop", server=(sys.executable, "server.py", "{port}"), predicts=False),
    ]


def lightship(registry: Path) -> Stack:
    """Return this project with its default settings."""
    variables = {"LIGHTSHIP_REGISTRY": str(registry), "LIGHTSHIP_DEFAULT_MODEL": MODEL_NAME}
    serve = ("-m", "lightship", "serve", "--port", "{port}", "--registry", str(registry), "--default", MODEL_NAME)
    return Stack("lightship", ROOT / "functions" / "predict", variables, (sys.executable, *serve))


def in_bucket(location: str, variables: Mapping[str, str]) -> Stack:
    """Return this project with its models in S3."""
    models = {"LIGHTSHIP_REGISTRY": location, "LIGHTSHIP_DEFAULT_MODEL": MODEL_NAME}
    return Stack(BUCKET_NAME, ROOT / "functions" / "predict", {**models, **variables})


def under_uvicorn(registry: Path) -> Stack:
    """Return the same application on uvicorn instead of granian, without access log."""
    stack, folder = lightship(registry), Path(__file__).parent / "under_uvicorn"
    quiet = ("--no-access-log", "--lifespan", "off", "--no-server-header")
    return replace(stack, name="lightship under uvicorn", folder=folder, server=(*_UVICORN, *quiet))


def compiled(registry: Path, model: str = MODEL_NAME) -> Path:
    """Return the .tflite file of a model's newest version."""
    newest = max((registry / model).glob("[1-9]*"), key=lambda folder: int(folder.name))
    return newest / "model.tflite"
