"""The broker's side of one job: invoke the worker, and take its parcel out of quarantine as hostile input.

The answer is the object that the worker uploads, and not the response of the invocation: a runtime that ends after its
answer may be reported as failed although it has answered. The response only says why there is no object.

A signed POST and not a signed PUT takes the upload, because only its policy can bind a range of sizes; a PUT could sign
one exact size, which is not known before the model is compiled. S3 checks the range, and the size is checked again here
before a byte is read.
"""

from __future__ import annotations

import json
import logging
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship import aws
from lightship.bundle import Bundle, Manifest
from lightship.compiler import received
from lightship.compiler.report import Report
from lightship.errors import BundleError, CompileError, Unavailable
from lightship.handlers.compiling import answer, parcel
from lightship.handlers.compiling.job import Job, Upload

PREFIX = "quarantine/"

# Proofs of the sandbox, as the manifest records them, with which a dropped file is published.
PROOFS = frozenset({"kernel", "powerless"})

# Bytes of the largest answer: as large as the largest file that is compiled.
LARGEST = 2560 * 1024 * 1024

# Lambda's own limit of a response, with some room.
_LARGEST_RESPONSE = 7 * 1024 * 1024

# Model files whose digest in the manifest is that of the file; of an archive it is that of the folder in it.
_ARCHIVES = (".zip", ".tar.gz", ".tgz")

_TRY_AGAIN = frozenset({"TooManyRequestsException", "ServiceException", "ResourceConflictException"})

_LOG = logging.getLogger(__name__)


class WorkerFailed(Unavailable):
    """The worker ended without an answer, perhaps for want of memory or time: an attempt that counts."""


@dataclass(frozen=True)
class Workers:
    """The function that opens model files.

    Attributes:
        client: a boto3 client of Lambda that makes one attempt and waits longer than the function may run.
        function: its name or ARN.
        tenancy: whether each job names a tenant of its own, so that Lambda gives it an environment of its own.
    """

    client: Any
    function: str
    tenancy: bool = False


def upload(s3: Any, bucket: str, claim: str, seconds: int, *, largest: int = LARGEST) -> Upload:
    """A form by which one object of at most ``largest`` bytes comes into quarantine, for so many seconds."""
    form = s3.generate_presigned_post(
        Bucket=bucket,
        Key=key(claim),
        Conditions=[["content-length-range", 1, largest]],
        ExpiresIn=seconds,
    )
    return Upload(form["url"], form["fields"])


def key(claim: str) -> str:
    """Where the parcel of a job is."""
    return f"{PREFIX}{claim}/bundle.tar"


def invoke(workers: Workers, job: Job, claim: str) -> None:
    """Have the worker work on a job; raises Unavailable where it says that another time may be better."""
    tenant = {"TenantId": claim} if workers.tenancy else {}
    try:
        found = workers.client.invoke(
            FunctionName=workers.function,
            InvocationType="RequestResponse",
            Payload=json.dumps(job.to_json()).encode(),
            **tenant,
        )
    except workers.client.exceptions.ClientError as error:
        if aws.code(error) in _TRY_AGAIN:
            raise Unavailable(f"the worker cannot be started at the moment: {aws.code(error)}") from None
        raise
    if found.get("FunctionError") and _kind(found["Payload"].read(_LARGEST_RESPONSE)) == Unavailable.__name__:
        raise Unavailable("the worker could not fetch the file or upload its answer; see its log")


def collect(s3: Any, bucket: str, claim: str, folder: Path, *, largest: int = LARGEST) -> answer.Refusal | Report:
    """Unpack the worker's bundle into an empty folder, and return its answer; raises WorkerFailed or CompileError."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key(claim))
    except s3.exceptions.ClientError as error:
        if aws.code(error) in aws.MISSING:
            raise WorkerFailed("the worker ended without an answer; see its log") from None
        raise
    try:
        with closing(found["Body"]) as body:
            if found["ContentLength"] > largest:
                raise parcel.InvalidParcel("it is larger than it may be")
            return answer.read(parcel.unpack(body, folder, limit=found["ContentLength"]))
    except (parcel.InvalidParcel, answer.InvalidAnswer) as error:
        raise forged(str(error)) from None


def verify(folder: Path, compiled: Report, suffix: str, sha256: str) -> Bundle:
    """The bundle in a folder, of the file with this digest and nothing but what it lists; raises CompileError."""
    try:
        bundle = Bundle.open(folder, called="the bundle")
    except BundleError as error:
        raise forged(error.message) from None
    if bundle.manifest.signatures != compiled.signatures or bundle.manifest.engine != compiled.engine:
        raise forged("its bundle has other signatures or another engine than it says")
    if bundle.manifest.trusted or bundle.manifest.slow or bundle.manifest.sandbox not in PROOFS:
        raise forged("its bundle says that code was trusted, a slow model accepted, or that no sandbox held")
    if suffix not in _ARCHIVES and not _is_of(bundle.manifest, sha256):
        raise forged("its bundle was compiled from another file")
    return bundle


def forged(why: str) -> CompileError:
    """The error of an answer that the worker's own code does not give."""
    _LOG.error("the worker's answer is invalid", extra={"reason": received.sentence(why)})
    return CompileError(
        "the answer of the function that opened this file is not valid: nothing was published", detail=why
    )


def _is_of(manifest: Manifest, sha256: str) -> bool:
    return bool(manifest.source.get("digest") == sha256)


def _kind(payload: bytes) -> str:
    """The type of a function's error, as its response names it."""
    try:
        record = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    return str(record.get("errorType")) if isinstance(record, dict) else ""
