"""Rows that are images as small PNG files."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from lightship.inputs import kind_of
from lightship.tensors import Array, TensorSpec

# The longest side in pixels; smaller images are enlarged by whole factors up to half of it.
_SIDE = 96
_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}
_FEWEST_PIXELS = 8


def data_uri(row: Array, spec: TensorSpec) -> str | None:
    """Return one row of an input as a PNG data URI; None where it is no image.

    A tensor without a kind is taken for an image by its shape, and its values are spread over all shades.
    """
    if "image/png" in kind_of(spec).media_types:
        image = _decoded(str(kind_of(spec).encode(row, spec)))
    elif not spec.kind and _looks_like_image(row):
        image = _of_pixels(row)
    else:
        return None
    file = io.BytesIO()
    _scaled(image).save(file, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _decoded(text: str) -> Any:
    import PIL.Image

    return PIL.Image.open(io.BytesIO(base64.b64decode(text)))


def _of_pixels(row: Array) -> Any:
    import PIL.Image

    pixels = row.astype(np.float64)
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    low, high = pixels.min(), pixels.max()
    shades = np.round((pixels - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
    return PIL.Image.fromarray(shades)


def _looks_like_image(row: Array) -> bool:
    shape = row.shape if row.ndim == 3 else (*row.shape, 1)
    large = row.ndim in (2, 3) and min(shape[:2]) >= _FEWEST_PIXELS and shape[2] in _CHANNELS
    return large and row.dtype.kind in "fiu" and bool(np.isfinite(row.astype(np.float64)).all())


def _scaled(image: Any) -> Any:
    import PIL.Image

    longest = max(image.size)
    if longest > _SIDE:
        image.thumbnail((_SIDE, _SIDE))
        return image
    factor = max(1, _SIDE // 2 // longest)
    return image.resize((image.width * factor, image.height * factor), PIL.Image.Resampling.NEAREST)
