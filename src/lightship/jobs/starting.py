"""Where jobs begin: a file dropped into the bucket, or a request for one.

Needs nothing but the standard library and boto3: the function that splits files is small.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import quote

from lightship import formats
from lightship.errors import InvalidInput, LightshipError, NotFound, UnsupportedMedia
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import SYSTEM, Job, Options, Source, State, canonical, job_id
from lightship.registry.state import State as Versions

NO_OPTIONS = Options()

IMAGES = "images"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")

# The most objects below a prefix that are compared with what they were: ten calls, about a second.
MOST_COMPARED = 10_000

_LONGEST_OWNER = 512

# Files in folders below it wait for a schedule or a request that names them.
_DROPPED = re.compile(r"batch/([A-Za-z0-9][A-Za-z0-9_.-]{0,63})/input/([^/]+)", re.DOTALL)
_S3 = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)


def start(
    cloud: Cloud,
    *,
    owner: str,
    model: str,
    source: Source,
    options: Options = NO_OPTIONS,
    correlation: str = "",
    run: str = "",
    version: int | None = None,
) -> Job:
    """Enter a job into the ledger, unless the same one is there: then that one is returned. See :func:`make`."""
    job = make(cloud, owner, model, source, options, correlation=correlation, run=run, version=version)
    return Ledger(cloud).create(job)


def make(
    cloud: Cloud,
    owner: str,
    model: str,
    source: Source,
    options: Options = NO_OPTIONS,
    *,
    correlation: str = "",
    run: str = "",
    version: int | None = None,
) -> Job:
    """A job that nobody knows of yet, its model's version pinned.

    ``run`` tells a deliberate rerun from a repetition. What nobody has named yet is correlated by the job's own id.
    Raises InvalidInput, NotFound (model, version) or UnsupportedMedia.
    """
    return made(owner, model, pinned(cloud, model, version), source, options, correlation=correlation, run=run)


def made(
    owner: str,
    model: str,
    version: tuple[int, str],
    source: Source,
    options: Options,
    *,
    correlation: str = "",
    run: str = "",
) -> Job:
    """A job of a version that is pinned, as by :func:`pinned`; raises InvalidInput or UnsupportedMedia."""
    name, gzip = format_of(source, options)
    identity = job_id(owner, source, version[1], options, run)
    return Job(identity, owner, model, *version, source, name, gzip, options, correlation or identity, run)


def dropped(cloud: Cloud, event: Mapping[str, Any]) -> Job | None:
    """The job of an S3 event that came through EventBridge; None for an object that is nobody's input.

    A file that cannot be scored has a job too: failed, with the reason. The event's id pins the model's version, so
    that an event which comes again after a new version was published is still the same job. Raises InvalidInput for
    half an event.
    """
    try:
        entry, bucket = event["detail"]["object"], str(event["detail"]["bucket"]["name"])
        key = str(entry["key"])
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"the Object Created event lacks what it must have: {error}") from None
    found = _DROPPED.fullmatch(key)
    if found is None:
        return None
    source = Source(bucket, key, entry.get("version-id", ""), entry.get("etag", ""), entry.get("size", 0))
    model, correlation = found[1], str(event.get("id", ""))
    try:
        format_of(source, NO_OPTIONS)
        version = pinned_by(cloud, correlation, model)
        return start(cloud, owner=SYSTEM, model=model, source=source, correlation=correlation, version=version)
    except (InvalidInput, NotFound, UnsupportedMedia) as error:
        return Ledger(cloud).create(refused(model, source, error, correlation=correlation))


def upload_prefix(owner: str) -> str:
    """Where an owner may put what he wants scored, and nobody else. Keys end at 1024 bytes: long names are digested."""
    name = quote(owner, safe="")
    return f"uploads/{name if len(name) <= _LONGEST_OWNER else hashlib.sha256(owner.encode()).hexdigest()}/"


def images(cloud: Cloud, prefix: Source) -> Source:
    """A prefix of images as it is now: its etag is a digest of theirs. Raises NotFound where there is none.

    Of more than MOST_COMPARED objects it is a word that never comes again: listing them all would take too long.
    """
    below = list(islice(objects.list_keys(cloud, prefix.bucket, prefix.key), MOST_COMPARED + 1))
    if len(below) > MOST_COMPARED:
        return replace(prefix, etag=uuid.uuid4().hex)
    if not any(map(is_image, below)):
        raise NotFound(f"there is no image below s3://{prefix.bucket}/{prefix.key}")
    return replace(prefix, etag=digest_of(below))


def digest_of(below: Iterable[Source]) -> str:
    """What tells the images among these objects from others: a digest of their keys and etags."""
    pairs = [[entry.key, entry.etag] for entry in below if is_image(entry)]
    return hashlib.sha256(canonical(pairs)).hexdigest()[:32]


def is_image(source: Source) -> bool:
    """Whether an object has the suffix of an image."""
    return source.key.lower().endswith(IMAGE_SUFFIXES)


def pinned(cloud: Cloud, model: str, version: int | None = None, *, allow_withdrawn: bool = True) -> tuple[int, str]:
    """A version of a model, by default the one that answers, and its bundle's digest.

    Raises NotFound, or InvalidInput where its rows depend on each other. A withdrawn version takes no new work; one
    that was pinned before stays.
    """
    place = _place(cloud, model)
    try:
        versions = Versions.from_bytes(_registered(cloud, place, "state.json"))
        number = versions.default if version is None else version
        if number is None or number not in (versions.versions if allow_withdrawn else versions.offered):
            raise NotFound(model)
        content = _registered(cloud, place, f"{number}/manifest.json")
    except NotFound:
        what = f"model '{model}'" if version is None else f"version {version} of model '{model}'"
        raise NotFound(f"there is no {what} that takes new work") from None
    check_rows(model, _independent_rows(content))
    return number, hashlib.sha256(content).hexdigest()


def _independent_rows(manifest: bytes) -> bool | None:
    """Return what a manifest says of its default signature's rows; a broken one fails where it is opened."""
    try:
        known: bool | None = json.loads(manifest)["signatures"][0].get("independent_rows")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return known


