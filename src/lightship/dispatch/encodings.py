"""Compressing a response where the request's Accept-Encoding asks for it."""

from __future__ import annotations

import zlib
from dataclasses import replace

from lightship.protocols.http import NO_TRANSFORM, Response

# Below this many bytes compressing costs more than it saves.
SMALLEST = 1024

# zlib's window bits by encoding; what "deflate" names in HTTP is the zlib format. The first is taken of equals.
_WINDOW_BITS = {"gzip": 31, "deflate": 15}
_LEVEL = 1  # numbers hardly shrink further, and the next levels take several times as long


def compress(response: Response, accepted: str) -> Response:
    """The response in the encoding that ``accepted``, a value of Accept-Encoding, likes best; as it is where none fits.

    An answer that says ``cache-control: no-transform`` is never compressed, here or by a proxy.
    In an event a compressed body is base64, a third longer: an answer that shrinks by less than a quarter is left.
    """
    if len(response.body) <= SMALLEST or response.headers.get("cache-control") == NO_TRANSFORM:
        return response
    encoding = _best(accepted)
    if encoding is None:
        return response
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS[encoding])
    body = packer.compress(response.body) + packer.flush()
    if len(body) * 4 > len(response.body) * 3:
        return response
    headers = {**response.headers, "content-encoding": encoding, "vary": "accept-encoding"}
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
