"""Images: PNG and JPEG bytes to tensors [batch, height, width(, channels)].

An image is decoded, turned upright, converted to the mode's channels and resized to the tensor's height and width; each
pixel p in 0..255 becomes ``p * scale + offset``, as float or integer. An image of a tensor with any height and width is
not resized, and all images of one call have the same size.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput, TooLarge
from lightship.inputs.kind import InputKind, Nested
from lightship.inputs.rows import each_row
from lightship.tensors import Array, TensorSpec, from_base64, to_array

if TYPE_CHECKING:
    from typing import Self

    import PIL.Image
    from PIL.ImageFile import ImageFile

    from lightship.inputs.form import FormField
    from lightship.inputs.sampling import Sampler
    from lightship.tensors.schemas import Schema

# In total for one input of a request: pixels that are decoded, and bytes for each channel of tensors of any size.
MAX_PIXELS = 25_000_000
_SHORTEST = 64

_MODES = {"L": 1, "RGB": 3, "RGBA": 4}

PerChannel = float | tuple[float, ...]


@dataclass(frozen=True)
class Image(InputKind):
    """Input of images.

    ``mode`` is L, RGB or RGBA; ``scale`` and ``offset`` are a number, or one per channel.
    """

    mode: str
    scale: PerChannel = 1.0
    offset: PerChannel = 0.0

    options: ClassVar[tuple[str, ...] | None] = ("mode", "scale", "offset")
    media_types: ClassVar[tuple[str, ...]] = ("image/png", "image/jpeg")
    cheap_bytes: ClassVar[int] = 0  # a hundred bytes may hold an image of many megapixels

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        if unknown := sorted(map(str, set(options) - {"mode", "scale", "offset"})):
            raise InvalidInput(f"an image has no option '{unknown[0]:.100}', it has mode, scale, offset")
        if options.get("mode") not in (None, *_MODES):
            raise InvalidInput(f"there is no mode {options['mode']!r:.100}, the modes are {', '.join(_MODES)}")
        for option in ("scale", "offset"):
            if not _are_numbers(options.get(option, 0)):
                raise InvalidInput(f"{option} must be a number, or a list with one for each channel")

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """Read ``mode`` (default: by number of channels), ``scale`` and ``offset``."""
        if len(spec.shape) not in (3, 4) or spec.shape[1:3].count(None) == 1:
            raise InvalidInput(
                f"input '{spec.name}' is {spec}: an image needs [batch, height, width, channels], with height and "
                "width both fixed or both of any size"
            )
        channels = spec.shape[3] if len(spec.shape) == 4 else 1
        mode = options.get("mode") or next((name for name, count in _MODES.items() if count == channels), None)
        if _MODES.get(str(mode)) != channels:
            raise InvalidInput(
                f"input '{spec.name}' has {channels} channels: mode {mode!r} does not fit (L, RGB, RGBA)"
            )
        for option in ("scale", "offset"):
            if isinstance(value := options.get(option), list) and len(value) not in (1, channels):
                raise InvalidInput(
                    f"input '{spec.name}': {option} must be a number, or one for each of {channels} channels"
                )
        return cls.from_json({**options, "mode": mode})

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        return cls(record["mode"], _per_channel(record.get("scale", 1.0)), _per_channel(record.get("offset", 0.0)))

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"mode": self.mode, "scale": _numbers_in_json(self.scale), "offset": _numbers_in_json(self.offset)}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """Decode base64 text, ``{"b64": text}`` or a list of them, one image each."""
        items = value if isinstance(value, list) else [value]
        texts = [item.get("b64") if isinstance(item, dict) else item for item in items]
        if not texts or not all(isinstance(text, str) for text in texts):
            return nested(value, spec)
        return self._decode_all(each_row(lambda text: from_base64(str(text), spec), texts), spec)

    def decode_body(self, body: bytes, spec: TensorSpec) -> Array:
        """Return one image as an array [1, height, width(, channels)].

        Raises InvalidInput or TooLarge.
        """
        return self._decode_all([body], spec)

    def is_nested(self, spec: TensorSpec) -> bool:
        """See :class:`InputKind`: a row may be base64."""
        return False

    def schemas(self, spec: TensorSpec) -> list[Schema]:
        """See :class:`InputKind`."""
        from lightship.tensors.schemas import BASE64

        return [{"type": "string", "format": "byte", "description": "a PNG or JPEG image as base64"}, BASE64]

    def field(self, spec: TensorSpec) -> FormField:
        """See :class:`InputKind`: the size of the model's images, unless it is any."""
        from lightship.inputs.form import FormField

        height, width = _size(spec)
        size = {"width": width, "height": height} if width else {}
        return FormField("image", None, {**size, "channels": _MODES[self.mode]})

    def form_rounding(self) -> float:
        """Return half of a pixel's level: recorded images need not be of whole levels."""
        return float(np.abs(np.asarray(self.scale)).max()) / 2

    def encode(self, row: Array, spec: TensorSpec) -> str:
        """Return a PNG in base64, pixels clipped to 0..255; inverts :meth:`decode_body`."""
        import base64

        import PIL.Image

        pixels = (row.astype(np.float32) - np.asarray(self.offset, np.float32)) / np.asarray(self.scale, np.float32)
        height, width = row.shape[:2] if None in spec.row_shape else _size(spec)
        shape = (height, width) if self.mode == "L" else (height, width, _MODES[self.mode])
        image = PIL.Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8).reshape(shape))
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return base64.b64encode(buffer.getvalue()).decode()

    def blank(self, row: Array, spec: TensorSpec) -> Array:
        """Return an image of a row's mean colour."""
        pixels = row.reshape(-1, _MODES[self.mode])
        colour = pixels.mean(axis=0)
        rounded = colour if row.dtype.kind == "f" else np.rint(colour)
        return np.broadcast_to(rounded.astype(row.dtype), pixels.shape).reshape(row.shape)

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return random pixels; hints on the tensor's values are ignored."""
        if spec.numpy.kind != "f":
            return sampler.by_dtype(spec, shape)
        pixels = sampler.rng.integers(0, 256, size=shape)
        return np.asarray(pixels * np.asarray(self.scale) + np.asarray(self.offset), dtype=spec.numpy)

    def _decode_all(self, files: Iterable[bytes], spec: TensorSpec) -> Array:
        images = list(_open_all(files, spec))
        rows: list[Array] = []
        for number, row in enumerate(each_row(partial(self._pixels, spec=spec), images)):
            if rows and row.shape != rows[0].shape:
                raise _other_size(row, rows[0], spec).at(number)
            rows.append(row)
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def _pixels(self, image: ImageFile, spec: TensorSpec) -> Array:
        import PIL.Image

        from lightship.inputs.image_files import broken, upright_transpose

        height, width = _size(spec)
        try:
            if width:
                image.draft(self.mode, (max(height, width),) * 2)  # a large JPEG is decoded at a fraction of its size
            image.load()
            transpose = upright_transpose(image)
            upright = image if transpose is None else image.transpose(transpose)
            sized = _in_mode(upright, self.mode)
            if width and sized.size != (width, height):
                sized = sized.resize((width, height), PIL.Image.Resampling.BILINEAR)
        except Exception as error:  # Pillow's decoders raise exceptions of any class
            raise broken(spec.name, error) from None
        if spec.dtype == "uint8" and (self.scale, self.offset) == (1.0, 0.0):
            pixels = np.asarray(sized)
        else:
            pixels = np.array(sized, np.float32)
            pixels *= np.asarray(self.scale, np.float32)
            pixels += np.asarray(self.offset, np.float32)
        image.close()  # keeps at most one decoded file in memory
        shape = (1, sized.height, sized.width) if len(spec.shape) == 3 else (1, sized.height, sized.width, -1)
        return pixels.reshape(shape).astype(spec.numpy, copy=False)


