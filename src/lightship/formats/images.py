"""Image files that :mod:`lightship.inputs.image_files` reads, by their suffix."""

from __future__ import annotations

from collections.abc import Mapping

MEDIA_TYPES: Mapping[str, str] = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
SUFFIXES = tuple(MEDIA_TYPES)
