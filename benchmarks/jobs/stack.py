"""A job from start to receipt with the template's queues and functions on moto.

The real functions run in separate processes, as in `lightship up`. The local poller connects queue and function and is
called turn by turn. The workers are pinned to the last cores, moto and the measuring process to the first.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console

from benchmarks import cores, processes
from benchmarks.examples import ROOT
from benchmarks.jobs import inputs
from benchmarks.jobs.inputs import Input
from lightship.cli.bucket.uploads import find, send
from lightship.jobs import operations, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job, State
from lightship.jobs.ledger.requests import Request
from lightship.jobs.storage import Storage
from lightship.local import cloud as local_cloud
from lightship.local.functions import workers
from lightship.local.functions.poller import Poller
from lightship.local.functions.records import event
from lightship.local.functions.workers import ProcessFunction
from lightship.local.mirror import mirror
from lightship.local.template import wiring
from lightship.local.template.parts import Wiring
from lightship.registry.registry import Registry

OWNER = "benchmark"
_SPLIT, _SCORE = "SplitFunction", "ScoreFunction"

# Without TLS, boto3 and obstore would sign the SHA-256 of each body, which they do not on AWS.
_AS_OVER_TLS = "[default]\ns3 =\n    payload_signing_enabled = false\n"
_AS_ON_AWS = {"AWS_UNSIGNED_PAYLOAD": "true", "AWS_CHECKSUM_ALGORITHM": "CRC64NVME"}

_TIMEOUT = 600.0  # seconds of a job
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Stack:
    """Running stack of buckets, queues, tables and functions."""

    cloud: Cloud
    wiring: Wiring
    server: Mapping[str, str]
    folder: Path

    def environment(self, function: str) -> dict[str, str]:
        """Return the environment variables of a function by its logical name."""
        return {**self.wiring.functions[function].environment, **self.server}


@contextmanager
def running(registry: Path, folder: Path) -> Iterator[Stack]:
    """Create the template's buckets, queues and tables and copy the models."""
    folder.mkdir(parents=True, exist_ok=True)
    server = local_cloud.Cloud(folder)
    try:
        found = wiring.read(ROOT / "template.yaml", endpoint=server.endpoint, overrides={"Registry": "bucket"})
        quiet = {name: replace(bucket, events=False) for name, bucket in found.buckets.items()}
        server.make(replace(found, buckets=quiet))  # jobs are started explicitly: no event for each uploaded image
        names = found.functions[_SCORE].environment
        storage = Storage()
        storage.client = server.client("s3")
        cloud = Cloud(
            names["LIGHTSHIP_BUCKET"],
            names["LIGHTSHIP_JOBS_TABLE"],
            names["LIGHTSHIP_SPLIT_QUEUE"],
            names["LIGHTSHIP_SCORE_QUEUE"],
            names["LIGHTSHIP_REGISTRY"],
            storage,
            server.client("dynamodb"),
            server.client("sqs"),
        )
        mirror(Registry(str(registry)), cloud.s3, cloud.registry)
        settings = folder / "aws"
        settings.write_text(_AS_OVER_TLS)
        ours = {"LIGHTSHIP_CACHE": str(folder / "models"), "AWS_CONFIG_FILE": str(settings), **_AS_ON_AWS}
        with patch.dict(os.environ, server.environment):  # obstore's settings
            yield Stack(cloud, found, {**server.environment, "AWS_REGION": wiring.REGION, **ours}, folder)
    finally:
        server.close()


def upload(stack: Stack, source: Input) -> str:
    """Upload the input to the owner's prefix and return its key."""
    prefix = uploads.prefix(OWNER)
    if source.name == inputs.PACKED:
        return send(find(source.path), stack.cloud, OWNER, Console(quiet=True), packed=True)
    if source.path.is_file():
        stack.cloud.s3.upload_file(str(source.path), stack.cloud.bucket, prefix + source.path.name)
        return prefix + source.path.name

    def put(path: Path) -> None:
        key = f"{prefix}{source.path.name}/{path.name}"
        stack.cloud.s3.put_object(Bucket=stack.cloud.bucket, Key=key, Body=path.read_bytes())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put, source.path.iterdir()))
    return f"{prefix}{source.path.name}/"


