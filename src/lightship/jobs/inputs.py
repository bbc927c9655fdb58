"""Inputs of jobs: data files, tar files, and prefixes of images or tar files.

Files are recognised by their suffix.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from lightship import formats
from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.formats import tar
from lightship.formats.images import SUFFIXES
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import Options, Source, canonical

IMAGES = "images"
TAR = "tar"
WITHOUT_HEADER = frozenset({IMAGES, TAR})

# The most objects below a prefix for which a digest detects changes: ten calls of ListObjectsV2, about one second.
MOST_COMPARED = 10_000

_DEFAULTS = Options()


def find(cloud: Cloud, key: str) -> Source:
    """Return an object of the jobs' bucket, or a prefix for a key ending in ``/``.

    Raises NotFound as :func:`below` does; InvalidInput for a prefix of both images and tar files.
    """
    return below(cloud, key) if key.endswith("/") else objects.describe(cloud, cloud.bucket, key)


def below(cloud: Cloud, prefix: str) -> Source:
    """Return the source of a prefix of images or tar files.

    Its etag is :func:`digest_of` its objects, its size that of the tar files. With more than MOST_COMPARED objects the
    etag is random, because listing all of them would take too long; only the first ones are counted then. With at most
    that many, raises NotFound where there is neither an image nor a tar file. Raises InvalidInput where there are both.
    """
    listed = list(islice(objects.list_objects(cloud, cloud.bucket, prefix), MOST_COMPARED + 1))
    source = Source(cloud.bucket, prefix, size=sum(entry.size for entry in listed if is_tar(entry)))
    found = chosen(source, listed)
    if len(listed) > MOST_COMPARED:
        return replace(source, etag=uuid.uuid4().hex)
    if not found:
        raise NotFound(f"there is no image and no tar file below s3://{cloud.bucket}/{prefix}")
    return replace(source, etag=digest_of(listed))


def chosen(source: Source, listed: Sequence[Source]) -> list[Source]:
    """Return the objects of a prefix that are its input.

    Those are the tar files where the source has a size, else the images. Raises InvalidInput where there are both.
    """
    images, tars = [entry for entry in listed if is_image(entry)], [entry for entry in listed if is_tar(entry)]
    if images and tars:
        raise InvalidInput(
            f"there are both images and tar files below s3://{source.bucket}/{source.key}, such as {images[0].name} "
            f"and {tars[0].name}: give each a prefix, and a job, of their own"
        )
    return tars if source.size else images


def digest_of(listed: Iterable[Source]) -> str:
    """Return a digest of the keys and etags of the images and tar files among objects."""
    pairs = [[entry.key, entry.etag] for entry in listed if is_image(entry) or is_tar(entry)]
    return hashlib.sha256(canonical(pairs)).hexdigest()[:32]


def is_image(source: Source) -> bool:
    """Return whether an object has the suffix of an image."""
    return source.key.lower().endswith(SUFFIXES)


def is_tar(source: Source) -> bool:
    """Return whether an object has the suffix of a tar file."""
    return source.key.lower().endswith(tar.SUFFIX)


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
    if source.key.endswith("/") or is_tar(source):
        _check_output("images", "csv", options)
        return TAR if source.size or is_tar(source) else IMAGES, False
    key = source.key.lower()
    if key.endswith(tar.COMPRESSED):
        raise UnsupportedMedia(
            f"{source.name} must not be compressed: send the tar file itself, its images are compressed already"
        )
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
