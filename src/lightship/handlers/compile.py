"""Broker of the compile queue: turns a file below ``incoming/`` into a version.

This function has the IAM permissions and does not parse the file: it hashes the bytes, invokes a worker without
permissions that compiles them (:mod:`lightship.handlers.compiling`), validates the returned bundle as untrusted input,
publishes it to the registry, and writes a report and an event.

A refused file is a final outcome: the report and an event hold the reason, and its message is deleted. A message is
returned to the queue only if a retry may succeed. The same file never becomes two versions: the report records what was
published for which digests, and a bundle that the registry already offers is not published again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from lightship import aws
from lightship.aws.events import ObjectCreated, announce
from lightship.aws.stack import StackSettings, unset
from lightship.bundle import MANIFEST, Bundle
from lightship.compiler.report import Report
from lightship.errors import CompileError, InvalidInput, SourceRefused, TooLarge
from lightship.handlers.compiling import incoming, quarantine, reports, source_files
from lightship.handlers.compiling.answer import Refusal
from lightship.handlers.compiling.job import Job
from lightship.handlers.compiling.quarantine import WorkerFailed, Workers
from lightship.handlers.compiling.reports import ReportFile
from lightship.handlers.compiling.source_files import ObjectGone, SourceFiles
from lightship.handlers.queues import Message, QueueHandler
from lightship.registry.registry import Registry
from lightship.stores import open_store

# Attempts that may end the worker without an answer before the file is refused.
_ATTEMPTS = 3

# Seconds of an invocation reserved for publishing the bundle and writing the report.
_RESERVED_SECONDS = 15.0

# Expiry of signed URLs in seconds: the longest timeout of a Lambda function.
_SIGNED_SECONDS = 900

# Read timeout of the invocation in seconds: longer than the longest timeout of a Lambda function.
_WAIT_SECONDS = 930.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """Clients and settings that the broker uses.

    ``now`` is the clock (Unix seconds); ``largest`` is the maximum size in bytes of a worker's upload.
    """

    registry: str
    event_bus: str
    s3: Any
    events: Any
    workers: Workers
    now: Callable[[], float] = time.time
    largest: int = quarantine.LARGEST


@dataclass(frozen=True)
class Delivery:
    """A message about a model file.

    Attributes:
        event: S3's event in the message, about one object.
        stored: version id, ETag and size of that object in S3.
    """

    message: Message
    event: ObjectCreated
    stored: Mapping[str, Any]
    services: Services

    @property
    def report(self) -> ReportFile:
        """Return the report file of this object."""
        return ReportFile(self.services.s3, self.event.bucket, incoming.report_key(self.event.key))

    def claim(self, report: reports.Report) -> reports.Report:
        """Claim the object until this invocation times out; raises Unavailable."""
        now = self.services.now()
        return self.report.claim(report, self.stored, now=now, until=now + self.message.remaining())


def work(message: Message, services: Services) -> str:
    """Compile the file of a message.

    Returns published, repeated, refused, gone or ignored.
    """
    event = ObjectCreated.from_event(message.body())
    if event is None:
        raise InvalidInput("the compile queue takes only S3 'Object Created' events")
    if not incoming.is_incoming_file(event.key):
        return "ignored"
    try:
        return _work(Delivery(message, event, source_files.locate(event, services.s3), services))
    except ObjectGone:
        return "gone"


def _work(delivery: Delivery) -> str:
    report = delivery.report.read()
    if report.is_outcome_of(delivery.stored):
        return "repeated"
    claimed = delivery.claim(report)
    try:
        outcome = _outcome(delivery, claimed)
        _announce_and_report(
            delivery, {**outcome, "object": delivery.stored, "correlation": delivery.message.correlation}, claimed
        )
    except Exception as error:
        with contextlib.suppress(Exception):  # the first error is raised
            _end_claim(delivery, claimed, error)
        raise
    return "repeated" if outcome.get("new") is False else str(outcome["state"])


def _end_claim(delivery: Delivery, claimed: reports.Report, error: Exception) -> None:
    """End the claim after an error; count the attempt only if the worker failed."""
    if isinstance(error, WorkerFailed):
        delivery.report.end(claimed, delivery.services.now())
    else:
        delivery.report.release(claimed, "gone" if isinstance(error, ObjectGone) else "waiting")


def _outcome(delivery: Delivery, claimed: reports.Report) -> dict[str, Any]:
    """Return the outcome: a new version, the existing one, or the reason for refusal."""
    try:
        if claimed.attempts > _ATTEMPTS:
            raise SourceRefused(
                f"compiling it ended the function {_ATTEMPTS} times, probably because memory or time ran out: increase "
                "CompileMemory or CompileTimeout, or compile the file with `lightship compile`"
            )
        files = source_files.examine(delivery.event, delivery.stored, delivery.services.s3)
        previous = _previously_published(files, claimed.published, delivery.services.registry)
        return previous or _compile(delivery, files)
    except (CompileError, TooLarge) as error:
        return _refused(Refusal(error.code, error.message[:2000]))


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {"state": "refused", "code": refusal.code, "reason": refusal.reason}


def _previously_published(files: SourceFiles, before: Mapping[str, Any], registry: str) -> dict[str, Any] | None:
    """Return the outcome recorded for the same digests, if still offered.

    A withdrawn version does not count: the file is compiled and published again.
    """
    if any(before.get(name) != digest for name, digest in files.digests.items()):
        return None
    if _version_with_digest(registry, files.model, str(before.get("digest"))) != before.get("version"):
        return None
    return {**before, "new": False}


def _version_with_digest(registry: str, model: str, digest: str) -> int | None:
    """Return a model's newest offered version with this bundle digest; None if none."""
    store = open_store(registry)
    for version in reversed(Registry(registry).versions(model)):
        found = store.read(f"{model}/{version}/{MANIFEST}")
        if found is not None and hashlib.sha256(found[0]).hexdigest() == digest:
            return version
    return None