def score(
    stack: Stack, source: Input, key: str, workers_count: int, *, warm: str
) -> tuple[dict[str, Any], list[bytes]]:
    """Run one job with new workers; return its figures and its parts.

    A job of the key ``warm`` is run first, to load the model and import the libraries; its processor time is that of
    the start. Raises RuntimeError if the job fails.
    """
    with _workers(stack, workers_count) as (split, score):
        _run(stack, source, warm, split, score)
        before = {pid: processes.processor_seconds(pid) for pid in _pids(split, score)}
        start = time.perf_counter()
        job = _run(stack, source, key, split, score)
        seconds = time.perf_counter() - start
        used = {pid: processes.processor_seconds(pid) - before[pid] for pid in before}
        figures = {
            "seconds": seconds,
            "processor_seconds": sum(used.values()),
            "split_processor_seconds": sum(used[pid] for pid in split.processes()),
            "start_processor_seconds": sum(before.values()),
            "peak_memory_mib": max(processes.peak(pid) or 0.0 for pid in score.processes()),
        }
    return figures, _parts(stack, job, source)


@contextmanager
def _workers(stack: Stack, count: int) -> Iterator[tuple[ProcessFunction, ProcessFunction]]:
    """Start the split function and ``count`` processes of the score function."""
    with ExitStack() as ending:
        made = []
        for name, size in ((_SPLIT, 1), (_SCORE, count)):
            function = ProcessFunction(stack.wiring.functions[name], environment=stack.server, folder=stack.folder)
            ending.callback(workers.close, [function])
            _start(stack, function, size)
            made.append(function)
        split, score = made
        cores.pin_processes([*score.processes(), *split.processes()])
        yield split, score


def _start(stack: Stack, function: ProcessFunction, count: int) -> None:
    """Start processes of a function with messages for a job that does not exist."""
    logical = function.spec.logical
    body = {_SPLIT: '{"schema": 1, "split": {"job": "0"}}', _SCORE: '{"schema": 1, "chunk": {"job": "0", "index": 0}}'}
    message = {"MessageId": "0", "ReceiptHandle": "0", "Body": body[logical], "MD5OfBody": ""}
    (queue,) = (mapping.queue for mapping in stack.wiring.mappings if mapping.function == logical)
    try:
        with ThreadPoolExecutor(count) as threads:
            results = list(threads.map(lambda _: function.invoke(event([message], queue)), range(count)))
    except workers.FunctionFailed as error:
        raise RuntimeError(f"{logical} does not start: {error}; its log:\n{_log(function)}") from None
    assert len(function.processes()) == count, f"{logical} has {len(function.processes())} processes, not {count}"
    assert results == [{"batchItemFailures": []}] * count, f"{logical} returns {results}"


def _run(stack: Stack, source: Input, key: str, split: ProcessFunction, score: ProcessFunction) -> Job:
    """Start a job and wait for its end, with one poller per process."""
    job = operations.start(stack.cloud, Request(owner=OWNER, model=source.model, key=key, run=uuid.uuid4().hex))
    deadline = time.monotonic() + _TIMEOUT
    errors: list[str] = []
    ledger = Ledger(stack.cloud)

    def ended() -> bool:
        current = ledger.jobs.find(job.id)
        return current is not None and current.final

    def work(poller: Poller) -> None:
        while (handled := poller.poll_once()) or not ended():
            if errors or time.monotonic() > deadline:
                raise RuntimeError(f"job {job.id} does not end: {errors[:3]}; log:\n{_log(split, score)}")
            time.sleep(0 if handled else _POLL_SECONDS)

    pollers = [_poller(stack, split, errors), *[_poller(stack, score, errors)] * len(score.processes())]
    with ThreadPoolExecutor(len(pollers)) as threads:
        for done in [threads.submit(work, poller) for poller in pollers]:
            done.result()
    current = ledger.jobs.find(job.id)
    assert current is not None
    assert current.state == State.DONE, f"the job is {current.state}: {current.reason}"
    return current


def _poller(stack: Stack, function: ProcessFunction, errors: list[str]) -> Poller:
    (mapping,) = (mapping for mapping in stack.wiring.mappings if mapping.function == function.spec.logical)
    return Poller(mapping, function, stack.cloud.sqs, on_failure=lambda _, message: errors.append(message))


def _parts(stack: Stack, job: Job, source: Input) -> list[bytes]:
    """Return the parts listed in the job's receipt; reading them is not measured."""

    def get(key: str) -> bytes:
        data: bytes = stack.cloud.s3.get_object(Bucket=stack.cloud.bucket, Key=key)["Body"].read()
        return data

    receipt = json.loads(get(f"{job.output}receipt.json"))
    rows = receipt["rows"]
    assert rows == {"read": source.rows, "scored": source.rows, "rejected": 0}, f"the receipt says {rows}"
    return [get(part["key"]) for part in receipt["parts"]]


def _pids(*functions: ProcessFunction) -> list[int]:
    return [pid for function in functions for pid in function.processes()]


def _log(*functions: ProcessFunction) -> str:
    return "\n".join(function.log.read_text(errors="replace")[-1500:] for function in functions)
