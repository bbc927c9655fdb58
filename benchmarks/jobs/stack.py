"""A job from its start to its receipt, through the template's own queues and functions, with AWS played by moto.

The functions are the real ones in processes of their own, as `lightship up` has them; between queue and function stands
the local poller, here asked turn by turn. The workers have the last cores, moto and whoever measures the first.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import cores, processes
from benchmarks.jobs.inputs import Input
from benchmarks.questions import ROOT
from lightship.jobs import operations, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job, State
from lightship.jobs.ledger.requests import Request
from lightship.local import cloud as played
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

# boto3 signs the SHA-256 of a body where there is no TLS, as there is on AWS.
_AS_OVER_TLS = "[default]\ns3 =\n    payload_signing_enabled = false\n"

# What Lambda would do to a job that has not ended by then, in seconds, and how often its end is looked for.
_PATIENCE = 600.0
_LOOK = 0.02


@dataclass(frozen=True)
class Stack:
    """What is up: ``environment`` has all that a function of this stack needs, by the function's logical name."""

    cloud: Cloud
    wiring: Wiring
    server: Mapping[str, str]
    folder: Path

    def environment(self, function: str) -> dict[str, str]:
        """The variables of a process that works as this function does."""
        return {**self.wiring.functions[function].environment, **self.server}


@contextmanager
def running(registry: Path, folder: Path) -> Iterator[Stack]:
    """Buckets, queues and tables of the template, with the registry's models; nothing of it is left afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    server = played.Cloud(folder)
    try:
        found = wiring.read(ROOT / "template.yaml", endpoint=server.endpoint, overrides={"Registry": "bucket"})
        quiet = {name: replace(bucket, events=False) for name, bucket in found.buckets.items()}
        server.make(replace(found, buckets=quiet))  # jobs are asked for: an event for each image would be nobody's
        names = found.functions[_SCORE].environment
        clients = {name: server.client(name) for name in ("s3", "dynamodb", "sqs")}
        cloud = Cloud(
            names["LIGHTSHIP_BUCKET"],
            names["LIGHTSHIP_JOBS_TABLE"],
            names["LIGHTSHIP_SPLIT_QUEUE"],
            names["LIGHTSHIP_SCORE_QUEUE"],
            names["LIGHTSHIP_REGISTRY"],
            **clients,
        )
        mirror(Registry(str(registry)), cloud.s3, cloud.registry)
        settings = folder / "aws"
        settings.write_text(_AS_OVER_TLS)
        ours = {"LIGHTSHIP_CACHE": str(folder / "models"), "AWS_CONFIG_FILE": str(settings)}
        yield Stack(cloud, found, {**server.environment, "AWS_REGION": wiring.REGION, **ours}, folder)
    finally:
        server.close()


def upload(stack: Stack, source: Input) -> str:
    """Put what is to be scored where its owner may; returns its key."""
    prefix = uploads.prefix(OWNER)
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
    """Figures of one job by so many workers that are started for it, and the parts it made. Raises RuntimeError.

    ``warm`` is a key whose job comes first, so that the model is loaded and the libraries are imported: what that takes
    is the start's.
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
    """The function that splits and the one that scores, in one process and in so many, each on its core."""
    with ExitStack() as ending:
        made = []
        for name, size in ((_SPLIT, 1), (_SCORE, count)):
            function = ProcessFunction(stack.wiring.functions[name], environment=stack.server, folder=stack.folder)
            ending.callback(workers.close, [function])
            _start(stack, function, size)
            made.append(function)
        split, score = made
        cores.spread([*score.processes(), *split.processes()])
        yield split, score


def _start(stack: Stack, function: ProcessFunction, count: int) -> None:
    """Ask about a job that is not there, in so many processes at the same time."""
    logical = function.spec.logical
    body = {_SPLIT: '{"schema": 1, "split": {"job": "0"}}', _SCORE: '{"schema": 1, "chunk": {"job": "0", "index": 0}}'}
    message = {"MessageId": "0", "ReceiptHandle": "0", "Body": body[logical], "MD5OfBody": ""}
    (queue,) = (mapping.queue for mapping in stack.wiring.mappings if mapping.function == logical)
    try:
        with ThreadPoolExecutor(count) as threads:
            answers = list(threads.map(lambda _: function.invoke(event([message], queue)), range(count)))
    except workers.FunctionFailed as error:
        raise RuntimeError(f"{logical} does not start: {error}; it said:\n{_log(function)}") from None
    assert len(function.processes()) == count, f"{logical} has {len(function.processes())} processes, not {count}"
    assert answers == [{"batchItemFailures": []}] * count, f"{logical} answers {answers}"


def _run(stack: Stack, source: Input, key: str, split: ProcessFunction, score: ProcessFunction) -> Job:
    """Start a job and wait for its end: each process of a function takes one message after the other."""
    job = operations.start(stack.cloud, Request(owner=OWNER, model=source.model, key=key, run=uuid.uuid4().hex))
    deadline = time.monotonic() + _PATIENCE
    said: list[str] = []
    ledger = Ledger(stack.cloud)

    def ended() -> bool:
        current = ledger.jobs.find(job.id)
        return current is not None and current.final

    def work(poller: Poller) -> None:
        while (handled := poller.poll_once()) or not ended():
            if said or time.monotonic() > deadline:
                raise RuntimeError(f"job {job.id} does not end: {said[:3]}; its functions said:\n{_log(split, score)}")
            time.sleep(0 if handled else _LOOK)

    pollers = [_poller(stack, split, said), *[_poller(stack, score, said)] * len(score.processes())]
    with ThreadPoolExecutor(len(pollers)) as threads:
        for done in [threads.submit(work, poller) for poller in pollers]:
            done.result()
    current = ledger.jobs.find(job.id)
    assert current is not None
    assert current.state == State.DONE, f"the job is {current.state}: {current.reason}"
    return current


def _poller(stack: Stack, function: ProcessFunction, said: list[str]) -> Poller:
    (mapping,) = (mapping for mapping in stack.wiring.mappings if mapping.function == function.spec.logical)
    return Poller(mapping, function, stack.cloud.sqs, on_failure=lambda _, sentence: said.append(sentence))


def _parts(stack: Stack, job: Job, source: Input) -> list[bytes]:
    """The job's output, as its receipt says; who reads it is not measured."""

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
