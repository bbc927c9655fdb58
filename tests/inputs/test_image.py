from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightship import inputs
from lightship.errors import InvalidInput, LightshipError, TooLarge
from lightship.tensors import Signature, TensorSpec


def spec(shape: tuple[int | None, ...] = (None, 2, 3, 1), dtype: str = "float32", **options: Any) -> TensorSpec:
    plain = TensorSpec("image", dtype, shape)
    return TensorSpec("image", dtype, shape, inputs.configure(plain, "image", options))


def decode(body: bytes, spec: TensorSpec) -> Any:
    return inputs.kind_of(spec).decode_body(body, spec)


def encode(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


GREY = Image.fromarray(np.array([[0, 51, 102], [153, 204, 255]], np.uint8))


def test_decode_applies_scale_and_offset() -> None:
    array = decode(encode(GREY), spec(scale=1 / 255, offset=-0.5))
    assert array.shape == (1, 2, 3, 1)
    np.testing.assert_allclose(array[0, :, :, 0], [[-0.5, -0.3, -0.1], [0.1, 0.3, 0.5]], atol=1e-6)


def test_decode_scales_each_channel() -> None:
    red = Image.new("RGB", (3, 2), (10, 20, 30))
    array = decode(encode(red), spec((None, 2, 3, 3), scale=[1, 2, 3], offset=[0, 0, 1]))
    assert array[0, 1, 2].tolist() == [10, 40, 91]


def test_decode_integer_tensor_without_channel_axis() -> None:
    array = decode(encode(GREY), spec((None, 2, 3), "uint8"))
    assert array.dtype == np.uint8
    assert array[0].tolist() == np.asarray(GREY).tolist()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_decode_every_png_mode_is_converted(mode: str) -> None:
    grey = np.asarray(GREY) if mode != "1" else np.where(np.asarray(GREY) > 127, 255, 0).astype(np.uint8)
    image = (
        Image.fromarray(grey.astype(np.uint16) * 257)
        if mode == "I;16"
        else Image.fromarray(grey).convert(mode, dither=Image.Dither.NONE)
    )
    assert decode(encode(image), spec()).ravel().tolist() == grey.ravel().tolist()


def test_decode_jpeg_is_resized_and_turned_upright() -> None:
    wide = Image.new("L", (600, 400), 200)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was rotated
    array = decode(encode(wide, "JPEG", exif=exif), spec((None, 6, 4, 1)))
    np.testing.assert_allclose(array, 200, atol=3)


def test_encode_inverts_decode() -> None:
    configured = spec(scale=1 / 255)
    array = decode(encode(GREY), configured)
    again = decode(base64.b64decode(inputs.kind_of(configured).encode(array, configured)), configured)
    np.testing.assert_array_equal(array, again)


def test_decode_accepts_base64_objects_and_lists() -> None:
    text = base64.b64encode(encode(GREY)).decode()
    for value, rows in ((text, 1), ({"b64": text}, 1), ([text, {"b64": text}], 2)):
        assert inputs.decode(value, spec()).shape == (rows, 2, 3, 1)
    assert inputs.decode([[[1], [2], [3]], [[4], [5], [6]]], spec()).shape == (1, 2, 3, 1)


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"\0\0\1\0IDAT"


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Insert chunks after the header, which ends at byte 33."""
    return png[:33] + b"".join(png_chunk(*chunk) for chunk in chunks) + png[33:]


def exif(*entries: tuple[int, int, int, int]) -> bytes:
    """Return EXIF data with one directory, as a big-endian TIFF file.

    Entries are tag, type, count and value or offset.
    """
    head = b"MM\0*\0\0\0\x08" + struct.pack(">H", len(entries))
    return head + b"".join(struct.pack(">HHII", *entry) for entry in entries) + bytes(4)


# EXIF data of cameras and attackers: Pillow raises struct.error, TypeError or AttributeError for some. Resolutions are
# bytes or text in place of rationals, a description is a rational; the orientation is 6 (rotated) in all.
SIDEWAYS = (0x0112, 3, 1, 6 << 16)
ODD_EXIF = {
    "resolution of bytes": exif(SIDEWAYS, (0x011A, 7, 4, 0x61626364)),
    "resolution of text": exif(SIDEWAYS, (0x011A, 2, 4, 0x61626300)),
    "rational description": exif((0x010E, 5, 1, 8), SIDEWAYS),
    "camera data that is a text": exif(SIDEWAYS, (0x8769, 2, 4, 0x61626300)),
    "orientation of bytes": exif((0x0112, 7, 4, 0x61626364)),
    "nothing": b"",
    "a beginning": b"MM\0*",
    "no TIFF": b"x" * 20,
    "an offset beyond its end": b"MM\0*\xff\xff\xff\xff" + bytes(20),
}
WIDE = Image.fromarray(np.repeat(np.uint8([[0, 250]]), 8, axis=1).repeat(8, axis=0))  # black on the left


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow warns and continues
@pytest.mark.parametrize("data", ODD_EXIF.values(), ids=ODD_EXIF)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_decode_malformed_exif_keeps_pixels(data: bytes, file_format: str) -> None:
    if file_format == "JPEG":
        body = encode(WIDE, "JPEG")
        body = body[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 8) + b"Exif\0\0" + data + body[2:]
    else:
        body = with_chunks(encode(WIDE), (b"eXIf", data))
    (rows,) = decode(body, spec((None, 2, 2, 1)))[..., 0]
    sideways = rows[0].mean() < 50 and rows[1].mean() > 200
    assert sideways == (exif(SIDEWAYS)[10:-4] in data)
    assert sideways or (rows[:, 0].mean() < 50 and rows[:, 1].mean() > 200)


def test_decode_png_ignores_compressed_metadata() -> None:
    bombs = [(b"zTXt", b"t\0\0" + zlib.compress(bytes(1 << 22), 9)), (b"iCCP", b"p\0\0no zlib"), (b"acTL", bytes(8))]
    np.testing.assert_array_equal(decode(with_chunks(encode(GREY), *bombs), spec())[0, :, :, 0], np.asarray(GREY))


def test_decode_keeps_transparency_and_palettes() -> None:
    palette = GREY.convert("P")
    body = encode(palette, transparency=bytes([255, 255]) + bytes(254))
    expected = Image.open(io.BytesIO(body)).convert("RGBA")
    np.testing.assert_array_equal(decode(body, spec((None, 2, 3, 4)))[0], np.asarray(expected))


@pytest.mark.parametrize(
    ("count", "size", "shape", "fits"),
    [
        (2, (4000, 3125), (None, 2, 2, 1), True),
        (2, (4000, 3126), (None, 2, 2, 1), False),
        (6103, (1, 1), (None, 2, 2, 1), True),  # counted as 64 x 64 pixels each
        (6104, (1, 1), (None, 2, 2, 1), False),
        (124, (1, 1), (None, 224, 224, 3), True),  # counted as 448 x 448
        (125, (1, 1), (None, 224, 224, 3), False),
        (1, (1, 60_000), (None, 224, 224, 3), False),  # resized to 224 x 60,000 in between
        (1, (1, 1), (None, 3000, 3000, 1), True),  # the model's own size is always accepted
    ],
)
def test_decode_images_share_one_pixel_limit(
    count: int, size: tuple[int, int], shape: tuple[int | None, ...], fits: bool
) -> None:
    text = base64.b64encode(encode(Image.new("1", size))).decode()
    if fits:
        assert inputs.decode([text] * count, spec(shape)).shape == (count, *shape[1:])
        return
    with pytest.raises(TooLarge, match="25 megapixels"):
        inputs.decode([text] * count, spec(shape))


def jpeg_of_scans(count: int) -> bytes:
    """Return a progressive grey JPEG of one block, with repeated refinement scans."""

    def segment(marker: int, *data: int) -> bytes:
        return bytes([0xFF, marker, 0, len(data) + 2, *data])

    tables = segment(0xDB, 0, *[1] * 64) + segment(0xC4, 0, 1, *[0] * 16) + segment(0xC4, 0x10, 1, *[0] * 16)
    frame = segment(0xC2, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)
    first, more = segment(0xDA, 1, 1, 0, 0, 0, 0) + b"\0", segment(0xDA, 1, 1, 0, 1, 63, 0) + b"\0"
    return b"\xff\xd8" + tables + frame + first + more * (count - 1) + b"\xff\xd9"


def test_decode_jpeg_over_scan_limit_is_refused() -> None:
    assert decode(jpeg_of_scans(100), spec()).shape == (1, 2, 3, 1)
    arithmetic = jpeg_of_scans(1).replace(b"\xff\xc2", b"\xff\xca")
    for body in (jpeg_of_scans(101), arithmetic):
        with pytest.raises(InvalidInput, match="JPEG"):
            decode(body, spec())


@pytest.mark.parametrize("extra", [b"\xff\xe0\x00\x02", b"\xff", b"\xff\x00", b"\xff\xd0"])
def test_decode_jpeg_over_segment_limit_is_refused(extra: bytes) -> None:
    jpeg = jpeg_of_scans(1)
    assert decode(jpeg[:2] + extra[:4] * 2 + jpeg[2:], spec()).shape == (1, 2, 3, 1)
    with pytest.raises(InvalidInput, match="JPEG"):
        decode(jpeg[:2] + extra * 5_000 + jpeg[2:], spec())


@pytest.mark.parametrize(
    ("data", "error", "named"),
    [
        (b"", InvalidInput, "PNG.*JPEG.*0 bytes$"),
        (b"GIF89a", InvalidInput, "PNG.*JPEG"),
        (b"\x89PNG\r\n\x1a\n", InvalidInput, None),
        (b"\xff\xd8\xff", InvalidInput, None),
        (encode(GREY)[:-32], InvalidInput, None),
        (png_header(10_000, 10_000), TooLarge, "10000.*10000.*25 megapixels"),
        (png_header(2**31 - 1, 2**31 - 1), TooLarge, "25 megapixels"),
    ],
)
def test_decode_malformed_image_is_refused(data: bytes, error: type[LightshipError], named: str | None) -> None:
    with pytest.raises(error, match=named):
        decode(data, spec())


@pytest.mark.parametrize(
    ("shape", "options", "named"),
    [
        ((None, 2, 3, 1), {"size": 3}, "'size'"),
        ((None, 2, 3, 1), {"mode": "RGB"}, "1.*'RGB'"),
        ((None, 2, 3, 2), {}, "2"),
        ((None, None, 3, 1), {}, None),
        ((None, 3), {}, None),
        ((None, 2, 3, 3), {"scale": [1, 2]}, "3"),
        ((None, 2, 3, 3), {"offset": "a"}, None),
    ],
)
def test_configure_wrong_options_are_refused(
    shape: tuple[int | None, ...], options: dict[str, Any], named: str | None
) -> None:
    with pytest.raises(InvalidInput, match=named):
        spec(shape, **options)


def test_decode_body_for_several_inputs_is_refused() -> None:
    two = Signature("s", (spec(), TensorSpec("x", "float32", (None, 1))), ())
    with pytest.raises(LightshipError, match="application/json"):
        inputs.decode_body(encode(GREY), "image/png", two, {})


ANY_SIZE = (None, None, None, 3)


def photo(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize(("width", "height"), [(7, 5), (1, 1), (300, 2)])
def test_decode_any_size_keeps_every_pixel(width: int, height: int) -> None:
    array = decode(encode(photo(width, height)), spec(ANY_SIZE, "uint8"))
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array[0], np.asarray(photo(width, height)))


def test_decode_any_size_scales_and_turns_upright() -> None:
    rotated = Image.Exif()
    rotated[0x0112] = 6
    body = encode(photo(6, 4), "PNG", exif=rotated)
    array = decode(body, spec(ANY_SIZE, scale=1 / 255, offset=[0, 0, 1]))
    expected = np.rot90(np.asarray(photo(6, 4)), -1) / np.float32(255) + np.float32([0, 0, 1])
    np.testing.assert_allclose(array[0], expected, rtol=1e-6)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_decode_any_size_converts_every_mode(mode: str) -> None:
    image = photo(6, 4).convert(mode)
    body = encode(image, "JPEG" if mode == "CMYK" else "PNG")
    expected = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
    np.testing.assert_array_equal(decode(body, spec(ANY_SIZE, "uint8"))[0], expected)


def test_decode_images_of_different_sizes_names_row_and_sizes() -> None:
    rows = [base64.b64encode(encode(photo(width, 4))).decode() for width in (6, 6, 8)]
    assert inputs.decode(rows[:2], spec(ANY_SIZE)).shape == (2, 4, 6, 3)
    with pytest.raises(InvalidInput, match=r"row 3, input 'image'.*8 x 4.*6 x 4"):
        inputs.decode(rows, spec(ANY_SIZE))


@pytest.mark.parametrize(("dtype", "named"), [("uint8", "is 25 megapixels"), ("float32", "is 6.25 megapixels")])
def test_decode_any_size_limits_memory_by_dtype(dtype: str, named: str) -> None:
    with pytest.raises(TooLarge, match=named):
        decode(png_header(6_000, 6_000), spec(ANY_SIZE, dtype))


def test_encode_any_size_inverts_decode() -> None:
    configured = spec(ANY_SIZE, "uint8")
    array = decode(encode(photo(6, 4)), configured)
    again = decode(base64.b64decode(inputs.kind_of(configured).encode(array[0], configured)), configured)
    np.testing.assert_array_equal(array, again)


def test_field_of_any_size_has_channels_only() -> None:
    field = inputs.kind_of(spec(ANY_SIZE)).field(spec(ANY_SIZE))
    assert field.to_json({}) == {"kind": "image", "channels": 3}
