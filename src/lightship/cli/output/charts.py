"""Charts as files; explanations as bars, a coloured text, or a heat map."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from lightship.calls import Explained, Explanation
from lightship.cli.output.attributions import number_of, shown
from lightship.drawing.canvas import Chart
from lightship.drawing.charts.bars import Bar, Bars
from lightship.drawing.charts.words import Words
from lightship.drawing.palette import LIGHT, NEGATIVE, POSITIVE
from lightship.drawing.png import to_png
from lightship.drawing.svg import to_svg
from lightship.errors import InvalidInput
from lightship.inputs import kind_of
from lightship.tensors import Array, TensorSpec

_SIDE = 448  # pixels of the shorter side of an image, at least
_MOST = 30  # bars
_OPACITY = 190  # of the largest value's patch, of 255


def check(path: Path) -> None:
    """Raise InvalidInput for a file of another format than SVG and PNG."""
    if path.suffix.lower() not in {".svg", ".png"}:
        raise InvalidInput(f"--output is {path}: it must be a .svg or .png file")


def write(path: Path, chart: Chart) -> None:
    """Write a chart to a .svg or .png file."""
    path.write_bytes(to_png(chart) if path.suffix.lower() == ".png" else to_svg(chart).encode())


def draw(path: Path, explained: Explained, cells: Sequence[object]) -> None:
    """Write the explanation of one row to a file.

    ``cells`` are the values of the columns, in the order of the attributions of columns. Raises InvalidInput for
    several rows, and for an image as SVG.
    """
    (row, *others) = explained.rows
    if others:
        raise InvalidInput(f"--output draws one row, and not {1 + len(others)}: --limit 1 draws the first one")
    if (chart := _chart(explained, row, cells)) is not None:
        write(path, chart)
    elif path.suffix.lower() == ".svg":
        raise InvalidInput(f"--output is {path}: an image is drawn as a .png file")
    else:
        _heat_map(explained, row).save(path, "PNG")


def _chart(explained: Explained, row: Explanation, cells: Sequence[object]) -> Chart | None:
    """Return the chart of the columns, else of the first text; None without either."""
    title = f"{explained.prediction.model}: {number_of(row)}, base {row.base:.4f}"
    columns = {name: value for name, value in row.attributions.items() if isinstance(value, float)}
    if columns:
        named = [
            Bar(f"{name} = {shown(cell)}", value) for (name, value), cell in zip(columns.items(), cells, strict=True)
        ]
        return Bars(title, sorted(named, key=lambda bar: -abs(bar.value))[:_MOST])
    texts = [value for value in row.attributions.values() if isinstance(value, tuple)]
    return Words(title, texts[0]) if texts else None


def _heat_map(explained: Explained, row: Explanation) -> Image.Image:
    """Return the first grid over its picture."""
    result = explained.prediction.result
    name, values = next(item for item in row.attributions.items() if isinstance(item[1], np.ndarray))
    spec = next(spec for spec in result.signature.inputs if spec.name == name)
    array = result.call.inputs[name]
    return _overlay(_picture(array[0] if spec.batched else array, spec), np.atleast_2d(values))


def _picture(row: Array, spec: TensorSpec) -> Image.Image:
    """Return a row as it was sent; a grey picture where it is not an image."""
    encoded = kind_of(spec).encode(row, spec)
    if not isinstance(encoded, str):
        return Image.new("RGB", (_SIDE, _SIDE), LIGHT["grid"])
    image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    factor = -(-_SIDE // min(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _overlay(picture: Image.Image, values: Array) -> Image.Image:
    strength = np.abs(values) / (np.abs(values).max(initial=0) or 1.0)
    positive, negative = (np.array(ImageColor.getrgb(LIGHT[tone])) for tone in (POSITIVE, NEGATIVE))
    colours = np.where(values[..., np.newaxis] > 0, positive, negative)
    alpha = np.rint(strength * _OPACITY)
    layer = Image.fromarray(np.dstack([colours, alpha]).astype(np.uint8), "RGBA")
    enlarged = layer.resize(picture.size, Image.Resampling.NEAREST)
    return Image.alpha_composite(picture.convert("RGBA"), enlarged).convert("RGB")
