"""Untrusted PNG and JPEG files, opened with bounded cost.

Other content of these formats costs a decoder far more than it costs the client: a kilobyte of a PNG's texts and
profiles inflates to a megabyte, and each of a JPEG's scans processes the whole image again.
"""

from __future__ import annotations

import io
import re
import struct
from itertools import islice
from typing import TYPE_CHECKING, Any

from lightship.errors import InvalidInput

if TYPE_CHECKING:
    from PIL.Image import Transpose
    from PIL.ImageFile import ImageFile

# PNG chunks that define the pixels and the orientation; all others are removed.
_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})

# Frame header of a JPEG with arithmetic coding, which takes ten times as long and which few decoders support.
_ARITHMETIC = re.compile(rb"\xff[\xc9\xca]\x00[\x0b\x11\x14]\x08")

# Start of a JPEG's scans and EXIF segments. A progressive file has about ten.
_PARTS = re.compile(rb"\xff(?:\xda\x00[\x08\x0a\x0c\x0e]|\xe1..Exif\0\0)", re.DOTALL)
MAX_PARTS = 100

# Segments and bytes between them before the first scan: Pillow's parser spends microseconds on each and stores it.
MAX_SEGMENTS = 1_000
_SCAN = 0xDA
_WITHOUT_LENGTH = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})

_ORIENTATION = 0x0112

# Pillow's names of the metadata that may have an orientation.
_WITH_ORIENTATION = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"})


def open_image(data: bytes, name: str) -> ImageFile:
    """Read the header of a PNG or JPEG file; raises InvalidInput.

    ``name`` is the input's. The decoder is selected here, so that none of Pillow's other fifty reads untrusted bytes.
    """
    from PIL import JpegImagePlugin, PngImagePlugin

    decoder: type[ImageFile]
    if data.startswith(b"\x89PNG"):
        decoder, data = PngImagePlugin.PngImageFile, _pixels_only(data)
    elif data.startswith(b"\xff\xd8\xff"):
        parts = sum(1 for _ in islice(_PARTS.finditer(data), MAX_PARTS + 1))
        if _ARITHMETIC.search(data) or parts > MAX_PARTS or not _has_few_segments(data):
            raise InvalidInput(
                "a JPEG image with arithmetic coding, or with too many scans or segments: save it as a baseline or "
                "progressive JPEG",
                input=name,
            )
        decoder = JpegImagePlugin.JpegImageFile
    else:
        form = " of another format" if data else ""
        raise InvalidInput(f"expected a PNG or JPEG image, got {len(data)} bytes{form}", input=name)
    try:
        return decoder(io.BytesIO(data))
    except Exception as error:  # Pillow's parsers raise exceptions of any class
        raise broken(name, error) from None


def broken(name: str, error: Exception) -> InvalidInput:
    """Return the error for an image that Pillow cannot read."""
    return InvalidInput(f"a broken image: {str(error)[:120]}", input=name)


def upright_transpose(image: ImageFile) -> Transpose | None:
    """Return the transpose that turns an image upright, by its EXIF orientation.

    The orientation is TIFF 6.0 tag 274. None where the image is upright already, and where the EXIF data cannot be
    read: some cameras write malformed data.
    """
    from PIL.Image import Transpose

    transposes: dict[Any, Transpose] = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    if _WITH_ORIENTATION.isdisjoint(image.info):  # most images: parsing nothing would take as long as a tenth of them
        return None
    try:
        return transposes.get(image.getexif().get(_ORIENTATION))
    except Exception:
        return None


def _has_few_segments(data: bytes) -> bool:
    """Return whether the first scan or error is within :data:`MAX_SEGMENTS` steps."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        lead, marker = data[at : at + 1], data[at + 1 : at + 2]
        if lead != b"\xff" or not marker or marker[0] == _SCAN:
            return True
        if marker == b"\xff":  # padding
            at += 1
        elif marker[0] in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
    return False


def _pixels_only(data: bytes) -> bytes:
    """Return a PNG without chunks that do not define pixels; errors in it are kept."""
    chunks, start = [data[:8]], 8
    while start + 12 <= len(data):  # a chunk: length, name, data and checksum
        (length,) = struct.unpack_from(">I", data, start)
        end = start + 12 + length
        if data[start + 4 : start + 8] in _CHUNKS:
            chunks.append(data[start:end])
        start = end
    return b"".join([*chunks, data[start:]])
