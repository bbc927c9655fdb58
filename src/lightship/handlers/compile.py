"""A model file in the bucket becomes a version: ``incoming/<name>.<suffix>`` → bundle → registry → report and event.

A file that is refused is an outcome like a version: it has its reason in the report and in an event, and its message is
done. What is returned to the queue is what may go better another time. The same file never becomes two versions: the
report remembers what was published of which bytes, and a bundle that is in the registry is not published again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lightship import aws, compiler
from lightship.bundle import MANIFEST, Bundle
from lightship.compiler.sandbox import Limits
from lightship.errors import CompileError, InvalidInput, SourceRefused, TooLarge
from lightship.handlers import incoming, materials, reports
from lightship.handlers.announcements import announce
from lightship.handlers.materials import Gone, Material
from lightship.handlers.places import Places
from lightship.handlers.queues import Dropped, Message, Queue, dropped
from lightship.registry import Registry
from lightship.stores import open_store

# Invocations that a file may end before it is refused.
_ATTEMPTS = 3

# Seconds of an invocation that are not the child's: to fetch the file, to publish the bundle, to report.
_OWN_SECONDS = 20.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workshop:
    """What compiling a dropped file takes: clients of S3 and EventBridge, the registry's address, a bus, a clock."""

    registry: str
    event_bus: str
    s3: Any
    events: Any
    now: Callable[[], float] = time.time


def work(message: Message, workshop: Workshop) -> str:
    """Compile what a message is about; returns published, repeated, refused, gone or ignored."""
    drop = dropped(message.body())
    if drop is None:
        raise InvalidInput("the queue of model files takes S3's Object Created events and nothing else")
    if not incoming.is_drop(drop.key):
        return "ignored"
    key, now = incoming.report_key(drop.key), workshop.now()
    try:
        place = materials.locate(drop, workshop.s3)
        report = reports.read(workshop.s3, drop.bucket, key)
        if report.is_final_for(place):
            return "repeated"
        begun = reports.claim(workshop.s3, drop.bucket, key, report, place, now=now, until=now + message.remaining())
        try:
            outcome = _outcome(drop, place, begun, message, workshop)
            _tell(drop, {**outcome, "object": place, "correlation": message.correlation}, begun, workshop)
        except Exception as error:
            with contextlib.suppress(Exception):  # it is the first error that counts
                reports.release(workshop.s3, drop.bucket, key, begun, "gone" if isinstance(error, Gone) else "waiting")
            raise
    except Gone:
        return "gone"
    return "repeated" if outcome.get("new") is False else str(outcome["state"])


def _outcome(
    drop: Dropped, place: Mapping[str, Any], begun: reports.Report, message: Message, workshop: Workshop
) -> dict[str, Any]:
    """Publish the file, or find that it is published, or say why it cannot be."""
    with materials.scratch() as folder:
        try:
            if begun.attempts > _ATTEMPTS:
                raise SourceRefused(
                    f"compiling it ended the function {_ATTEMPTS} times, perhaps for want of memory or time: give it "
                    "more (CompileMemory, CompileTimeout), or compile the file with `lightship compile`"
                )
            material = materials.fetch(drop, place, folder, workshop.s3)
            return _known(material, begun.published, workshop.registry) or _publish(
                material, folder, lambda: materials.locate(drop, workshop.s3) == place, message, workshop
            )
        except (CompileError, TooLarge) as error:
            reason = error.message.replace(f"{folder}/", "")
            return {"state": "refused", "code": error.code, "reason": reason[:2000]}


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


def _publish(
    material: Material, folder: Path, still_there: Callable[[], bool], message: Message, workshop: Workshop
) -> dict[str, Any]:
    """Compile, and publish what is new. Raises CompileError, or Gone where a newer file has come meanwhile."""
    registry = Registry(workshop.registry)
    limits = Limits(wall_seconds=max(1.0, message.remaining() - _OWN_SECONDS))
    with registry.staging() as staged:
        built = compiler.compile_into(
            staged,
            material.source,
            config=material.config,
            limits=limits,
            scratch=folder,
            progress=lambda stage, done: _LOG.info("%s", stage, extra={"done": round(done, 2)}),
        )
        digest = Bundle.open(staged).digest
        if not still_there():
            raise Gone
        there = _version(workshop.registry, material.model, digest)
        version = there or registry.publish(material.model, staged)
    report = compiler.Report.from_build(material.model, version, digest, built).to_json()
    outcome = {"state": "published", "model": material.model, "version": version, "digest": digest}
    return {**outcome, "new": there is None, **material.digests, "compiled": report}


def _tell(drop: Dropped, record: Mapping[str, Any], begun: reports.Report, workshop: Workshop) -> None:
    """The event first, then the report: it says that everything was done."""
    key = incoming.report_key(drop.key)
    detail = {name: value for name, value in record.items() if name != "compiled"}
    kind = "Model Published" if record["state"] == "published" else "Model Refused"
    where = {"bucket": drop.bucket, "key": drop.key, "report": key}
    announce(workshop.events, workshop.event_bus, kind, detail | where)
    if reports.write(workshop.s3, drop.bucket, key, record, begun.etag) is None:
        _LOG.info("the report is a newer file's by now")


@cache
def _workshop() -> Workshop:
    places = Places.from_environment()
    return Workshop(places.registry, places.event_bus, aws.client("s3"), aws.client("events"))


handler = Queue("compile", lambda message: work(message, _workshop()), reserve=5.0)
