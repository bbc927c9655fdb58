"""The broker: ``incoming/<name>.<suffix>`` → a worker that opens it → bundle → registry → report and event.

This function has the rights and parses nothing of the file: it hashes the bytes, has a worker without rights compile
them (:mod:`lightship.handlers.compiling`), and checks the bundle that comes back as hostile input.

A file that is refused is an outcome like a version: it has its reason in the report and in an event, and its message is
done. What is returned to the queue is what may go better another time. The same file never becomes two versions: the
report remembers what was published of which bytes, and a bundle that is in the registry is not published again.
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
from lightship.handlers.compiling import incoming, materials, quarantine, reports
from lightship.handlers.compiling.answer import Refusal
from lightship.handlers.compiling.job import Job
from lightship.handlers.compiling.materials import Gone, Material
from lightship.handlers.compiling.quarantine import WorkerFailed, Workers
from lightship.handlers.compiling.reports import ReportFile
from lightship.handlers.queues import Message, Queue
from lightship.registry.registry import Registry
from lightship.stores import open_store

# Invocations that a file may end before it is refused.
_ATTEMPTS = 3

# Seconds of an invocation that are not the worker's: to publish the bundle, to report.
_OWN_SECONDS = 15.0

# Seconds that signed addresses work: as long as a function may run.
_SIGNED_SECONDS = 900

# Longer than Lambda lets any function run.
_WAIT_SECONDS = 930.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workshop:
    """What compiling a dropped file takes: clients of S3 and EventBridge, the worker, the registry, a bus, a clock.

    ``largest`` is the bytes of the largest answer of a worker.
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
        drop: the object that the message is about.
        place: the same object, as S3 has it now.
    """

    message: Message
    drop: ObjectCreated
    place: Mapping[str, Any]
    workshop: Workshop

    @property
    def report(self) -> ReportFile:
        """Where the outcome is written."""
        return ReportFile(self.workshop.s3, self.drop.bucket, incoming.report_key(self.drop.key))

    def claim(self, report: reports.Report) -> reports.Report:
        """Begin an attempt that lasts as long as this invocation may; raises Unavailable."""
        now = self.workshop.now()
        return self.report.claim(report, self.place, now=now, until=now + self.message.remaining())


def work(message: Message, workshop: Workshop) -> str:
    """Compile what a message is about; returns published, repeated, refused, gone or ignored."""
    drop = ObjectCreated.from_event(message.body())
    if drop is None:
        raise InvalidInput("the queue of model files takes S3's Object Created events and nothing else")
    if not incoming.is_drop(drop.key):
        return "ignored"
    try:
        return _work(Delivery(message, drop, materials.locate(drop, workshop.s3), workshop))
    except Gone:
        return "gone"


def _work(delivery: Delivery) -> str:
    report = delivery.report.read()
    if report.is_final_for(delivery.place):
        return "repeated"
    begun = delivery.claim(report)
    try:
        outcome = _outcome(delivery, begun)
        _tell(delivery, {**outcome, "object": delivery.place, "correlation": delivery.message.correlation}, begun)
    except Exception as error:
        with contextlib.suppress(Exception):  # it is the first error that counts
            _give_up(delivery, begun, error)
        raise
    return "repeated" if outcome.get("new") is False else str(outcome["state"])


def _give_up(delivery: Delivery, begun: reports.Report, error: Exception) -> None:
    """End the claim: an attempt counts where the file may have ended the worker, and nowhere else."""
    if isinstance(error, WorkerFailed):
        delivery.report.end(begun, delivery.workshop.now())
    else:
        delivery.report.release(begun, "gone" if isinstance(error, Gone) else "waiting")


def _outcome(delivery: Delivery, begun: reports.Report) -> dict[str, Any]:
    """Publish the file, or find that it is published, or say why it cannot be."""
    try:
        if begun.attempts > _ATTEMPTS:
            raise SourceRefused(
                f"compiling it ended the function {_ATTEMPTS} times, perhaps for want of memory or time: give it "
                "more (CompileMemory, CompileTimeout), or compile the file with `lightship compile`"
            )
        material = materials.examine(delivery.drop, delivery.place, delivery.workshop.s3)
        known = _known(material, begun.published, delivery.workshop.registry)
        return known or _compile(delivery, material)
    except (CompileError, TooLarge) as error:
        return _refused(Refusal(error.code, error.message[:2000]))


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {"state": "refused", "code": refusal.code, "reason": refusal.reason}


def _known(material: Material, before: Mapping[str, Any], registry: str) -> dict[str, Any] | None:
    """What was published of the same two files before, where the registry still offers it."""
    if any(before.get(name) != digest for name, digest in material.digests.items()):
        return None
    if _version(registry, material.model, str(before.get("digest"))) != before.get("version"):
        return None
    return {**before, "new": False}


def _version(registry: str, model: str, digest: str) -> int | None:
    """The newest version of a model that is offered and is this bundle."""
    store = open_store(registry)
    for version in reversed(Registry(registry).versions(model)):
        found = store.read(f"{model}/{version}/{MANIFEST}")
        if found is not None and hashlib.sha256(found[0]).hexdigest() == digest:
            return version
    return None


def _compile(delivery: Delivery, material: Material) -> dict[str, Any]:
    """Have the worker compile, and publish what is new. Raises CompileError, WorkerFailed, or Gone."""
    workshop, drop, claim = delivery.workshop, delivery.drop, uuid.uuid4().hex
    quarantine.invoke(workshop.workers, _job(delivery, material, claim), claim)
    with materials.scratch() as staged:
        answer = quarantine.collect(workshop.s3, drop.bucket, claim, staged, largest=workshop.largest)
        if isinstance(answer, Refusal):
            return _refused(answer)
        _, suffix = incoming.split(drop.key)
        bundle = quarantine.verify(staged, answer, suffix, str(material.digests["sha256"]))
        if materials.locate(drop, workshop.s3) != delivery.place:
            raise Gone  # a newer file has come meanwhile
        return _publish(material, answer, bundle, workshop)


def _job(delivery: Delivery, material: Material, claim: str) -> Job:
    workshop, drop, config = delivery.workshop, delivery.drop, material.config
    s3 = workshop.s3
    return Job(
        bucket=drop.bucket,
        key=drop.key,
        size=int(delivery.place["size"]),
        source=materials.sign(s3, material.source, _SIGNED_SECONDS),
        config=None if config is None else materials.sign(s3, config, _SIGNED_SECONDS),
        upload=quarantine.upload(s3, drop.bucket, claim, _SIGNED_SECONDS, largest=workshop.largest),
        largest=workshop.largest,
        seconds=max(1.0, delivery.message.remaining() - _OWN_SECONDS),
        correlation=delivery.message.correlation,
    )


def _publish(material: Material, compiled: Report, bundle: Bundle, workshop: Workshop) -> dict[str, Any]:
    there = _version(workshop.registry, material.model, bundle.digest)
    version = there or Registry(workshop.registry).publish(material.model, bundle)
    outcome = {"state": "published", "model": material.model, "version": version, "digest": bundle.digest}
    report = replace(compiled, name=material.model, version=version, digest=bundle.digest).to_json()
    return {**outcome, "new": there is None, **material.digests, "compiled": report}


def _tell(delivery: Delivery, record: Mapping[str, Any], begun: reports.Report) -> None:
    """The event first, then the report: it says that everything was done."""
    workshop, report = delivery.workshop, delivery.report
    detail = {name: value for name, value in record.items() if name != "compiled"}
    kind = "Model Published" if record["state"] == "published" else "Model Refused"
    where = {"bucket": delivery.drop.bucket, "key": delivery.drop.key, "report": report.key}
    announce(workshop.events, workshop.event_bus, kind, detail | where)
    if report.write(record, begun.etag) is None:
        _LOG.info("the report is a newer file's by now")


@cache
def _workshop() -> Workshop:
    stack = StackSettings.from_environment(os.environ)
    if not stack.compile_worker:
        raise unset("LIGHTSHIP_COMPILE_WORKER")
    # One attempt: an invocation that is repeated while the first one still works would be a second worker.
    client = aws.client("lambda", attempts=1, read_timeout=_WAIT_SECONDS)
    workers = Workers(client, stack.compile_worker, tenancy=stack.compile_tenancy)
    return Workshop(stack.registry, stack.event_bus, aws.client("s3"), aws.client("events"), workers)


handler = Queue("compile", lambda message: work(message, _workshop()), reserve=5.0)
