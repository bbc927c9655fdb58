"""What every stack is asked, and what the original model answers: a stack that answers anything else is no stack."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TOLERANCE = 1e-4

_COUNT = 16
# Radius, texture and concavity of the cells in the quickstart model's data: its answers spread over 0..1 here.
_RANGES = ((7.0, 24.0), (10.0, 34.0), (0.0, 0.4))

_ORIGINAL = """
import json, sys, keras, numpy
rows = numpy.array(json.load(sys.stdin), dtype="float32")
json.dump(keras.models.load_model(sys.argv[1]).predict(rows, verbose=0).tolist(), sys.stdout)
"""


@dataclass(frozen=True)
class Question:
    """One request's JSON body, and the original model's answer to it."""

    body: str
    answer: list[list[float]]

    def event(self) -> bytes:
        """The request as an event of API Gateway's HTTP API: the project's example with this body."""
        event: dict[str, Any] = json.loads((ROOT / "events" / "predict.json").read_text())
        event["body"] = self.body
        event["headers"]["content-length"] = str(len(self.body))
        return json.dumps(event, separators=(",", ":")).encode()

    def answered_by(self, body: str | bytes) -> bool:
        """Whether a response's body is the original's answer, within :data:`TOLERANCE`."""
        try:
            ((given,),), ((wanted,),) = json.loads(body), self.answer
        except (TypeError, ValueError):
            return False
        return isinstance(given, float) and abs(given - wanted) <= TOLERANCE


def ask_original(model: Path, python: Sequence[str] = (sys.executable,)) -> list[Question]:
    """Different rows and what the Keras model itself says to each, found out in a process of its own."""
    random_number = random.Random(7)  # noqa: S311
    rows = [[round(random_number.uniform(*bounds), 3) for bounds in _RANGES] for _ in range(_COUNT)]
    done = subprocess.run(
        [*python, "-c", _ORIGINAL, str(model)], input=json.dumps(rows), capture_output=True, text=True, check=True
    )
    answers = json.loads(done.stdout)
    return [Question(json.dumps({"input": row}), [answer]) for row, answer in zip(rows, answers, strict=True)]
