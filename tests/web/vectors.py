"""Test vectors: bodies that a page sends, and what the server makes of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import PIL.Image

from lightship.calls import Prediction
from lightship.engines.preprocessed import programs_of
from lightship.inputs import kind_of
from lightship.model import Model
from lightship.protocols.http import Request
from lightship.protocols.native import decode_predict, encode_predict
from lightship.tensors import Array

MOST_ROWS = 12


@dataclass(frozen=True)
class Vector:
    """One request as the server reads and answers it.

    ``tensors`` are the engine's inputs, after the preprocessing.
    """

    body: str
    tensors: dict[str, Array]
    outputs: dict[str, Array]
    answer: dict[str, Any]


def vector(model: Model, value: Any) -> Vector:
    """Return the vector of a value of "input"; raises LightshipError."""
    body = orjson.dumps({"input": value})
    call = decode_predict(Request("POST", "", body=body), model.manifest)
    result = model.predict(call)
    answer = orjson.loads(encode_predict(Prediction("m", 1, result)).body)
    program = programs_of(model.bundle).get(model.manifest.signatures[0].name)
    tensors = program.bind().run(call.inputs) if program else call.inputs
    return Vector(body.decode(), dict(tensors), dict(result.outputs), answer)


def recorded(model: Model) -> Iterator[Any]:
    """Yield the recorded rows as a form sends them."""
    signature = model.manifest.signatures[0]
    inputs, _ = model.golden(signature.name)
    for row in range(min(MOST_ROWS, *map(len, inputs.values()), MOST_ROWS)):
        values = {spec.name: kind_of(spec).form_value(_row(inputs[spec.name], row), spec) for spec in signature.inputs}
        yield [next(iter(values.values())) if len(values) == 1 else values]


def _row(array: Array, row: int) -> Array:
    """Return a row as an array, also where it is one value."""
    return array[row : row + 1].reshape(array.shape[1:])


def customers() -> Iterator[Any]:
    """Yield rows of every type of column, also without those that may be missing."""
    row = {"age": 41, "city": "Rome", "plan": 2, "joined": "2024-05-17T18:30:00Z"}
    yield row | {"income": None, "height": None}
    yield [row | {"income": 1e-7, "city": "Lima", "smoker": True, "height": 1.8, "seen": "1969-12-31T23:59:59.25Z"}]
    for moment in (
        "0001-01-01",
        "2020-12-31",
        "2021-01-03T23:59:59+14:00",
        "2024-02-29 00:00-05:30",
        "9999-12-31",
        "1970-01-01T00:00:00.123456789z",
    ):
        yield row | {"joined": moment, "seen": moment}
    yield [[float(index) for index in range(14)] + [None]]


def images(mode: str, size: tuple[int, int]) -> Iterator[str]:
    """Yield PNG files in base64, of many sizes and of every mode."""
    rng = np.random.default_rng(4)
    for width, height in (size, (97, 61), (5, 7), (640, 3), (24, 50), (50, 20)):
        yield png(picture(rng, width, height, mode))
    for other in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield png(picture(rng, 31, 45, other))
        yield png(picture(rng, 30, 44, other), transparency=other in {"L", "P", "RGB"}, optimize=True)
    for orientation in range(1, 9):
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        yield png(picture(rng, 12, 33, "RGB"), exif=exif)


def picture(rng: np.random.Generator, width: int, height: int, mode: str) -> PIL.Image.Image:
    """Return random pixels."""
    if mode == "I;16":
        return PIL.Image.fromarray(rng.integers(0, 2**16, (height, width)).astype(np.uint16))
    image = PIL.Image.fromarray(rng.integers(0, 256, (height, width, 4)).astype(np.uint8), "RGBA")
    return image.convert("RGB").quantize(13) if mode == "P" else image.convert(mode)


def png(image: PIL.Image.Image, *, transparency: bool = False, **options: Any) -> str:
    """Return an image as PNG in base64, with a transparent colour if wanted."""
    buffer = io.BytesIO()
    if transparency:
        colour = image.getpixel((3, 3))
        options["transparency"] = bytes([0, 90, 200]) if image.mode == "P" else colour
    image.save(buffer, "PNG", **options)
    return base64.b64encode(buffer.getvalue()).decode()


def jpeg(image: PIL.Image.Image) -> str:
    """Return an image as JPEG in base64."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return base64.b64encode(buffer.getvalue()).decode()
