"""Handler of CompileWorkerFunction: opens one model file without permissions.

It downloads the file by a presigned URL, compiles it in the sandbox, and uploads its answer and the bundle by another.
Its role may only write its own log. ``model.yaml`` is parsed here and not in the broker, because a parser of an
untrusted file must run where nothing can be stolen.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lightship.compiler.declarations import plain_yaml
from lightship.compiler.declarations.config import read_config
from lightship.compiler.job import BuildJob
from lightship.compiler.pipeline import compile_bundle
from lightship.compiler.sandbox import Confinement, Limits, memory, powerless
from lightship.errors import CompileError, TooLarge
from lightship.handlers.compiling import incoming, transfers
from lightship.handlers.compiling.answer import Refusal
from lightship.handlers.compiling.archive import ANSWER_LIMIT, Archive
from lightship.handlers.compiling.job import Job
from lightship.handlers.telemetry import Telemetry
from lightship.settings import TransformSettings

# Sandbox proofs that this worker accepts, in order of preference.
ACCEPTED = ("kernel", "powerless")

# Disk space as a multiple of the file's size: for the file, its extracted content, the graph and the bundle.
_DISK_FACTOR = 4

# Seconds of an invocation reserved for downloading the file and uploading the answer.
_RESERVED_SECONDS = 10.0

_LONGEST_DETAIL = 2000
_MEBIBYTE = 1024 * 1024

_LOG = logging.getLogger(__name__)


def work(job: Job, remaining: Callable[[], float]) -> int:
    """Compile a file, upload the answer and return the upload's size in bytes.

    ``remaining`` returns the seconds left of the invocation. Raises Unavailable.
    """
    with tempfile.TemporaryDirectory(prefix="lightship-worker-") as name:
        archive = _answer(job, Path(name), remaining)
        transfers.send(job.upload, archive, archive.size)
        return archive.size


def _answer(job: Job, folder: Path, remaining: Callable[[], float]) -> Archive:
    """Return the archive of the compiled model or of the refusal."""
    try:
        return _compiled(job, folder, remaining)
    except (CompileError, TooLarge) as error:
        _LOG.warning("refused", extra={"code": error.code, "detail": error.detail[:_LONGEST_DETAIL]})
        refusal = Refusal(error.code, error.message.replace(f"{folder}/", ""))
        return Archive(json.dumps(refusal.to_json()).encode())


def _compiled(job: Job, folder: Path, remaining: Callable[[], float]) -> Archive:
    _check_disk(job.size, shutil.disk_usage(folder))
    record = _config(job, folder)
    incoming.model_name(job.key, record.get("name"))
    source = folder / job.key.removeprefix(incoming.PREFIX)
    transfers.fetch(job.source, source, limit=job.size)
    staged = folder / "bundle"
    staged.mkdir()
    wall_seconds = max(1.0, min(job.seconds, remaining() - _RESERVED_SECONDS))
    build = BuildJob(source, staged, record, transforms=TransformSettings.from_environment(os.environ))
    compiled = compile_bundle(build, _confinement(job, folder, wall_seconds), progress=_log_progress)
    archive = Archive(json.dumps({"compiled": compiled.report.to_json()}).encode(), staged)
    _check_size(archive, job.largest)
    return archive


def _confinement(job: Job, folder: Path, wall_seconds: float) -> Confinement:
    """Return the sandbox's limits and credentials for this function."""
    size = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    available = memory.share(ceiling=int(size) * _MEBIBYTE if size.isdecimal() else None)
    return Confinement(
        accept=ACCEPTED,
        credentials=powerless.Credentials.of_function(job.bucket, job.key, os.environ),
        limits=Limits(wall_seconds=wall_seconds, memory_bytes=available),
        scratch=folder,
    )


def _log_progress(stage: str, done: float) -> None:
    _LOG.info("%s", stage, extra={"done": round(done, 2)})


def _check_size(archive: Archive, largest: int) -> None:
    if len(archive.answer) > ANSWER_LIMIT:
        raise TooLarge(
            f"the report of this compile has {len(archive.answer)} bytes, the maximum is {ANSWER_LIMIT}: give its "
            "signatures, classes and columns fewer or shorter names"
        )
    if archive.size > largest:
        raise TooLarge(
            f"the compiled model has {archive.size} bytes, the maximum for publishing is {largest}: compile it with "
            "`lightship compile` and push the version with `lightship push`"
        )


def _config(job: Job, folder: Path) -> Mapping[str, Any]:
    if job.config is None:
        return {}
    path = folder / "model.yaml"
    transfers.fetch(job.config, path, limit=plain_yaml.LARGEST + 1)
    return read_config(path)


def _check_disk(size: int, disk: Any) -> None:
    if size > disk.total // _DISK_FACTOR:
        raise TooLarge(
            f"the file has {size} bytes, the maximum for this disk is {disk.total // _DISK_FACTOR}: compile it with "
            "`lightship compile` and push the version with `lightship push`"
        )
    if size > disk.free // _DISK_FACTOR:
        raise transfers.disk_full(size)


@cache
def _telemetry() -> Telemetry:
    return Telemetry("compile-worker")


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Handle an invocation; the answer itself is in the upload."""
    job = Job.from_json(event)
    with _telemetry().record(job.correlation):
        size = work(job, lambda: float(context.get_remaining_time_in_millis() / 1000))
    return {"uploaded": size}