def check_rows(model: str, independent: bool | None) -> None:
    """Raise InvalidInput for a model whose rows depend on each other; ``independent`` is its default signature's."""
    if independent is False:
        raise InvalidInput(
            f"the rows of model '{model}' depend on each other, and a job cuts its file into chunks: send the rows "
            "that belong together in one request"
        )


def manifest(cloud: Cloud, model: str, version: int) -> bytes:
    """What a bundle says of itself; raises NotFound."""
    return _registered(cloud, _place(cloud, model), f"{version}/manifest.json")


def columns(cloud: Cloud, model: str, version: int) -> list[str]:
    """The columns that a model's inputs are called to have, or the inputs' own names; raises NotFound."""
    (signature, *_) = json.loads(manifest(cloud, model, version))["signatures"]
    named = [(spec.get("kind") or {}).get("columns") or [spec["name"]] for spec in signature["inputs"]]
    return [name for names in named for name in names]


def _place(cloud: Cloud, model: str) -> Source:
    found = _S3.fullmatch(f"{cloud.registry.rstrip('/')}/{model}/")
    if found is None:
        raise NotFound(f"jobs find their models in S3, and {cloud.registry!r} is not there")
    return Source(found[1], found[2])


def _registered(cloud: Cloud, place: Source, name: str) -> bytes:
    return objects.read_range(cloud, Source(place.bucket, place.key + name), 0, None)


def pinned_by(cloud: Cloud, token: str, model: str) -> int:
    """The version of a model that answered when a token was first seen; raises NotFound."""
    if not token:
        return pinned(cloud, model)[0]
    return int(Ledger(cloud).pin(f"{token}/{model}", {"version": pinned(cloud, model)[0]})["version"])


def refused(model: str, source: Source, error: LightshipError, *, correlation: str = "", run: str = "") -> Job:
    """A job of the system's that failed before it began."""
    identity = job_id(SYSTEM, source, "", NO_OPTIONS, run)
    job = Job(identity, SYSTEM, model, 0, "", source, "", correlation=correlation or identity, run=run)
    return replace(job, state=State.FAILED, reason=error.message)


def format_of(source: Source, options: Options) -> tuple[str, bool]:
    """Name of a source's format, and whether it is compressed; raises UnsupportedMedia or InvalidInput."""
    if source.key.endswith("/"):
        _check_output("images", "csv", options)
        return IMAGES, False
    key = source.key.lower()
    gzip = key.endswith(".gz")
    found = formats.of(key.removesuffix(".gz"))
    if gzip and not formats.streamed(found.NAME):
        raise UnsupportedMedia(f"{source.name} is compressed twice: a {found.NAME} file is not to be gzipped")
    _check_output(f"a {found.NAME} file", found.NAME, options)
    return found.NAME, gzip


def _check_output(what: str, own: str, options: Options) -> None:
    wanted = options.output or own
    if wanted not in {own, "parquet"}:
        raise InvalidInput(f"{what} can become {own} or parquet, not {wanted[:80]!r}")
    if wanted == "parquet" and options.single:
        raise InvalidInput("parquet is written in parts: one file of it cannot be asked for")


def readable(source: Source) -> bool:
    """Whether a source has the suffix of a format."""
    try:
        format_of(source, NO_OPTIONS)
    except UnsupportedMedia:
        return False
    return True
