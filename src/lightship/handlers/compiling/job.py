"""Job that the broker sends to the worker: signed URLs and limits.

Each URL gives access to one object. It works for every caller until it expires, so URLs are never logged and are left
out of every ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lightship.errors import InvalidInput

SCHEMA = 1


@dataclass(frozen=True)
class Download:
    """A presigned GET of one version of one object, with the signed headers."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Upload:
    """A presigned POST of one object, with its form fields in order.

    S3 checks the object's size against the form's policy.
    """

    url: str = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Job:
    """One model file to compile.

    Attributes:
        bucket: the bucket of the file.
        key: the file's key, below ``incoming/``.
        size: size of the file in bytes.
        source: presigned GET of the file.
        config: presigned GET of its model.yaml; None if it has none.
        upload: presigned POST of the archive with the answer.
        largest: maximum size of the archive in bytes.
        seconds: time limit of the compilation.
        correlation: correlation id for the log.
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
        """Return the payload of the invocation."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, record: Any) -> Job:
        """Return the job in a payload of :meth:`to_json`.

        Raises InvalidInput, whose message quotes nothing of the payload.
        """
        try:
            if record["schema"] != SCHEMA:
                raise InvalidInput(f"the job has another schema: this worker reads schema {SCHEMA}")
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
            raise InvalidInput("the payload is not a compile job: CompileFunction sends the expected format") from None
