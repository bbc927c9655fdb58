"""Records of the ledger: a job, its chunks and its progress.

Times are seconds since 1970. Everything that a worker writes follows from the job's facts and the chunk's span, so that
two workers write equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lightship.formats.base import Header
from lightship.jobs.ledger.requests import Options, Source

# Attempts after which SQS moves a chunk's message to the dead-letter queue (the queue's maxReceiveCount).
ATTEMPTS = 5

# Seconds after which a worker that has not finished a chunk counts as crashed: Lambda's maximum timeout.
LEASE = 900.0

# Seconds without an update after which a job's messages count as dead letters, even with fewer attempts in the ledger:
# SQS also counts deliveries for which no function could start. A message is delivered ATTEMPTS times, each time with a
# visibility timeout of six times its function's timeout (the template's Visibility), which is at most LEASE.
SILENCE = ATTEMPTS * 6 * LEASE


class State(StrEnum):
    """States of a job.

    ``incomplete`` is never stored: it is derived where no worker is active on an open job. ``closed`` is an incomplete
    job that got a receipt without its dead chunks.
    """

    SPLITTING = "splitting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    INCOMPLETE = "incomplete"


OPEN = (State.SPLITTING, State.RUNNING)
FINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.CLOSED})


@dataclass(frozen=True)
class Cursor:
    """How far a file is split: offset, row number and index of the next chunk.

    ``offset`` is in bytes.
    """

    offset: int = 0
    row: int = 1
    index: int = 0


@dataclass(frozen=True)
class Job:
    """A job as the ledger stores it: its facts, which never change, and its progress.

    ``digest`` is of the model's bundle, pinned at creation. ``header`` is None until the beginning of the file was
    read, and for files without one. ``chunks`` and ``rows`` are None until the file is split. ``sealed`` is None until
    it is decided that the job gets a receipt; it lists the chunks that the receipt leaves out. ``given_up`` is whether
    a chunk had no attempts left. ``upload`` is S3's id of the multipart upload that joins the parts to one file.
    """

    id: str
    owner: str
    model: str
    version: int
    digest: str
    source: Source
    format: str
    gzip: bool = False
    options: Options = field(default_factory=Options)
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
        """Return the prefix of the job's receipt and parts."""
        return f"batch/{self.model}/output/{self.id}/"

    @property
    def work(self) -> str:
        """Return the prefix of intermediate objects, needed only until the job ends."""
        return f"scratch/{self.id}/"

    @property
    def output_format(self) -> str:
        """Return the name of the output's format; the default for images is CSV."""
        return self.options.output or ("csv" if self.format in {"images", "tar"} else self.format)

    @property
    def final(self) -> bool:
        """Return whether the job has ended."""
        return self.state in FINAL


@dataclass(frozen=True)
class Part:
    """An object that was written; ``sha256`` is in hexadecimal."""

    key: str
    bytes: int
    sha256: str = ""


@dataclass(frozen=True)
class Result:
    """The outcome of a chunk.

    ``parts`` has each object written, by its content: ``output``, ``errors``. ``gigabyte_seconds`` is the seconds that
    scoring took times the gigabytes of the function, as measured by the worker whose result is stored.
    """

    rows: int
    rejected: int
    parts: Mapping[str, Part] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    gigabyte_seconds: float = 0.0


@dataclass(frozen=True)
class Chunk:
    """A span of whole rows of the input.

    That is bytes (or row groups) ``[start, end)`` of the input, or the whole object ``key``. ``result`` is None until
    the chunk is done.
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
        """Return whether the chunk is not done, without attempts left or an active worker."""
        return self.result is None and self.attempts >= ATTEMPTS and self.lease < now


@dataclass(frozen=True)
class Tally:
    """Progress of a job: done chunks, rows, rejected rows, and GB-seconds.

    ``updated`` is when the last chunk was counted.
    """

    chunks: int = 0
    rows: int = 0
    rejected: int = 0
    updated: float = 0.0
    gigabyte_seconds: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.chunks + other.chunks,
            self.rows + other.rows,
            self.rejected + other.rejected,
            max(self.updated, other.updated),
            self.gigabyte_seconds + other.gigabyte_seconds,
        )
