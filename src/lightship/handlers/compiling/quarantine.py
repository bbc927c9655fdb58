"""Invocation of the worker, and validation of its upload as untrusted input.

The answer is the uploaded object and not the response of the invocation: Lambda may report a runtime that ends after
its answer as failed although the upload succeeded. The response only explains why an upload is missing.

The upload uses a presigned POST and not a presigned PUT, because only the policy of a POST can restrict the size to a
range; a PUT can sign one exact size, which is not known before the model is compiled. S3 checks the range, and the size
is checked again here before a byte is read.
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
from lightship.compiler import untrusted_report
from lightship.compiler.report import Report
from lightship.errors import BundleError, CompileError, Unavailable
from lightship.handlers.compiling import answer, archive
from lightship.handlers.compiling.job import Job, Upload

PREFIX = "quarantine/"

# Sandbox proofs (recorded in the manifest), one of which is required to publish a file.
PROOFS = frozenset({"kernel", "powerless"})

# Maximum size in bytes of a worker's upload: the maximum size of a model file.
LARGEST = 2560 * 1024 * 1024

# More than Lambda's limit of a response (6 MiB).
_LARGEST_RESPONSE = 7 * 1024 * 1024

# For these suffixes, the manifest's source digest is that of the extracted folder; for others, that of the file.
_ARCHIVES = (".zip", ".tar.gz", ".tgz")

_RETRYABLE = frozenset({"TooManyRequestsException", "ServiceException", "ResourceConflictException"})

_LOG = logging.getLogger(__name__)


class WorkerFailed(Unavailable):
    """The worker ended without an answer; this counts as an attempt.

    The usual causes are lack of memory or time.
    """


@dataclass(frozen=True)
class Workers:
    """The Lambda function that opens model files.

    Attributes:
        client: a boto3 client of Lambda that makes one attempt and waits longer than the function may run.
        function: the function's name or ARN.
        tenancy: whether each job has its own tenant id, so that Lambda isolates it in its own execution environment.
    """

    client: Any
    function: str
    tenancy: bool = False


def upload(s3: Any, bucket: str, job_id: str, seconds: int, *, largest: int = LARGEST) -> Upload:
    """Return a presigned POST of one object to quarantine.

    The object may have up to ``largest`` bytes; the form expires after ``seconds``.
    """
    form = s3.generate_presigned_post(
        Bucket=bucket,
        Key=key(job_id),
        Conditions=[["content-length-range", 1, largest]],
        ExpiresIn=seconds,
    )
    return Upload(form["url"], form["fields"])


def key(job_id: str) -> str:
    """Return the key of a job's archive."""
    return f"{PREFIX}{job_id}/bundle.tar"


def invoke(workers: Workers, job: Job, job_id: str) -> None:
    """Invoke the worker with a job; raises Unavailable if a retry may succeed."""
    tenant = {"TenantId": job_id} if workers.tenancy else {}
    try:
        found = workers.client.invoke(
            FunctionName=workers.function,
            InvocationType="RequestResponse",
            Payload=json.dumps(job.to_json()).encode(),
            **tenant,
        )
    except workers.client.exceptions.ClientError as error:
        if aws.code(error) in _RETRYABLE:
            raise Unavailable(f"the compile worker cannot be invoked at the moment: {aws.code(error)}") from None
        raise
    if found.get("FunctionError") and _kind(found["Payload"].read(_LARGEST_RESPONSE)) == Unavailable.__name__:
        raise Unavailable("the worker could not fetch the file or upload its answer; see its log")


def collect(s3: Any, bucket: str, job_id: str, folder: Path, *, largest: int = LARGEST) -> answer.Refusal | Report:
    """Unpack the worker's bundle into an empty folder and return its answer.

    Raises WorkerFailed if there is no upload, CompileError if it is invalid.
    """
    try:
        found = s3.get_object(Bucket=bucket, Key=key(job_id))
    except s3.exceptions.ClientError as error:
        if aws.code(error) in aws.MISSING:
            raise WorkerFailed("the worker ended without an answer; see its log") from None
        raise
    try:
        with closing(found["Body"]) as body:
            if found["ContentLength"] > largest:
                raise archive.InvalidArchive("it is larger than the limit")
            return answer.read(archive.unpack(body, folder, limit=found["ContentLength"]))
    except (archive.InvalidArchive, answer.InvalidAnswer) as error:
        raise invalid_answer(str(error)) from None


def verify(folder: Path, compiled: Report, suffix: str, sha256: str) -> Bundle:
    """Return the bundle in a folder after checking it against report and source.

    The folder must hold exactly what the manifest lists. ``sha256`` is the source file's digest. Raises CompileError.
    """
    try:
        bundle = Bundle.open(folder, display_name="the bundle")
    except BundleError as error:
        raise invalid_answer(error.message) from None
    if bundle.manifest.signatures != compiled.signatures or bundle.manifest.engine != compiled.engine:
        raise invalid_answer("its bundle has other signatures or another engine than its report")
    if bundle.manifest.trusted or bundle.manifest.slow or bundle.manifest.sandbox not in PROOFS:
        raise invalid_answer("its manifest records trusted code, an accepted slow model, or no accepted sandbox proof")
    if suffix not in _ARCHIVES and not _is_compiled_from(bundle.manifest, sha256):
        raise invalid_answer("its bundle was compiled from another file")
    return bundle


def invalid_answer(why: str) -> CompileError:
    """Log and return the error of an answer that the worker's own code does not give."""
    _LOG.error("the worker's answer is invalid", extra={"reason": untrusted_report.sentence(why)})
    return CompileError("the compile worker's answer is not valid: nothing was published", detail=why)


def _is_compiled_from(manifest: Manifest, sha256: str) -> bool:
    return bool(manifest.source.get("digest") == sha256)


def _kind(payload: bytes) -> str:
    """Return the error type in a function's error response; empty if it has none."""
    try:
        record = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    return str(record.get("errorType")) if isinstance(record, dict) else ""
