"""``/jobs``: data files scored by the functions behind the queues. A job belongs to its caller alone.

Routes are plain functions, which FastAPI runs in threads: boto3 waits for its answers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse

from lightship.app.jobs.errors import Route
from lightship.app.jobs.schemas import Asked, JobList, JobRequest, JobStatus, UploadPlace, UploadRequest
from lightship.dispatch.callers import UNKNOWN
from lightship.errors import Forbidden, NotFound
from lightship.jobs import operations, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import requests
from lightship.protocols.native.openapi import ERROR

_LOG = logging.getLogger(__name__)

_ERROR = {"content": {"application/json": {"schema": ERROR}}}
_NO_STACK = (
    "jobs need a stack with a bucket, a table and queues, and this server has none: start `lightship up`, or deploy "
    "with Registry=bucket"
)
_NOBODY = (
    "a job belongs to its caller, and this API is not told who that is: it needs ApiAuth=AWS_IAM or JWT, or an "
    "authorizer that puts principalId into its context"
)
_EXAMPLES: dict[str, Any] = {
    "upload": {"summary": "Ask where to put a file", "value": {"upload": {"name": "patients.csv", "size": 12_000}}},
    "job": {
        "summary": "Have it scored",
        "value": {"model": "quickstart", "key": "uploads/CALLER/ID/patients.csv", "options": {"threshold": 0.01}},
    },
}

router = APIRouter(
    prefix="/jobs",
    tags=["jobs"],
    route_class=Route,
    strict_content_type=False,
    responses={"4XX": {"description": "What was wrong", **_ERROR}, 503: {"description": "Ask again later", **_ERROR}},
)


class Opener:
    """Makes the jobs' cloud at the first request for it, once, whatever thread asks."""

    def __init__(self, make: Callable[[], Cloud | None]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: tuple[Cloud | None] | None = None

    def __call__(self) -> Cloud | None:
        """The cloud; None where there is no stack."""
        with self._lock:
            self._made = self._made or (self._make(),)
        return self._made[0]


@dataclass(frozen=True)
class Caller:
    """Who asks and where; ``correlation`` is the request's id."""

    cloud: Cloud
    owner: str
    correlation: str

    def status(self, job: str) -> dict[str, Any]:
        """Where a job of his stands; raises NotFound."""
        return operations.status(self.cloud, owner=self.owner, job=job).to_json()


def _caller(request: Request) -> Caller:
    cloud = request.app.state.jobs()
    if cloud is None:
        raise NotFound(_NO_STACK)
    if request.state.caller in {UNKNOWN, None}:
        raise Forbidden(_NOBODY)
    return Caller(cloud, request.state.caller, request.state.correlation)


Asking = Annotated[Caller, Depends(_caller)]


@router.post(
    "",
    summary="Ask where to put a file, or have it scored",
    status_code=202,
    response_model=JobStatus,
    response_model_exclude_unset=True,
    responses={200: {"model": UploadPlace, "description": "Where to put the file"}},
)
def ask(asking: Asking, body: Annotated[Asked, Body(openapi_examples=_EXAMPLES)]) -> Any:
    """Ask where to put a file (`upload`), or have one scored that was put there. The same again is the same job."""
    if isinstance(body, UploadRequest):
        return JSONResponse(uploads.begin(asking.cloud, owner=asking.owner, **body.upload.model_dump()))
    return _start(asking, body)


def _start(asking: Caller, body: JobRequest) -> dict[str, Any]:
    options = requests.Options.from_json(body.options)
    if (parts := body.parts) is not None:
        uploads.complete(asking.cloud, owner=asking.owner, key=body.key, upload=parts.upload, etags=parts.etags)
    request = requests.Request(
        asking.owner, body.model, body.key, body.version, options, run=body.run, correlation=asking.correlation
    )
    job = operations.start(asking.cloud, request)
    _LOG.info("job %s is asked for, correlation %s", job.id, asking.correlation)
    return asking.status(job.id)


@router.get("", summary="Your jobs, the newest first", response_model=JobList, response_model_exclude_unset=True)
def jobs(asking: Asking, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> dict[str, Any]:
    """Your jobs, the newest first."""
    found = operations.statuses(asking.cloud, owner=asking.owner, limit=limit)
    return {"jobs": [status.to_json() for status in found]}


@router.get("/{job}", summary="How far a job is", response_model=JobStatus, response_model_exclude_unset=True)
def job(asking: Asking, job: str) -> dict[str, Any]:
    """How far a job is."""
    return asking.status(job)


@router.get(
    "/{job}/output/{name:path}",
    summary="Fetch a job's receipt or output",
    status_code=307,
    response_class=RedirectResponse,
)
def output(asking: Asking, job: str, name: str) -> str:
    """Where an object of a job's output is, for an hour: `receipt.json`, and the parts that it names."""
    return operations.download(asking.cloud, owner=asking.owner, job=job, name=name)


@router.post("/{job}/cancel", summary="Stop a job", response_model=JobStatus, response_model_exclude_unset=True)
def cancel(asking: Asking, job: str) -> dict[str, Any]:
    """Stop a job: it gets no receipt."""
    operations.cancel(asking.cloud, owner=asking.owner, job=job)
    return asking.status(job)


@router.post(
    "/{job}/retry", summary="Send unfinished work again", response_model=JobStatus, response_model_exclude_unset=True
)
def retry(asking: Asking, job: str) -> dict[str, Any]:
    """Send again what nobody is at work on."""
    operations.retry(asking.cloud, owner=asking.owner, job=job)
    return asking.status(job)


@router.post(
    "/{job}/close",
    summary="End an incomplete job without its missing rows",
    response_model=JobStatus,
    response_model_exclude_unset=True,
)
def close(asking: Asking, job: str) -> dict[str, Any]:
    """Give an incomplete job its receipt, which lists the rows that are missing."""
    operations.close(asking.cloud, owner=asking.owner, job=job)
    return asking.status(job)
