"""The stacks that are compared: the same model, the same question, another way to answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "build" / "benchmarks"
MODEL_NAME = "quickstart"
_UVICORN = (sys.executable, "-m", "uvicorn", "app:app", "--port", "{port}")


@dataclass(frozen=True)
class Stack:
    """One way to answer.

    Attributes:
        name: as in the tables.
        folder: where its processes start; for Lambda it holds ``app.py``.
        variables: environment of its processes, on top of a bare one.
        server: the command of its long-running server, with ``{port}``; empty where it has none.
        slow: whether one answer takes tens of milliseconds, so that fewer are asked for.
        predicts: whether its answers are predictions, to be compared with the original's.
    """

    name: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    server: tuple[str, ...] = ()
    slow: bool = False
    predicts: bool = True

    def environment(self) -> dict[str, str]:
        """The whole environment of a process: nothing of the user's own."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "KERAS_HOME": str(BUILT / "keras"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **self.variables,
        }


def stacks(registry: Path, keras_model: Path) -> list[Stack]:
    """``usual``, ``tuned``, ``lightship``, ``bare``, and ``noop``, which is the measurement's own share."""
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
    """This project as it is shipped."""
    variables = {"LIGHTSHIP_REGISTRY": str(registry), "LIGHTSHIP_DEFAULT_MODEL": MODEL_NAME}
    serve = ("-m", "lightship", "serve", "--port", "{port}", "--registry", str(registry), "--default", MODEL_NAME)
    return Stack("lightship", ROOT / "functions" / "predict", variables, (sys.executable, *serve))


def under_uvicorn(registry: Path) -> Stack:
    """The same application on uvicorn, which served it before granian did, without its access log."""
    ours, folder = lightship(registry), Path(__file__).parent / "under_uvicorn"
    quiet = ("--no-access-log", "--lifespan", "off", "--no-server-header")
    return replace(ours, name="lightship under uvicorn", folder=folder, server=(*_UVICORN, *quiet))


def compiled(registry: Path, model: str = MODEL_NAME) -> Path:
    """The .tflite file of a model's newest version."""
    newest = max((registry / model).glob("[1-9]*"), key=lambda folder: int(folder.name))
    return newest / "model.tflite"
