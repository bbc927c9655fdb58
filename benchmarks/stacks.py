"""The stacks that are compared: the same model, the same question, another way to answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODEL_NAME = "quickstart"


@dataclass(frozen=True)
class Stack:
    """One way to answer.

    Attributes:
        name: as in the tables.
        folder: holds ``app.py``.
        variables: environment of its processes, on top of a bare one.
        slow: whether one answer takes tens of milliseconds, so that fewer are asked for.
        predicts: whether its answers are predictions, to be compared with the original's.
    """

    name: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    predicts: bool = True

    def environment(self) -> dict[str, str]:
        """The whole environment of a process: nothing of the user's own."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "KERAS_HOME": str(ROOT / "build" / "benchmarks" / "keras"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **self.variables,
        }


def stacks(registry: Path, keras_model: Path) -> list[Stack]:
    """All of them: ``usual``, ``lightship``, ``bare``, and ``noop``, which is the measurement's own share."""
    here = Path(__file__).parent
    newest = max((registry / MODEL_NAME).glob("[1-9]*"), key=lambda folder: int(folder.name))
    return [
        Stack("usual", here / "usual", {"MODEL": str(keras_model)}, slow=True),
        Stack(
            "lightship",
            ROOT / "functions" / "predict",
            {"LIGHTSHIP_REGISTRY": str(registry), "LIGHTSHIP_DEFAULT_MODEL": MODEL_NAME},
        ),
        Stack("bare", here / "bare", {"MODEL": str(newest / "model.tflite")}),
        Stack("noop", here / "noop", predicts=False),
    ]
