"""Images: PNG and JPEG bytes → a float or integer tensor [batch, height, width, channels] (or without channels).

An image is decoded, turned upright, brought to the mode's channels, resized to the tensor's height and width, and each
pixel p in 0..255 becomes ``p * scale + offset``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lightship.errors import InvalidInput, TooLarge
from lightship.tensors import Array, Signature, TensorSpec, from_base64

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

MEDIA_TYPES: tuple[str, ...] = ("image/png", "image/jpeg")
MAX_PIXELS = 25_000_000  # of all images in one input of a request
_SHORTEST = 64

_MODES = {"L": 1, "RGB": 3, "RGBA": 4}
_OPTIONS = {"mode", "scale", "offset"}


def check_options(options: Mapping[str, Any]) -> None:
    """See :func:`configure`."""
    if unknown := sorted(map(str, set(options) - _OPTIONS)):
        raise InvalidInput(f"an image has no option '{unknown[0]:.100}', it has mode, scale, offset")
    if options.get("mode") not in (None, *_MODES):
        raise InvalidInput(f"there is no mode {options['mode']!r:.100}, the modes are {', '.join(_MODES)}")
    for option in ("scale", "offset"):
        if not _numbers(options.get(option, 0)):
            raise InvalidInput(f"{option} must be a number, or a list with one for each channel")


def configure(spec: TensorSpec, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options: ``mode`` (L, RGB, RGBA; by the channels), ``scale`` and ``offset`` (a number, or one per channel)."""
    if len(spec.shape) not in (3, 4) or None in spec.shape[1:3]:
        raise InvalidInput(f"input '{spec.name}' is {spec}: an image needs [batch, height, width, channels]")
    channels = spec.shape[3] if len(spec.shape) == 4 else 1
    mode = options.get("mode") or next((name for name, count in _MODES.items() if count == channels), None)
    if _MODES.get(str(mode)) != channels:
        raise InvalidInput(f"input '{spec.name}' has {channels} channels: mode {mode!r} does not fit (L, RGB, RGBA)")
    return {
        "mode": mode,
        "scale": _per_channel(spec, "scale", options.get("scale", 1.0), channels),
        "offset": _per_channel(spec, "offset", options.get("offset", 0.0), channels),
    }


def from_json(value: Any, spec: TensorSpec) -> Array | None:
    """Base64 text, ``{"b64": text}`` or a list of them: one image each."""
    items = value if isinstance(value, list) else [value]
    texts = [item.get("b64") if isinstance(item, dict) else item for item in items]
    if not texts or not all(isinstance(text, str) for text in texts):
        return None
    return decode_all((from_base64(str(text), spec) for text in texts), spec)


def from_body(body: bytes, signature: Signature, _: Mapping[str, str]) -> dict[str, Array] | None:
    """One image for a signature whose only input is an image."""
    if len(signature.inputs) != 1 or (signature.inputs[0].kind or {}).get("type") != "image":
        return None
    spec = signature.inputs[0]
    return {spec.name: decode(body, spec)}


def describe(spec: TensorSpec) -> list[dict[str, Any]]:
    """JSON schema of one image in a request."""
    return [{"type": "string", "format": "byte", "description": "a PNG or JPEG image as base64"}]


def decode(data: bytes, spec: TensorSpec) -> Array:
    """One encoded image as an array [1, height, width(, channels)]; raises InvalidInput or TooLarge."""
    return decode_all([data], spec)


def decode_all(files: Iterable[bytes], spec: TensorSpec) -> Array:
    """Encoded images as an array [batch, height, width(, channels)]; raises InvalidInput.

    Raises TooLarge before any of them is decoded where they have more than :data:`MAX_PIXELS` together. A small one
    counts as if no side were shorter than 64 pixels, or than twice the model's longer side: it costs as much.
    """
    from lightship.inputs.image_files import open_image

    side = max(_SHORTEST, 2 * max(_size(spec)))
    limit = max(MAX_PIXELS, side * side)
    pictures: list[ImageFile] = []
    pixels = 0
    for data in files:
        picture = open_image(data, spec.name)
        pixels += max(picture.width, side) * max(picture.height, side)
        if pixels > limit:
            before = f"{len(pictures)} images and then " if pictures else ""
            raise TooLarge(
                f"input '{spec.name}' holds {before}an image of {picture.width} x {picture.height} pixels: the limit "
                f"is {limit // 1_000_000} megapixels together, and no side counts as less than {side} pixels"
            )
        pictures.append(picture)
    return np.concatenate([_pixels(picture, spec) for picture in pictures])


def _pixels(picture: ImageFile, spec: TensorSpec) -> Array:
    from PIL import Image

    from lightship.inputs.image_files import broken, turn_of

    kind = spec.kind or {}
    height, width = _size(spec)
    try:
        picture.draft(kind["mode"], (max(height, width),) * 2)  # a large JPEG is decoded at a fraction of its size
        picture.load()
        turn = turn_of(picture)
        upright = picture if turn is None else picture.transpose(turn)
        small = _in_mode(upright, kind["mode"]).resize((width, height), Image.Resampling.BILINEAR)
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        raise broken(spec.name, error) from None
    picture.close()  # of many images, one at a time is held at its full size
    pixels = np.asarray(small, dtype=np.float32) * np.float32(kind["scale"]) + np.float32(kind["offset"])
    rows = pixels.reshape((1, height, width) if len(spec.shape) == 3 else (1, height, width, -1))
    array: Array = rows.astype(spec.numpy)
    return array


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits a pixel: converting would cut at 255
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture if picture.mode == mode else picture.convert(mode)


def _size(spec: TensorSpec) -> tuple[int, int]:
    height, width = spec.shape[1:3]
    return height or 0, width or 0  # configure() has refused sizes that are not known


def _per_channel(spec: TensorSpec, option: str, value: Any, channels: int | None) -> Any:
    if isinstance(value, list) and len(value) not in (1, channels):
        raise InvalidInput(f"input '{spec.name}': {option} must be a number, or one for each of {channels} channels")
    return [float(item) for item in value] if isinstance(value, list) else float(value)


def _numbers(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in values)


def encode_base64(row: Array, spec: TensorSpec) -> str:
    """The inverse of :func:`decode` for one row: a PNG in base64, pixels cut to 0..255."""
    import base64

    from PIL import Image

    kind = spec.kind or {}
    pixels = (row.astype(np.float32) - np.float32(kind["offset"])) / np.float32(kind["scale"])
    height, width = _size(spec)
    shape = (height, width) if kind["mode"] == "L" else (height, width, _MODES[kind["mode"]])
    picture = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8).reshape(shape))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