def _open_all(files: Iterable[bytes], spec: TensorSpec) -> Iterator[ImageFile]:
    """Yield images of which only the headers are read; raises InvalidInput.

    Raises TooLarge where the images have more than :data:`MAX_PIXELS` in total. Each side counts as at least 64 pixels
    and at least twice the model's longer side, because decoding a small image costs as much. A tensor of any size holds
    every pixel, so that there may be fewer of a dtype of several bytes.
    """
    from lightship.inputs.image_files import open_image

    side = max(_SHORTEST, 2 * max(_size(spec)))
    limit = max(MAX_PIXELS if _size(spec)[0] else MAX_PIXELS // spec.numpy.itemsize, side * side)
    pixels = 0
    for count, image in enumerate(each_row(partial(open_image, name=spec.name), files)):
        pixels += max(image.width, side) * max(image.height, side)
        if pixels > limit:
            before = f"{count} images and then " if count else ""
            raise TooLarge(
                f"input '{spec.name}' holds {before}an image of {image.width} x {image.height} pixels: the limit "
                f"is {limit / 1_000_000:g} megapixels in total, and each side counts as at least {side} pixels"
            )
        yield image


def _other_size(row: Array, first: Array, spec: TensorSpec) -> InvalidInput:
    """Return the error for an image of another size than the first one of a call."""
    size, expected = (f"{array.shape[2]} x {array.shape[1]}" for array in (row, first))
    return InvalidInput(
        f"an image of {size} pixels after one of {expected}: send images of different sizes in separate requests, or "
        "as a job",
        input=spec.name,
    )


def _in_mode(image: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    import PIL.Image

    if image.mode.startswith("I"):  # 16 bits per pixel: convert() would clip at 255
        image = PIL.Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image if image.mode == mode else image.convert(mode)


def _size(spec: TensorSpec) -> tuple[int, int]:
    """Return height and width, both 0 for any size."""
    height, width = spec.shape[1:3]
    return height or 0, width or 0


def _per_channel(value: Any) -> PerChannel:
    return tuple(map(float, value)) if isinstance(value, list) else float(value)


def _numbers_in_json(value: PerChannel) -> float | list[float]:
    return list(value) if isinstance(value, tuple) else value


def _are_numbers(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in values)


KIND = Image