def _compile(delivery: Delivery, files: SourceFiles) -> dict[str, Any]:
    """Invoke the worker and publish a new bundle.

    Raises CompileError, WorkerFailed, or ObjectGone if the object was replaced meanwhile.
    """
    services, event, job_id = delivery.services, delivery.event, uuid.uuid4().hex
    quarantine.invoke(services.workers, _job(delivery, files, job_id), job_id)
    with source_files.scratch() as staged:
        answer = quarantine.collect(services.s3, event.bucket, job_id, staged, largest=services.largest)
        if isinstance(answer, Refusal):
            return _refused(answer)
        _, suffix = incoming.split(event.key)
        bundle = quarantine.verify(staged, answer, suffix, str(files.digests["sha256"]))
        if source_files.locate(event, services.s3) != delivery.stored:
            raise ObjectGone  # the object was replaced during compilation
        return _publish(files, answer, bundle, services)


def _job(delivery: Delivery, files: SourceFiles, job_id: str) -> Job:
    services, event, config = delivery.services, delivery.event, files.config
    s3 = services.s3
    return Job(
        bucket=event.bucket,
        key=event.key,
        size=int(delivery.stored["size"]),
        source=source_files.sign(s3, files.source, _SIGNED_SECONDS),
        config=None if config is None else source_files.sign(s3, config, _SIGNED_SECONDS),
        upload=quarantine.upload(s3, event.bucket, job_id, _SIGNED_SECONDS, largest=services.largest),
        largest=services.largest,
        seconds=max(1.0, delivery.message.remaining() - _RESERVED_SECONDS),
        correlation=delivery.message.correlation,
    )


def _publish(files: SourceFiles, compiled: Report, bundle: Bundle, services: Services) -> dict[str, Any]:
    existing = _version_with_digest(services.registry, files.model, bundle.digest)
    version = existing or Registry(services.registry).publish(files.model, bundle)
    outcome = {"state": "published", "model": files.model, "version": version, "digest": bundle.digest}
    report = replace(compiled, name=files.model, version=version, digest=bundle.digest).to_json()
    return {**outcome, "new": existing is None, **files.digests, "compiled": report}


def _announce_and_report(delivery: Delivery, record: Mapping[str, Any], claimed: reports.Report) -> None:
    """Send the event, then write the report, which marks the file as finished."""
    services, report = delivery.services, delivery.report
    detail = {name: value for name, value in record.items() if name != "compiled"}
    kind = "Model Published" if record["state"] == "published" else "Model Refused"
    location = {"bucket": delivery.event.bucket, "key": delivery.event.key, "report": report.key}
    announce(services.events, services.event_bus, kind, detail | location)
    if report.write(record, claimed.etag) is None:
        _LOG.info("report not written: a newer file or another invocation has changed it")


@cache
def _services() -> Services:
    stack = StackSettings.from_environment(os.environ)
    if not stack.compile_worker:
        raise unset("LIGHTSHIP_COMPILE_WORKER")
    # One attempt: a retried invocation would start a second worker beside the first.
    client = aws.client("lambda", attempts=1, read_timeout=_WAIT_SECONDS)
    workers = Workers(client, stack.compile_worker, tenancy=stack.compile_tenancy)
    return Services(stack.registry, stack.event_bus, aws.client("s3"), aws.client("events"), workers)


handler = QueueHandler("compile", lambda message: work(message, _services()), reserve=5.0)
