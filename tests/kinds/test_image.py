from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightship import kinds
from lightship.errors import InvalidInput, LightshipError, TooLarge
from lightship.kinds import image
from lightship.tensors import Signature, TensorSpec


def spec(shape: tuple[int | None, ...] = (None, 2, 3, 1), dtype: str = "float32", **options: Any) -> TensorSpec:
    plain = TensorSpec("image", dtype, shape)
    return TensorSpec("image", dtype, shape, kinds.configure(plain, "image", options))


def encode(picture: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


GREY = Image.fromarray(np.array([[0, 51, 102], [153, 204, 255]], np.uint8))


def test_pixels_are_scaled_and_offset() -> None:
    array = image.decode(encode(GREY), spec(scale=1 / 255, offset=-0.5))
    assert array.shape == (1, 2, 3, 1)
    np.testing.assert_allclose(array[0, :, :, 0], [[-0.5, -0.3, -0.1], [0.1, 0.3, 0.5]], atol=1e-6)


def test_channels_have_scales_of_their_own() -> None:
    red = Image.new("RGB", (3, 2), (10, 20, 30))
    array = image.decode(encode(red), spec((None, 2, 3, 3), scale=[1, 2, 3], offset=[0, 0, 1]))
    assert array[0, 1, 2].tolist() == [10, 40, 91]


def test_integers_and_no_channel_axis() -> None:
    array = image.decode(encode(GREY), spec((None, 2, 3), "uint8"))
    assert array.dtype == np.uint8
    assert array[0].tolist() == np.asarray(GREY).tolist()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_becomes_the_models(mode: str) -> None:
    white = (
        Image.fromarray(np.full((4, 6), 65535, np.uint16))
        if mode == "I;16"
        else Image.new("L", (6, 4), 255).convert(mode)
    )
    assert image.decode(encode(white), spec()).ravel().tolist() == [255.0] * 6


def test_jpeg_is_resized_and_turned_upright() -> None:
    wide = Image.new("L", (600, 400), 200)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    array = image.decode(encode(wide, "JPEG", exif=exif), spec((None, 6, 4, 1)))
    np.testing.assert_allclose(array, 200, atol=3)


def test_an_image_and_its_tensor_are_inverse() -> None:
    ours = spec(scale=1 / 255)
    array = image.decode(encode(GREY), ours)
    again = image.decode(base64.b64decode(image.encode_base64(array, ours)), ours)
    np.testing.assert_array_equal(array, again)


def test_base64_alone_in_an_object_or_in_a_list() -> None:
    text = base64.b64encode(encode(GREY)).decode()
    for value, rows in ((text, 1), ({"b64": text}, 1), ([text, {"b64": text}], 2)):
        assert kinds.from_json(value, spec()).shape == (rows, 2, 3, 1)
    assert kinds.from_json([[[1], [2], [3]], [[4], [5], [6]]], spec()).shape == (1, 2, 3, 1)


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\1\0IDAT"


@pytest.mark.parametrize(
    ("data", "error", "sentence"),
    [
        (b"", InvalidInput, "must be a PNG or JPEG image, got 0 bytes"),
        (b"GIF89a", InvalidInput, "must be a PNG or JPEG image"),
        (b"\x89PNG\r\n\x1a\n", InvalidInput, "is a broken image"),
        (b"\xff\xd8\xff", InvalidInput, "is a broken image"),
        (encode(GREY)[:-32], InvalidInput, "is a broken image"),
        (png_header(10_000, 10_000), TooLarge, "10000 x 10000 pixels: the limit is 40 megapixels"),
        (png_header(2**31 - 1, 2**31 - 1), TooLarge, "the limit is 40 megapixels"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, error: type[LightshipError], sentence: str) -> None:
    with pytest.raises(error) as refused:
        image.decode(data, spec())
    assert sentence in refused.value.message


@pytest.mark.parametrize(
    ("shape", "options", "sentence"),
    [
        ((None, 2, 3, 1), {"size": 3}, "an image has no option 'size'"),
        ((None, 2, 3, 1), {"mode": "RGB"}, "has 1 channels: mode 'RGB' does not fit"),
        ((None, 2, 3, 2), {}, "has 2 channels"),
        ((None, None, 3, 1), {}, "an image needs [batch, height, width, channels]"),
        ((None, 3), {}, "an image needs [batch, height, width, channels]"),
        ((None, 2, 3, 3), {"scale": [1, 2]}, "scale must be a number, or one for each of 3 channels"),
        ((None, 2, 3, 3), {"offset": "a"}, "offset must be a number"),
    ],
)
def test_wrong_options_are_refused(shape: tuple[int | None, ...], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        spec(shape, **options)
    assert sentence in refused.value.message


def test_a_body_feeds_only_a_signature_with_one_image() -> None:
    two = Signature("s", (spec(), TensorSpec("x", "float32", (None, 1))), ())
    assert image.from_body(encode(GREY), two) is None
    with pytest.raises(LightshipError, match="this model takes application/json"):
        kinds.from_body(encode(GREY), "image/png", two)
