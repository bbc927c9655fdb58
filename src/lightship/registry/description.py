"""Facts of a version that are read from its manifest alone, without arrays and without opening the bundle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

# Name of a version's manifest, as in lightship.bundle, which needs numpy.
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Description:
    """Facts of a version.

    Attributes:
        digest: SHA-256 of the manifest, in hexadecimal.
        independent_rows: whether the rows of the default signature do not depend on each other; None for unknown.
        columns: names of the columns of the default signature's inputs, or the inputs' own names.
    """

    digest: str
    independent_rows: bool | None = None
    columns: tuple[str, ...] = ()

    @classmethod
    def from_bytes(cls, manifest: bytes) -> Description:
        """Return the description in a manifest; of one that is broken, only the digest: opening the bundle fails."""
        digest = hashlib.sha256(manifest).hexdigest()
        try:
            signature = json.loads(manifest)["signatures"][0]
            return cls(digest, signature.get("independent_rows"), tuple(_columns(signature)))
        except (ValueError, LookupError, TypeError, AttributeError):
            return cls(digest)


def _columns(signature: dict[str, Any]) -> list[str]:
    named = [(spec.get("kind") or {}).get("columns") or [spec["name"]] for spec in signature["inputs"]]
    return [name for names in named for name in names]
