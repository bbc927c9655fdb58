"""Heat map of the attributions of an image, over the image, as PNG."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from lightship.calls import Explained
from lightship.errors import InvalidInput
from lightship.inputs import kind_of
from lightship.tensors import Array, TensorSpec

_SIDE = 448  # pixels of the shorter side, at least
_GREEN, _RED = (0, 150, 60), (210, 30, 30)


def draw(path: Path, explained: Explained) -> None:
    """Write the explanation of one row of one image to a PNG file.

    Patches that speak for the prediction are green, those against it red. Raises InvalidInput where there are several
    rows, or no image.
    """
    prediction, rows = explained
    if len(rows) != 1:
        raise InvalidInput(f"--output draws one row, and INPUT has {len(rows)}")
    for spec in prediction.result.signature.inputs:
        values = rows[0].attributions.get(spec.name)
        if isinstance(values, np.ndarray) and values.ndim == 2:
            row = prediction.result.call.inputs[spec.name]
            _overlay(_picture(row[0] if spec.batched else row, spec), values).save(path, "PNG")
            return
    raise InvalidInput("--output draws images, and the model has no input that is one")


def _picture(row: Array, spec: TensorSpec) -> Image.Image:
    """Return a row as it was sent; a grey picture where it is not an image."""
    encoded = kind_of(spec).encode(row, spec)
    if not isinstance(encoded, str):
        return Image.new("RGB", (_SIDE, _SIDE), (230, 230, 230))
    image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    factor = -(-_SIDE // min(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _overlay(picture: Image.Image, values: Array) -> Image.Image:
    strength = np.abs(values) / (np.abs(values).max(initial=0) or 1.0)
    colours = np.where(values[..., np.newaxis] > 0, np.array(_GREEN), np.array(_RED))
    alpha = np.rint(strength * 190).astype(np.uint8)
    layer = Image.fromarray(np.dstack([colours, alpha]).astype(np.uint8), "RGBA")
    return Image.alpha_composite(picture.convert("RGBA"), layer.resize(picture.size, Image.Resampling.NEAREST)).convert(
        "RGB"
    )
