"""Request and response models of ``/jobs``, which FastAPI validates and documents."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, WithJsonSchema

from lightship.jobs.ledger.records import State
from lightship.jobs.ledger.requests import Options

# Options are validated by their own class, so any object is accepted here; the documented schema is that class's.
_Options = Annotated[
    dict[str, Any], WithJsonSchema({**TypeAdapter(Options).json_schema(), "additionalProperties": False})
]


class _Strict(BaseModel):
    """A model without type coercion that refuses unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid")


class UploadedFile(_Strict):
    """A file to be uploaded."""

    name: str = Field(description="The file's name; its extension determines the format.")
    size: int = Field(default=0, ge=0, description="Exact size in bytes; 0: unknown. Above 5 GB, upload is in parts.")
    part_bytes: int = Field(
        default=0,
        ge=0,
        description="Upload a larger file in parts of this size, from 5 MiB to 5 GiB, so that a lost connection costs "
        "one part only; needs `size`. Default: in parts only above 5 GB.",
    )
    folder: str = Field(
        default="", max_length=1024, description="`folder` of an earlier response, to add an image to that folder."
    )


class UploadRequest(_Strict):
    """A request for an upload address."""

    upload: UploadedFile


class Parts(_Strict):
    """The completion of a multipart upload."""

    upload: str = Field(max_length=2000, description="`upload` of the response that gave the parts' addresses.")
    etags: list[Annotated[str, Field(max_length=200)]] = Field(
        min_length=1, max_length=1000, description="The ETag that each PUT returned, in the order of the parts."
    )


class JobRequest(_Strict):
    """A request to score an object that the caller uploaded."""

    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    key: str = Field(min_length=1, max_length=1024, description="`key` of the response that gave the upload address.")
    version: int | None = Field(default=None, ge=1, description="Default: the model's default version.")
    options: _Options = Field(default_factory=dict)
    run: str = Field(default="", max_length=200, description="Another value starts a new job for the same file.")
    parts: Parts | None = Field(default=None, description="Of a multipart upload, which is completed first.")


def _kind(value: Any) -> str:
    upload = "upload" in value if isinstance(value, dict) else isinstance(value, UploadRequest)
    return "UploadRequest" if upload else "JobRequest"


JobsBody = Annotated[
    Annotated[UploadRequest, Tag("UploadRequest")] | Annotated[JobRequest, Tag("JobRequest")], Discriminator(_kind)
]


class UploadPlace(BaseModel):
    """Where to upload a file: the address for one PUT, or one for each part.

    It expires after an hour, those of parts after a day.
    """

    key: str
    folder: str = Field(description="The key's folder; as the `key` of a job it selects all images in it.")
    url: str | None = None
    upload: str | None = None
    part_bytes: int | None = Field(default=None, description="Bytes of each part but the last.")
    parts: list[str] | None = None


class PinnedModel(BaseModel):
    """The version that all chunks of a job are scored with."""

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
    """A job's status. Times are Unix times in seconds."""

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
        description="Measured use of the finished chunks: seconds times gigabytes of memory."
    )
    cost_estimate_usd: float = Field(
        description="Estimated cost so far: those gigabyte-seconds and the chunks' invocations, in us-east-1. "
        "Splitting, failed attempts, storage and logs are not included."
    )
    correlation: str
    reason: str | None = Field(default=None, description="Why the job failed, was cancelled or is incomplete.")
    receipt: str | None = Field(default=None, description="Key of the receipt, once it exists.")


class JobList(BaseModel):
    """The caller's jobs, the newest first."""

    jobs: list[JobStatus]
