"""What the ledger records of a job, its chunks and its progress. Times are seconds since 1970.

Everything that a worker writes follows from the job's facts and the chunk's span, so that two workers write equal
bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lightship.formats.base import Header
from lightship.jobs.ledger.requests import Options, Source

# Attempts after which a chunk's message is in the dead-letter queue (the queue's maxReceiveCount).
ATTEMPTS = 5

# Seconds after which a worker that has not finished a chunk is taken for dead: Lambda's longest run.
LEASE = 900.0

# Seconds of silence after which a job's messages count as dead, however few attempts the ledger knows of: SQS also
# counts deliveries that no function could begin. A message comes ATTEMPTS times, each time hidden for six times its
# function's timeout (the template's Visibility), which is a lease at most.
SILENCE = ATTEMPTS * 6 * LEASE


class State(StrEnum):
    """A job's states; ``incomplete`` is never stored: it follows from a job on which no worker is active."""

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
    """How far a file is split: the next chunk begins at this byte, with this row number and this index."""

    offset: int = 0
    row: int = 1
    index: int = 0


@dataclass(frozen=True)
class Job:
    """A job as the ledger has it: its facts, which never change, and its progress.

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
        """Prefix of the job's receipt and parts."""
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
        """Whether the job has ended."""
        return self.state in FINAL


@dataclass(frozen=True)
class Part:
    """An object that was written; ``sha256`` is in hexadecimal."""

    key: str
    bytes: int
    sha256: str = ""


@dataclass(frozen=True)
class Result:
    """The outcome of a chunk. ``parts`` has each object written, by what it holds: ``output``, ``errors``.

    ``gigabyte_seconds`` is what its first worker took: seconds times the gigabytes of the function.
    """

    rows: int
    rejected: int
    parts: Mapping[str, Part] = field(default_factory=dict)
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
        """Whether the chunk is not done, has no attempt left and no active worker."""
        return self.result is None and self.attempts >= ATTEMPTS and self.lease < now


@dataclass(frozen=True)
class Tally:
    """Progress of a job: chunks done, rows read and rows rejected, and the gigabyte-seconds that it took.

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
