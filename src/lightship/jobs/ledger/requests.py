"""What a job is asked to do: an object to score, a model and options. All of it is in the job's id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from lightship.aws import codec
from lightship.errors import InvalidInput

# Owner of the jobs that files dropped into the bucket start.
SYSTEM = "system"

_MEBIBYTE = 1024 * 1024
_LONGEST_OPTION = 1000

# The most bytes of a chunk: rows of a few bytes each take forty times as much when they are scored.
LARGEST_CHUNK = 32 * _MEBIBYTE


@dataclass(frozen=True)
class Source:
    """The object that is scored, as it was when the job was made. ``version`` is empty in an unversioned bucket.

    A key that ends with ``/`` is a prefix: every object below it is a row (images), and ``etag`` is a digest of theirs,
    or empty where they are not compared with what they were.
    """

    bucket: str
    key: str
    version: str = ""
    etag: str = ""
    size: int = 0

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Options:
    """What the client of a job may choose.

    Attributes:
        output: the output's format; None for the input's own.
        single: one file instead of parts.
        threshold: rejected rows at which the job fails: a fraction of all rows below 1, else a count; 0 for the first
            one, None for never.
        safe: keep spreadsheets from taking text in CSV for formulas.
        target: the column with the ground truth; None for a column named like an output.
        header: whether the first row of CSV has the columns' names; None to find out by the row.
        chunk: about how many bytes a chunk has, up to LARGEST_CHUNK; 0 to choose by the file's size.
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
                raise InvalidInput(f"the job's option '{name}' has over {_LONGEST_OPTION} characters")
        if not (self.threshold is None or 0 <= self.threshold < float("inf")):
            raise InvalidInput(f"a job's 'threshold' is zero or more, not {self.threshold}")
        if not 0 <= self.chunk <= LARGEST_CHUNK:
            raise InvalidInput(f"a job's 'chunk' is from 0 to {LARGEST_CHUNK} bytes, not {self.chunk}")

    @classmethod
    def from_json(cls, record: object) -> Options:
        """Return options by name; raises InvalidInput, which names the one that is unknown or wrong."""
        names = [entry.name for entry in fields(cls)]
        if isinstance(record, Mapping) and (unknown := sorted(record.keys() - set(names))):
            raise InvalidInput(f"a job has no option '{unknown[0][:80]}': it has {', '.join(names)}")
        return codec.decode(cls, record, name="options")

    def chunk_bytes(self, size: int) -> int:
        """Bytes of a chunk: 8 MiB, or up to 32 MiB where a file of that size would have over 5000 of them."""
        return self.chunk or min(max(8 * _MEBIBYTE, size // 5000), LARGEST_CHUNK)


@dataclass(frozen=True)
class Request:
    """A request for a job.

    Attributes:
        owner: to whom the job belongs.
        model: its name.
        key: of the object, or of a prefix of images, which ends with ``/``.
        version: of the model; None for the one that answers.
        options: how to score and what to write.
        run: tells a deliberate rerun from a repetition of the request.
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
    """Return a job's id: a digest of all that its outcome depends on, and of the request's ``run``.

    An object without a version is distinguished from others under its key by its etag. ``digest`` is the model's.
    """
    where = [source.bucket, source.key, source.version or source.etag]
    what = [request.owner, *where, digest, asdict(request.options), request.run]
    return hashlib.sha256(canonical(what)).hexdigest()[:32]


def canonical(value: object) -> bytes:
    """Return JSON with sorted keys and nothing between tokens: equal values, equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
