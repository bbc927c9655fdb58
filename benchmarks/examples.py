"""Example requests that every stack must answer like the original model."""

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
# Radius, texture and concavity in the quickstart model's data; predictions in these ranges are spread over 0..1.
_RANGES = ((7.0, 24.0), (10.0, 34.0), (0.0, 0.4))

_ORIGINAL = """
import json, sys, keras, numpy
rows = numpy.array(json.load(sys.stdin), dtype="float32")
json.dump(keras.models.load_model(sys.argv[1]).predict(rows, verbose=0).tolist(), sys.stdout)
"""


@dataclass(frozen=True)
class Example:
    """A request's JSON body and the prediction of the original model."""

    body: str
    expected: list[list[float]]

    def event(self) -> bytes:
        """Return ``events/predict.json``, an HTTP API event, with this body."""
        event: dict[str, Any] = json.loads((ROOT / "events" / "predict.json").read_text())
        event["body"] = self.body
        event["headers"]["content-length"] = str(len(self.body))
        return json.dumps(event, separators=(",", ":")).encode()

    def matches(self, body: str | bytes) -> bool:
        """Return whether a response body equals the prediction within TOLERANCE."""
        try:
            ((actual,),), ((expected,),) = json.loads(body), self.expected
        except (TypeError, ValueError):
            return False
        return isinstance(actual, float) and abs(actual - expected) <= TOLERANCE


def predict_examples(model: Path, python: Sequence[str] = (sys.executable,)) -> list[Example]:
    """Return random rows and the Keras model's predictions, made in another process."""
    random_number = random.Random(7)  # noqa: S311
    rows = [[round(random_number.uniform(*bounds), 3) for bounds in _RANGES] for _ in range(_COUNT)]
    done = subprocess.run(
        [*python, "-c", _ORIGINAL, str(model)], input=json.dumps(rows), capture_output=True, text=True, check=True
    )
    predictions = json.loads(done.stdout)
    return [Example(json.dumps({"input": row}), [output]) for row, output in zip(rows, predictions, strict=True)]
