"""Requests for jobs: an object to score, a model and options.

A job's id is a digest of its request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from lightship.aws import codec
from lightship.errors import InvalidInput

# Owner of the jobs that events and schedules start.
SYSTEM = "system"

_MEBIBYTE = 1024 * 1024
_LONGEST_OPTION = 1000

# The most bytes of a chunk: short rows take forty times their bytes of memory while they are scored.
LARGEST_CHUNK = 32 * _MEBIBYTE


@dataclass(frozen=True)
class Source:
    """The object that is scored, as it was when the job was created.

    ``version`` is empty in an unversioned bucket. A key that ends with ``/`` is a prefix: every image below it is a
    row, or every image in the tar files below it, whose bytes are ``size`` then. Its ``etag`` is a digest of their keys
    and etags, random for many objects, or empty in a schedule's run, which does not detect changes.
    """

    bucket: str
    key: str
    version: str = ""
    etag: str = ""
    size: int = 0

    @property
    def name(self) -> str:
        """Return the last part of the key."""
        return self.key.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Options:
    """Options of a job.

    Attributes:
        output: the output's format; None for the input's format.
        single: write one file instead of parts.
        threshold: rejected rows at which the job fails: below 1 a fraction of all rows, else a count; 0 for the first
            rejected row, None for never.
        safe: escape text in CSV that spreadsheets would run as formulas.
        target: the column with the ground truth; None for a column named like the first output, if there is one.
        header: whether the first row of CSV has the columns' names; None to detect it.
        chunk: approximate bytes of a chunk, up to LARGEST_CHUNK; 0 to derive it from the file's size.
    """

    output: str | None = None
    single: bool = False
    threshold: float | None = None
    safe: bool = False
    target: str | None = None
    header: bool | None = None
    chunk: int = 0

    def __post_init__(self) -> None:
        for name in ("output", "target"):
            if len(getattr(self, name) or "") > _LONGEST_OPTION:
                raise InvalidInput(f"the job's option '{name}' must have at most {_LONGEST_OPTION} characters")
        if not (self.threshold is None or 0 <= self.threshold < float("inf")):
            raise InvalidInput(f"the job's option 'threshold' must be 0 or more, not {self.threshold}")
        if not 0 <= self.chunk <= LARGEST_CHUNK:
            raise InvalidInput(f"the job's option 'chunk' must be from 0 to {LARGEST_CHUNK} bytes, not {self.chunk}")

    @classmethod
    def from_json(cls, record: object) -> Options:
        """Return options by name; raises InvalidInput, naming the unknown or invalid one."""
        names = [entry.name for entry in fields(cls)]
        if isinstance(record, Mapping) and (unknown := sorted(record.keys() - set(names))):
            raise InvalidInput(f"a job has no option '{unknown[0][:80]}': the options are {', '.join(names)}")
        return codec.decode(cls, record, name="options")

    def chunk_bytes(self, size: int) -> int:
        """Return the bytes of a chunk for a file of a given size.

        That is the option ``chunk`` if it is set; else 8 MiB, or up to 32 MiB where the file would have over 5000
        chunks.
        """
        return self.chunk or min(max(8 * _MEBIBYTE, size // 5000), LARGEST_CHUNK)


@dataclass(frozen=True)
class Request:
    """A request for a job.

    Attributes:
        owner: the caller that the job belongs to.
        model: name of the model.
        key: key of the object, or of a prefix of images, which ends with ``/``.
        version: version of the model; None for the default version.
        options: how to score and what to write.
        run: run token: distinguishes a deliberate rerun from a repetition of the request.
        correlation: id in all logs; empty for the job's own id.
    """

    owner: str
    model: str
    key: str
    version: int | None = None
    options: Options = Options()
    run: str = ""
    correlation: str = ""


def job_id(request: Request, source: Source, digest: str) -> str:
    """Return a job's id: a digest of the request, the object and ``digest``.

    ``digest`` is of the model's bundle; the number of its version is not part of the id. An object without a version is
    distinguished from others under its key by its etag.
    """
    location = [source.bucket, source.key, source.version or source.etag]
    values = [request.owner, request.model, *location, digest, asdict(request.options), request.run]
    return hashlib.sha256(canonical(values)).hexdigest()[:32]


def canonical(value: object) -> bytes:
    """Return JSON with sorted keys and no spaces: equal values have equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
