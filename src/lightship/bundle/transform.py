"""The transform that a bundle names: code of the user, which no bundle contains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lightship.settings import TRANSFORM_NAME
from lightship.tensors import Signature


class UsedTransform(NamedTuple):
    """The name of a transform, and the model behind it.

    Attributes:
        name: the name of its file, without the suffix, or of its entry point.
        sha256: digest of its source at compile time, in hexadecimal; empty where it was unknown.
        signatures: the signatures of the model itself. Those of the manifest are what clients see.
    """

    name: str
    sha256: str
    signatures: tuple[Signature, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "signatures": [signature.to_json() for signature in self.signatures],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> UsedTransform:
        """Return the transform of a :meth:`to_json` record.

        Raises KeyError, TypeError or ValueError for another form.
        """
        signatures = tuple(Signature.from_json(entry) for entry in record["signatures"])
        return cls(check_name(record["name"]), str(record["sha256"]), signatures)


def check_name(name: object) -> str:
    """Return a transform's name; raises ValueError for anything else."""
    if not isinstance(name, str) or not TRANSFORM_NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:80]!r} is not the name of a transform: use a-z, 0-9 and _, a letter first")
    return name
