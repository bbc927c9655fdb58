"""Images: PNG and JPEG bytes → a float or integer tensor [batch, height, width, channels] (or without channels).

An image is decoded, turned upright, brought to the mode's channels, resized to the tensor's height and width, and each
pixel p in 0..255 becomes ``p * scale + offset``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput, TooLarge
from lightship.inputs.kind import InputKind
from lightship.tensors import Array, TensorSpec, from_base64

if TYPE_CHECKING:
    from typing import Self

    import PIL.Image
    from PIL.ImageFile import ImageFile

    from lightship.inputs.sampling import Sampler

MAX_PIXELS = 25_000_000  # of all images in one input of a request
_SHORTEST = 64

_MODES = {"L": 1, "RGB": 3, "RGBA": 4}

PerChannel = float | tuple[float, ...]


@dataclass(frozen=True)
class Image(InputKind):
    """``mode`` is L, RGB or RGBA; ``scale`` and ``offset`` are a number, or one per channel."""

    mode: str
    scale: PerChannel = 1.0
    offset: PerChannel = 0.0

    options: ClassVar[tuple[str, ...] | None] = ("mode", "scale", "offset")
    media_types: ClassVar[tuple[str, ...]] = ("image/png", "image/jpeg")
    cheap_bytes: ClassVar[int] = 0  # a hundred bytes may be an image of many megapixels

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        if unknown := sorted(map(str, set(options) - {"mode", "scale", "offset"})):
            raise InvalidInput(f"an image has no option '{unknown[0]:.100}', it has mode, scale, offset")
        if options.get("mode") not in (None, *_MODES):
            raise InvalidInput(f"there is no mode {options['mode']!r:.100}, the modes are {', '.join(_MODES)}")
        for option in ("scale", "offset"):
            if not _numbers(options.get(option, 0)):
                raise InvalidInput(f"{option} must be a number, or a list with one for each channel")

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """Options ``mode`` (by default of the channels), ``scale`` and ``offset``."""
        if len(spec.shape) not in (3, 4) or None in spec.shape[1:3]:
            raise InvalidInput(f"input '{spec.name}' is {spec}: an image needs [batch, height, width, channels]")
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

    def decode_own(self, value: Any, spec: TensorSpec) -> Array | None:
        """Base64 text, ``{"b64": text}`` or a list of them: one image each."""
        items = value if isinstance(value, list) else [value]
        texts = [item.get("b64") if isinstance(item, dict) else item for item in items]
        if not texts or not all(isinstance(text, str) for text in texts):
            return None
        return self._decode_all((from_base64(str(text), spec) for text in texts), spec)

    def decode_body(self, body: bytes, spec: TensorSpec) -> Array:
        """One image as an array [1, height, width(, channels)]; raises InvalidInput or TooLarge."""
        return self._decode_all([body], spec)

    def is_nested(self, spec: TensorSpec) -> bool:
        """See :class:`InputKind`: a row may be base64."""
        return False

    def schemas(self, spec: TensorSpec) -> list[dict[str, Any]]:
        """See :class:`InputKind`."""
        return [{"type": "string", "format": "byte", "description": "a PNG or JPEG image as base64"}]

    def encode(self, row: Array, spec: TensorSpec) -> str:
        """Return a PNG in base64, pixels cut to 0..255: the inverse of :meth:`decode_body`."""
        import base64

        import PIL.Image

        pixels = (row.astype(np.float32) - np.asarray(self.offset, np.float32)) / np.asarray(self.scale, np.float32)
        height, width = _size(spec)
        shape = (height, width) if self.mode == "L" else (height, width, _MODES[self.mode])
        picture = PIL.Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8).reshape(shape))
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return base64.b64encode(buffer.getvalue()).decode()

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return random pixels: what else is known of the tensor's values does not count."""
        if spec.numpy.kind != "f":
            return sampler.by_dtype(spec, shape)
        pixels = sampler.rng.integers(0, 256, size=shape)
        return np.asarray(pixels * np.asarray(self.scale) + np.asarray(self.offset), dtype=spec.numpy)

    def _decode_all(self, files: Iterable[bytes], spec: TensorSpec) -> Array:
        pictures = list(_opened(files, spec))
        return np.concatenate([self._pixels(picture, spec) for picture in pictures])

    def _pixels(self, picture: ImageFile, spec: TensorSpec) -> Array:
        import PIL.Image

        from lightship.inputs.image_files import broken, turn_of

        height, width = _size(spec)
        try:
            picture.draft(self.mode, (max(height, width),) * 2)  # a large JPEG is decoded at a fraction of its size
            picture.load()
            turn = turn_of(picture)
            upright = picture if turn is None else picture.transpose(turn)
            small = _in_mode(upright, self.mode).resize((width, height), PIL.Image.Resampling.BILINEAR)
        except Exception as error:  # Pillow's decoders raise exceptions of any class
            raise broken(spec.name, error) from None
        picture.close()  # of many images, one at a time is held at its full size
        pixels = np.asarray(small, np.float32) * np.asarray(self.scale, np.float32) + np.asarray(
            self.offset, np.float32
        )
        rows = pixels.reshape((1, height, width) if len(spec.shape) == 3 else (1, height, width, -1))
        array: Array = rows.astype(spec.numpy)
        return array


def _opened(files: Iterable[bytes], spec: TensorSpec) -> Iterator[ImageFile]:
    """Yield the headers of images; raises InvalidInput for what is no image.

    Raises TooLarge where the images have more than :data:`MAX_PIXELS` together. A small one counts as if no side were
    shorter than 64 pixels, or than twice the model's longer side: it costs as much.
    """
    from lightship.inputs.image_files import open_image

    side = max(_SHORTEST, 2 * max(_size(spec)))
    limit = max(MAX_PIXELS, side * side)
    pixels = 0
    for count, data in enumerate(files):
        picture = open_image(data, spec.name)
        pixels += max(picture.width, side) * max(picture.height, side)
        if pixels > limit:
            before = f"{count} images and then " if count else ""
            raise TooLarge(
                f"input '{spec.name}' holds {before}an image of {picture.width} x {picture.height} pixels: the limit "
                f"is {limit // 1_000_000} megapixels together, and no side counts as less than {side} pixels"
            )
        yield picture


def _in_mode(picture: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    import PIL.Image

    if picture.mode.startswith("I"):  # 16 bits a pixel: converting would cut at 255
        picture = PIL.Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture if picture.mode == mode else picture.convert(mode)


def _size(spec: TensorSpec) -> tuple[int, int]:
    height, width = spec.shape[1:3]
    return height or 0, width or 0  # configure() has refused sizes that are not known


def _per_channel(value: Any) -> PerChannel:
    return tuple(map(float, value)) if isinstance(value, list) else float(value)


def _numbers_in_json(value: PerChannel) -> float | list[float]:
    return list(value) if isinstance(value, tuple) else value


def _numbers(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in values)


KIND = Image
