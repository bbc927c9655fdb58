"""What the broker asks of the worker: addresses that open one object each, limits, and no right beyond them.

The broker signs the addresses. They work for every caller until they expire, so none of them is ever logged: they are
left out of every ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lightship.errors import InvalidInput

SCHEMA = 1


@dataclass(frozen=True)
class Download:
    """A signed GET of one version of one object; the headers are part of the signature."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Upload:
    """A signed POST of one object whose size S3 checks: the form's fields in their order."""

    url: str = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Job:
    """One model file to compile.

    Attributes:
        bucket: where the file is.
        key: the file, below ``incoming/``.
        size: bytes of the file.
        source: how to get the file.
        config: how to get its model.yaml; None where there is none.
        upload: where the archive with the answer goes.
        largest: bytes that the archive may have.
        seconds: how long compiling may take.
        correlation: the correlation id for the log.
    """

    bucket: str
    key: str
    size: int
    source: Download
    config: Download | None
    upload: Upload
    largest: int
    seconds: float
    correlation: str

    def to_json(self) -> dict[str, Any]:
        """The payload of the invocation."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, record: Any) -> Job:
        """The inverse of :meth:`to_json`; raises InvalidInput, which quotes nothing of the payload."""
        try:
            if record["schema"] != SCHEMA:
                raise InvalidInput(f"this worker reads jobs of schema {SCHEMA}")
            return cls(
                bucket=str(record["bucket"]),
                key=str(record["key"]),
                size=int(record["size"]),
                source=Download(**record["source"]),
                config=Download(**record["config"]) if record["config"] else None,
                upload=Upload(**record["upload"]),
                largest=int(record["largest"]),
                seconds=float(record["seconds"]),
                correlation=str(record["correlation"]),
            )
        except (KeyError, TypeError, ValueError):
            raise InvalidInput("the payload is not a job of CompileFunction's") from None
