"""Compression of a response where the request's Accept-Encoding accepts it."""

from __future__ import annotations

import zlib
from dataclasses import replace

from lightship.protocols.http import NO_TRANSFORM, Response

# Up to this many bytes compression costs more than it saves.
SMALLEST = 1024

# zlib's window bits by encoding; "deflate" in HTTP is the zlib format. Of equal weights the first is chosen.
_WINDOW_BITS = {"gzip": 31, "deflate": 15}
_LEVEL = 1  # floats hardly shrink further, and higher levels take several times as long


def compress(response: Response, accepted: str) -> Response:
    """Return the response compressed with the best encoding of ``accepted``.

    ``accepted`` is a value of Accept-Encoding; the response is unchanged where no encoding matches. A response with
    ``cache-control: no-transform`` is never compressed, here or by a proxy. A compressed body is base64 in an event, a
    third longer: a response that shrinks by less than a quarter is unchanged.
    """
    finished = "content-encoding" in response.headers or NO_TRANSFORM in response.headers.get("cache-control", "")
    if finished or len(response.body) <= SMALLEST:
        return response
    encoding = _best(accepted)
    if encoding is None:
        return response
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS[encoding])
    body = packer.compress(response.body) + packer.flush()
    if len(body) * 4 > len(response.body) * 3:
        return response
    headers = {"vary": "accept-encoding", **response.headers, "content-encoding": encoding}
    return replace(response, body=body, headers=headers)


def _best(accepted: str) -> str | None:
    weights = {}
    for entry in accepted.lower().split(","):
        encoding, _, parameter = entry.partition(";")
        weights[encoding.strip()] = _weight(parameter)
    best = max(_WINDOW_BITS, key=lambda encoding: weights.get(encoding, 0.0))
    return best if weights.get(best, 0.0) > 0 else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
