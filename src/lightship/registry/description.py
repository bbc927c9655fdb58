"""Description of a version, read from its manifest alone, without numpy."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

# Name of a version's manifest; lightship.bundle has it too, but needs numpy.
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Description:
    """Description of a version.

    Attributes:
        digest: SHA-256 of the manifest, in hexadecimal.
        independent_rows: whether the rows of the default signature are independent of each other; None for unknown.
        columns: column names of the default signature's inputs; an input without named columns has its own name,
            numbered where a row has several elements.
    """

    digest: str
    independent_rows: bool | None = None
    columns: tuple[str, ...] = ()

    @classmethod
    def from_bytes(cls, manifest: bytes) -> Description:
        """Return the description in a manifest; of a broken manifest, only the digest."""
        digest = hashlib.sha256(manifest).hexdigest()
        try:
            signature = json.loads(manifest)["signatures"][0]
            return cls(digest, signature.get("independent_rows"), tuple(_columns(signature)))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return cls(digest)


def _columns(signature: dict[str, Any]) -> list[str]:
    named = [(spec.get("kind") or {}).get("columns") or _numbered(spec) for spec in signature["inputs"]]
    return [name for names in named for name in names]


def _numbered(spec: dict[str, Any]) -> list[str]:
    """Return the columns of an input without named ones, as its kind of input does."""
    name, sizes = spec["name"], spec["shape"][1:]
    return [f"{name}_{index}" for index in range(sizes[0])] if len(sizes) == 1 and (sizes[0] or 1) > 1 else [name]
