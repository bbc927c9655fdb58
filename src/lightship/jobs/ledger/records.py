"""What a job is: its facts, which never change, and where it stands.

Everything that a worker writes follows from the facts and the chunk's span, so that two workers write equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from lightship.errors import InvalidInput
from lightship.formats.base import Header

# Owner of the jobs that files dropped into the bucket start.
SYSTEM = "system"

# Attempts after which a chunk's message is in the dead-letter queue (the queue's maxReceiveCount).
ATTEMPTS = 5

# Seconds after which a worker that has not finished a chunk is taken for dead: Lambda's longest run.
LEASE = 900.0

# Seconds of silence after which a job's messages count as dead, however few attempts the ledger knows of: SQS counts
# the times that nobody could begin, too. A message comes ATTEMPTS times, each time hidden for six times its function's
# timeout (the template's Visibility), which is a lease at most.
SILENCE = ATTEMPTS * 6 * LEASE

_MEBIBYTE = 1024 * 1024
_LONGEST_OPTION = 1000

# The most bytes of a chunk: rows of a few bytes each take forty times as much when they are scored.
LARGEST_CHUNK = 32 * _MEBIBYTE


class State(StrEnum):
    """A job's states; ``incomplete`` is never stored: it is said of one that nobody seems to be at work on any more."""

    SPLITTING = "splitting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    INCOMPLETE = "incomplete"


FINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.CLOSED})


@dataclass(frozen=True)
class Source:
    """The object that is scored, as it was when the job was made. ``version`` is empty in an unversioned bucket.

    A key that ends with ``/`` is a prefix: every object below it is a row (images), and ``etag`` is a digest of theirs,
    or empty where nobody compares them with what they were.
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
    """What the caller of a job may choose.

    Attributes:
        output: the output's format; None for the input's own.
        single: one file instead of parts.
        threshold: rejected rows at which the job fails: a fraction of all rows below 1, else a count; 0 for the first
            one, None for never.
        safe: keep spreadsheets from taking text in CSV for formulas.
        target: the column with the true answers; None for a column named like an output.
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
        wanted: dict[str, tuple[type, ...]] = {
            "output": (str, type(None)),
            "single": (bool,),
            "threshold": (int, float, type(None)),
            "safe": (bool,),
            "target": (str, type(None)),
            "header": (bool, type(None)),
            "chunk": (int,),
        }
        for name, types in wanted.items():
            value = getattr(self, name)
            if not isinstance(value, types) or (bool not in types and isinstance(value, bool)):
                raise InvalidInput(f"the job's option '{name}' cannot be {repr(value)[:80]}")
            if isinstance(value, str) and len(value) > _LONGEST_OPTION:
                raise InvalidInput(f"the job's option '{name}' has over {_LONGEST_OPTION} characters")
        if not (self.threshold is None or 0 <= self.threshold < float("inf")):
            raise InvalidInput("a job's threshold is zero or more")
        if not 0 <= self.chunk <= LARGEST_CHUNK:
            raise InvalidInput(f"a job's chunks have from 0 to {LARGEST_CHUNK} bytes")

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Options:
        """Options by name; raises InvalidInput that says which one is unknown or wrong."""
        known = [entry.name for entry in fields(cls)]
        if unknown := sorted(record.keys() - set(known)):
            raise InvalidInput(f"a job has no option '{unknown[0][:80]}': it has {', '.join(known)}")
        return cls(**record)

    def chunk_bytes(self, size: int) -> int:
        """Bytes of a chunk: 8 MiB, or up to 32 MiB where a file of that size would have over 5000 of them."""
        return self.chunk or min(max(8 * _MEBIBYTE, size // 5000), LARGEST_CHUNK)


@dataclass(frozen=True)
class Cursor:
    """How far a file is split: the next chunk begins at this byte, with this row number and this index."""

    offset: int = 0
    row: int = 1
    index: int = 0


@dataclass(frozen=True)
class Job:
    """A job as the ledger has it. Times are seconds since 1970.

    ``digest`` is the model's, pinned at the start. ``header`` is None until the file's beginning was read, and where it
    has none. ``chunks`` and ``rows`` are known once the file is split. ``sealed`` says that the outcome is decided and
    lists the chunks that the receipt leaves out. ``given_up`` says that a chunk had no attempt left. ``upload`` is S3's
    id of the multipart upload that makes the one file.
    """

    id: str
    owner: str
    model: str
    version: int
    digest: str
    source: Source
    format: str
    gzip: bool = False
    options: Options = Options()
    correlation: str = ""
    run: str = ""
    created: float = 0.0
    state: State = State.SPLITTING
    header: Header | None = None
    cursor: Cursor = Cursor()
    chunks: int | None = None
    rows: int | None = None
    sealed: tuple[int, ...] | None = None
    reason: str = ""
    updated: float = 0.0
    attempts: int = 0
    lease: float = 0.0
    given_up: bool = False
    upload: str = ""

    @property
    def output(self) -> str:
        """Prefix of everything that the job's reader gets."""
        return f"batch/{self.model}/output/{self.id}/"

    @property
    def work(self) -> str:
        """Prefix of what is needed only while the job is under way."""
        return f"scratch/{self.id}/"

    @property
    def output_format(self) -> str:
        """Name of the output's format: images have none of their own."""
        return self.options.output or ("csv" if self.format == "images" else self.format)

    @property
    def final(self) -> bool:
        """Whether nothing will happen any more."""
        return self.state in FINAL


@dataclass(frozen=True)
class Result:
    """What became of a chunk. ``parts`` has key, bytes and sha256 of each object written, by what it holds.

    ``gigabyte_seconds`` is what it took whoever was the first: seconds times the gigabytes of the function.
    """

    rows: int
    rejected: int
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    gigabyte_seconds: float = 0.0


@dataclass(frozen=True)
class Chunk:
    """Whole rows of the input: bytes (or row groups) ``[start, end)``, or all of the object ``key``.

    ``result`` is there as soon as the chunk is done.
    """

    job: str
    index: int
    first: int
    rows: int
    start: int = 0
    end: int = 0
    key: str = ""
    attempts: int = 0
    lease: float = 0.0
    result: Result | None = None

    def dead(self, now: float) -> bool:
        """Whether nobody will try again by himself."""
        return self.result is None and self.attempts >= ATTEMPTS and self.lease < now


def job_id(owner: str, source: Source, digest: str, options: Options, run: str) -> str:
    """A job's name: a digest of all that its outcome depends on, and of ``run``, which tells deliberate reruns apart.

    An object without a version is told from others under its key by its etag.
    """
    what = [owner, source.bucket, source.key, source.version or source.etag, digest, asdict(options), run]
    return hashlib.sha256(canonical(what)).hexdigest()[:32]


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and nothing between tokens: equal values, equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
