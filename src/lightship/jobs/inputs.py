"""Inputs of jobs: data files, recognised by their suffix, and prefixes of images."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from lightship import formats
from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.formats.images import SUFFIXES
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import Options, Source, canonical

IMAGES = "images"

# The most objects below a prefix for which a digest detects changes: ten calls of ListObjectsV2, about one second.
MOST_COMPARED = 10_000

_DEFAULTS = Options()


def find(cloud: Cloud, key: str) -> Source:
    """Return an object of the jobs' bucket, or the images below a key ending in ``/``.

    Raises NotFound.
    """
    return images(cloud, key) if key.endswith("/") else objects.describe(cloud, cloud.bucket, key)


def images(cloud: Cloud, prefix: str) -> Source:
    """Return the source of a prefix of images; its etag is :func:`digest_of` them.

    With more than MOST_COMPARED objects the etag is random, because listing all of them would take too long. With at
    most that many, raises NotFound where none of them is an image.
    """
    listed = list(islice(objects.list_objects(cloud, cloud.bucket, prefix), MOST_COMPARED + 1))
    source = Source(cloud.bucket, prefix)
    if len(listed) > MOST_COMPARED:
        return replace(source, etag=uuid.uuid4().hex)
    if not any(map(is_image, listed)):
        raise NotFound(f"there is no image below s3://{cloud.bucket}/{prefix}")
    return replace(source, etag=digest_of(listed))


def digest_of(listed: Iterable[Source]) -> str:
    """Return a digest of the keys and etags of the images among these objects."""
    pairs = [[entry.key, entry.etag] for entry in listed if is_image(entry)]
    return hashlib.sha256(canonical(pairs)).hexdigest()[:32]


def is_image(source: Source) -> bool:
    """Return whether an object has the suffix of an image."""
    return source.key.lower().endswith(SUFFIXES)


def is_readable(source: Source) -> bool:
    """Return whether a source has the suffix of a supported format."""
    try:
        format_of(source)
    except UnsupportedMedia:
        return False
    return True


def format_of(source: Source, options: Options = _DEFAULTS) -> tuple[str, bool]:
    """Return the name of a source's format, and whether it is compressed with gzip.

    Raises UnsupportedMedia for an unknown suffix, InvalidInput for options that the format does not support.
    """
    if source.key.endswith("/"):
        _check_output("images", "csv", options)
        return IMAGES, False
    key = source.key.lower()
    gzip = key.endswith(".gz")
    found = formats.of(key.removesuffix(".gz"))
    if gzip and not formats.streamed(found.NAME):
        raise UnsupportedMedia(f"{source.name} must not be compressed with gzip: send the {found.NAME} file itself")
    _check_output(f"a {found.NAME} file", found.NAME, options)
    return found.NAME, gzip


def _check_output(input_name: str, default: str, options: Options) -> None:
    output = options.output or default
    if output not in {default, "parquet"}:
        raise InvalidInput(f"the output of {input_name} must be {default} or parquet, not {output[:80]!r}")
    if output == "parquet" and options.single:
        raise InvalidInput("parquet is written in parts: the option 'single' is not supported")
