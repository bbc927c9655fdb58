"""CompileWorkerFunction: opens one model file, and has no right that the file could use.

It fetches the file by a signed address, compiles it in the sandbox, and uploads its answer, with the bundle where there
is one, by another. Its role may write its own log and nothing else. ``model.yaml`` is read here too, and not by the
broker: a parser of a dropped file belongs where nothing can be lost.
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

from lightship.compiler import plain_yaml
from lightship.compiler.config import read_config
from lightship.compiler.job import BuildJob
from lightship.compiler.pipeline import compile_bundle
from lightship.compiler.sandbox import Confinement, Limits, memory, powerless
from lightship.errors import CompileError, TooLarge
from lightship.handlers.compiling import incoming, transfers
from lightship.handlers.compiling.answer import Refusal
from lightship.handlers.compiling.job import Job
from lightship.handlers.compiling.parcel import ANSWER_LIMIT, Parcel
from lightship.handlers.telemetry import Telemetry

# Proofs that the sandbox holds which this worker accepts, in order.
ACCEPTED = ("kernel", "powerless")

# A file of so many bytes needs so many times as many on the disk: itself, what is in it, the graph, the bundle.
_ROOM = 4

# Seconds of an invocation that are not the compiler's: to fetch the file, to upload the answer.
_OWN_SECONDS = 10.0

_LONGEST_DETAIL = 2000
_MEBIBYTE = 1024 * 1024

_LOG = logging.getLogger(__name__)


def work(job: Job, remaining: Callable[[], float]) -> int:
    """Compile a file and upload the answer; return the bytes of the upload. Raises Unavailable."""
    with tempfile.TemporaryDirectory(prefix="lightship-worker-") as name:
        parcel = _answer(job, Path(name), remaining)
        transfers.send(job.upload, parcel, parcel.size)
        return parcel.size


def _answer(job: Job, folder: Path, remaining: Callable[[], float]) -> Parcel:
    """The parcel of a compiled model, or of the reason why there is none."""
    try:
        return _compiled(job, folder, remaining)
    except (CompileError, TooLarge) as error:
        _LOG.warning("refused", extra={"code": error.code, "detail": error.detail[:_LONGEST_DETAIL]})
        refusal = Refusal(error.code, error.message.replace(f"{folder}/", ""))
        return Parcel(json.dumps(refusal.to_json()).encode())


def _compiled(job: Job, folder: Path, remaining: Callable[[], float]) -> Parcel:
    _check_room(job.size, shutil.disk_usage(folder))
    record = _config(job, folder)
    incoming.model_name(job.key, record.get("name"))
    source = folder / job.key.removeprefix(incoming.PREFIX)
    transfers.fetch(job.source, source, limit=job.size)
    staged = folder / "bundle"
    staged.mkdir()
    wall_seconds = max(1.0, min(job.seconds, remaining() - _OWN_SECONDS))
    build = BuildJob(source, staged, record)
    compiled = compile_bundle(build, _confinement(job, folder, wall_seconds), progress=_log_progress)
    parcel = Parcel(json.dumps({"compiled": compiled.report.to_json()}).encode(), staged)
    _check_size(parcel, job.largest)
    return parcel


def _confinement(job: Job, folder: Path, wall_seconds: float) -> Confinement:
    """Return the sandbox of this function, whose memory and credentials the environment names."""
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


def _check_size(parcel: Parcel, largest: int) -> None:
    if parcel.size > largest or len(parcel.answer) > ANSWER_LIMIT:
        raise TooLarge(
            f"the compiled model has {parcel.size} bytes, at most {largest} can be published here: compile it with "
            "`lightship compile` and push the version with `lightship push`"
        )


def _config(job: Job, folder: Path) -> Mapping[str, Any]:
    if job.config is None:
        return {}
    path = folder / "model.yaml"
    transfers.fetch(job.config, path, limit=plain_yaml.LARGEST + 1)
    return read_config(path)


def _check_room(size: int, disk: Any) -> None:
    if size > disk.total // _ROOM:
        raise TooLarge(
            f"the file has {size} bytes, and the disk here has room for files of {disk.total // _ROOM}: compile it "
            "with `lightship compile` and push the version with `lightship push`"
        )
    if size > disk.free // _ROOM:
        raise transfers.full(size)


@cache
def _telemetry() -> Telemetry:
    return Telemetry("compile-worker")


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Lambda's handler: the answer itself is in the upload."""
    job = Job.from_json(event)
    with _telemetry().record(job.correlation):
        size = work(job, lambda: float(context.get_remaining_time_in_millis() / 1000))
    return {"uploaded": size}
