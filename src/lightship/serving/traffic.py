"""Split traffic between versions by the caller's key.

A pure function, so that every server chooses the same version.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from lightship.registry.state import State

_STEPS = 10_000


def pick(state: State, key: bytes) -> int | None:
    """Return the version for a request that does not select one.

    That is a version of the traffic split, if there is one, else the default; None where no version takes requests.
    """
    if not state.routing.traffic:
        return state.default
    point = _point(b"traffic", key) * sum(state.routing.traffic.values())
    for version, share in sorted(state.routing.traffic.items()):
        point -= share
        if point < 0:
            return version
    return max(state.routing.traffic)


def shadows(state: State, key: bytes) -> list[int]:
    """Return the versions that shadow a request with this key."""
    sampled: Mapping[int, float] = state.routing.shadows
    return [version for version, share in sorted(sampled.items()) if _point(b"shadow", key) < share]


def _point(purpose: bytes, key: bytes) -> float:
    """Return a key's point in [0, 1).

    Points are uniformly distributed and independent between purposes.
    """
    return (zlib.crc32(key, zlib.crc32(purpose)) % _STEPS) / _STEPS
