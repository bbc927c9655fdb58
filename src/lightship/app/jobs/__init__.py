"""``/jobs``: data files scored by the functions behind the queues.

A job is visible to the caller who created it only. Routes are plain functions, which FastAPI runs in threads, because
boto3 blocks.
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
from lightship.app.jobs.schemas import JobList, JobRequest, JobsBody, JobStatus, UploadPlace, UploadRequest
from lightship.dispatch.callers import UNKNOWN
from lightship.errors import Forbidden, NotFound
from lightship.jobs import operations, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import requests
from lightship.protocols.native.openapi import ERROR

_LOG = logging.getLogger(__name__)

_ERROR = {"content": {"application/json": {"schema": ERROR}}}
_NO_STACK = (
    "jobs need a stack with a bucket, a table and queues, which this server does not have: start `lightship up`, or "
    "deploy with Registry=bucket"
)
_NO_CALLER = (
    "a job belongs to its caller, and this API does not authenticate callers: it needs ApiAuth=AWS_IAM or JWT, or an "
    "authorizer that puts principalId into its context"
)
_EXAMPLES: dict[str, Any] = {
    "upload": {"summary": "Request an upload address", "value": {"upload": {"name": "patients.csv", "size": 12_000}}},
    "job": {
        "summary": "Score an uploaded file",
        "value": {"model": "quickstart", "key": "uploads/CALLER/ID/patients.csv", "options": {"threshold": 0.01}},
    },
}

router = APIRouter(
    prefix="/jobs",
    tags=["jobs"],
    route_class=Route,
    strict_content_type=False,
    generate_unique_id_function=lambda route: route.name,
    responses={"4XX": {"description": "Client error", **_ERROR}, 503: {"description": "Retry later", **_ERROR}},
)


class LazyCloud:
    """The jobs' stack, opened once, for the first request that needs it. Thread-safe."""

    def __init__(self, make: Callable[[], Cloud | None]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: tuple[Cloud | None] | None = None

    def __call__(self) -> Cloud | None:
        """Return the stack's bucket, table and queues; None without a stack."""
        with self._lock:
            self._made = self._made or (self._make(),)
        return self._made[0]


@dataclass(frozen=True)
class Caller:
    """The authenticated caller of a request, with the stack and the correlation id."""

    cloud: Cloud
    owner: str
    correlation: str

    def status(self, job: str) -> dict[str, Any]:
        """Return the status of a job of this caller; raises NotFound."""
        return operations.status(self.cloud, owner=self.owner, job=job).to_json()


def _caller(request: Request) -> Caller:
    cloud = request.app.state.jobs()
    if cloud is None:
        raise NotFound(_NO_STACK)
    if request.state.caller in {UNKNOWN, None}:
        raise Forbidden(_NO_CALLER)
    return Caller(cloud, request.state.caller, request.state.correlation)


AuthenticatedCaller = Annotated[Caller, Depends(_caller)]


@router.post(
    "",
    summary="Create a job, or request an upload address",
    status_code=202,
    response_model=JobStatus,
    response_model_exclude_unset=True,
    responses={200: {"model": UploadPlace, "description": "Where to upload the file"}},
)
def create_job(caller: AuthenticatedCaller, body: Annotated[JobsBody, Body(openapi_examples=_EXAMPLES)]) -> Any:
    """Return an address to upload a file to, or start a job for an uploaded file.

    Repeating a job's request returns the same job; another value of `run` starts a new one.
    """
    if isinstance(body, UploadRequest):
        return JSONResponse(uploads.begin(caller.cloud, owner=caller.owner, **body.upload.model_dump()))
    return _start(caller, body)


def _start(caller: Caller, body: JobRequest) -> dict[str, Any]:
    options = requests.Options.from_json(body.options)
    if (parts := body.parts) is not None:
        uploads.complete(caller.cloud, owner=caller.owner, key=body.key, upload=parts.upload, etags=parts.etags)
    request = requests.Request(
        caller.owner, body.model, body.key, body.version, options, run=body.run, correlation=caller.correlation
    )
    job = operations.start(caller.cloud, request)
    _LOG.info("job %s was requested, correlation %s", job.id, caller.correlation)
    return caller.status(job.id)


@router.get("", summary="List your jobs, the newest first", response_model=JobList, response_model_exclude_unset=True)
def list_jobs(caller: AuthenticatedCaller, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> dict[str, Any]:
    """Return the caller's jobs, the newest first."""
    statuses = operations.statuses(caller.cloud, owner=caller.owner, limit=limit)
    return {"jobs": [status.to_json() for status in statuses]}


@router.get("/{job}", summary="Get a job's status", response_model=JobStatus, response_model_exclude_unset=True)
def get_job(caller: AuthenticatedCaller, job: str) -> dict[str, Any]:
    """Return a job's status."""
    return caller.status(job)


@router.get(
    "/{job}/output/{name:path}",
    summary="Get a job's receipt or output",
    status_code=307,
    response_class=RedirectResponse,
)
def get_job_output(caller: AuthenticatedCaller, job: str, name: str) -> str:
    """Redirect to an object of a job's output: `receipt.json`, or a part it names.

    The address expires after an hour.
    """
    return operations.download(caller.cloud, owner=caller.owner, job=job, name=name)


@router.post("/{job}/cancel", summary="Cancel a job", response_model=JobStatus, response_model_exclude_unset=True)
def cancel_job(caller: AuthenticatedCaller, job: str) -> dict[str, Any]:
    """Cancel a job: it gets no receipt."""
    operations.cancel(caller.cloud, owner=caller.owner, job=job)
    return caller.status(job)


@router.post(
    "/{job}/retry",
    summary="Send a job's unfinished work again",
    response_model=JobStatus,
    response_model_exclude_unset=True,
)
def retry_job(caller: AuthenticatedCaller, job: str) -> dict[str, Any]:
    """Send a job's unfinished work that no worker is processing to the queue again."""
    operations.retry(caller.cloud, owner=caller.owner, job=job)
    return caller.status(job)


@router.post(
    "/{job}/close",
    summary="Close an incomplete job without its missing rows",
    response_model=JobStatus,
    response_model_exclude_unset=True,
)
def close_job(caller: AuthenticatedCaller, job: str) -> dict[str, Any]:
    """Close an incomplete job with a receipt that lists the missing rows."""
    operations.close(caller.cloud, owner=caller.owner, job=job)
    return caller.status(job)
