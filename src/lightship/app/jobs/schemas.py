"""What requests about jobs hold and what answers them, for FastAPI: it checks the one and documents both."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, WithJsonSchema

from lightship.jobs.ledger.records import State
from lightship.jobs.ledger.requests import Options

# The options' own class says what is wrong with one, so here they are any object; their schema is the class's.
_Options = Annotated[
    dict[str, Any], WithJsonSchema({**TypeAdapter(Options).json_schema(), "additionalProperties": False})
]


class _Strict(BaseModel):
    """JSON types are kept apart, and a field that nobody knows is a mistake."""

    model_config = ConfigDict(strict=True, extra="forbid")


class UploadedFile(_Strict):
    """A file to be uploaded."""

    name: str = Field(description="Its name; the ending says what it is.")
    size: int = Field(default=0, ge=0, description="Bytes, exactly; 0: not known. Beyond 5 GB it is uploaded in parts.")
    folder: str = Field(
        default="", max_length=1024, description="`folder` of an earlier answer, to put it beside that file: images."
    )


class UploadRequest(_Strict):
    """Asks where to put a file."""

    upload: UploadedFile


class Parts(_Strict):
    """What completes an upload in parts."""

    upload: str = Field(max_length=2000, description="`upload` of the answer that gave the parts' addresses.")
    etags: list[Annotated[str, Field(max_length=200)]] = Field(
        min_length=1, max_length=1000, description="The ETag that each PUT was answered with, in the parts' order."
    )


class JobRequest(_Strict):
    """Asks for an object of the caller's own to be scored."""

    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    key: str = Field(min_length=1, max_length=1024, description="`key` of the answer that said where to put the file.")
    version: int | None = Field(default=None, ge=1, description="The one that answers, unless given.")
    options: _Options = Field(default_factory=dict)
    run: str = Field(default="", max_length=200, description="Another word for a deliberate rerun of the same file.")
    parts: Parts | None = Field(default=None, description="Of an upload in parts: made one object first.")


def _kind(value: Any) -> str:
    upload = "upload" in value if isinstance(value, dict) else isinstance(value, UploadRequest)
    return "UploadRequest" if upload else "JobRequest"


Asked = Annotated[
    Annotated[UploadRequest, Tag("UploadRequest")] | Annotated[JobRequest, Tag("JobRequest")], Discriminator(_kind)
]


class UploadPlace(BaseModel):
    """Where to put a file: one address for one PUT, or one for each part. They work for an hour, parts' for a day."""

    key: str
    folder: str = Field(description="The key's own; as the `key` of a job it means all images in it.")
    url: str | None = None
    upload: str | None = None
    part_bytes: int | None = Field(default=None, description="Bytes of each part but the last.")
    parts: list[str] | None = None


class PinnedModel(BaseModel):
    """The version that a job began with and ends with."""

    name: str
    version: int
    digest: str


class Rows(BaseModel):
    """Rows so far; `total` is null until the file is split."""

    total: int | None
    done: int
    rejected: int


class Chunks(BaseModel):
    """Chunks so far; `total` is null until the file is split."""

    total: int | None
    done: int


class JobStatus(BaseModel):
    """A job and how far it is. Times are seconds since 1970."""

    id: str
    state: State
    model: PinnedModel
    input: str
    created: float
    updated: float
    rows: Rows
    chunks: Chunks
    progress: float | None = Field(description="0 to 1; null until the file is split.")
    rows_per_second: float
    seconds_left: float | None
    gigabyte_seconds: float = Field(
        description="What the chunks that are done took, as measured: seconds times gigabytes of memory."
    )
    cost_estimate_usd: float = Field(
        description="Roughly, so far: those gigabyte-seconds and the chunks' calls, in us-east-1. "
        "Splitting, attempts that failed, storage and logs are not in it."
    )
    correlation: str
    reason: str | None = Field(default=None, description="Why it failed, was cancelled or is incomplete.")
    receipt: str | None = Field(default=None, description="Key of the receipt, when it is there.")


class JobList(BaseModel):
    """The caller's jobs, the newest first."""

    jobs: list[JobStatus]
