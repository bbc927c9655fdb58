"""Test when responses are compressed, and with which encoding."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable

import pytest

from lightship.dispatch.encodings import SMALLEST, compress
from lightship.protocols.http import Response

TEXT = Response(200, b'{"data":[0.5]}' * 1000)


@pytest.mark.parametrize(
    ("accepted", "encoding", "unpack"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("deflate", "deflate", zlib.decompress),
        ("gzip, deflate, br", "gzip", gzip.decompress),
        ("GZIP;q=0.5, deflate;q=0.8", "deflate", zlib.decompress),
        ("gzip;q=0, deflate", "deflate", zlib.decompress),
    ],
)
def test_compress_uses_preferred_encoding(accepted: str, encoding: str, unpack: Callable[[bytes], bytes]) -> None:
    packed = compress(TEXT, accepted)
    assert packed.headers == {
        "content-type": "application/json",
        "content-encoding": encoding,
        "vary": "accept-encoding",
    }
    assert len(packed.body) < len(TEXT.body) / 10
    assert unpack(packed.body) == TEXT.body


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "gzip;q=nan", "gzip;q=x", ";", ",,"])
def test_compress_without_accepted_encoding_returns_response_unchanged(accepted: str) -> None:
    assert compress(TEXT, accepted) is TEXT


def test_compress_of_small_or_random_body_returns_response_unchanged() -> None:
    small = Response(200, b"0" * SMALLEST)
    noise = Response(200, random.Random(1).randbytes(4000))
    assert compress(small, "gzip") is small
    assert compress(noise, "gzip") is noise
