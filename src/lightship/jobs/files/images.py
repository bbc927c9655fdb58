"""Chunks of images: each object below a prefix is a row, identified by its key."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from lightship.errors import InvalidInput, LightshipError, NotFound, TooLarge
from lightship.evaluation.running import rows_at_once
from lightship.formats import csv_arrays, csv_files, parquet
from lightship.formats.parquet import Column
from lightship.inputs import kind_of
from lightship.inputs.datafiles.rows import Batch, Prepared, Reject, merged
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.files import predictions
from lightship.jobs.files.lookahead import lookahead
from lightship.jobs.files.predictions import Scored
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.ledger.requests import Source
from lightship.tensors import Array, Signature

# Concurrent requests for single images, and the most bytes of images that are fetched and not yet decoded.
_REQUESTS = 16
_MOST_FETCHED = 64 * 1024 * 1024

# Images, and bytes of several, that a thread fetches one after the other: each handover to the decoder takes time.
_GROUP = 16
_GROUP_BYTES = 1024 * 1024

# The most bytes of an image.
LARGEST_IMAGE = 32 * 1024 * 1024

Content = bytes | LightshipError


def own_columns(job: Job, signature: Signature) -> tuple[str, ...]:
    """See :func:`lightship.jobs.files.contents.own_columns`."""
    return Images.columns


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Images:
    """See :func:`lightship.jobs.files.contents.open_chunk`."""
    entries = json.loads(objects.read(cloud, chunk.key))  # lists of key, etag and size; older listings lack the size
    sources = [Source(job.source.bucket, entry[0], "", *entry[1:]) for entry in entries]
    return Images([source.key for source in sources], fetched(sources, cloud), job, signature)


def fetched(sources: Sequence[Source], cloud: Cloud) -> Iterator[Content]:
    """Yield the content of images in order, or the error that rejects one.

    The next ones are fetched meanwhile. A deleted or replaced object is rejected, too. Raises ObjectsError where S3
    does not deliver one, so that the chunk is delivered again.
    """
    groups = lookahead(
        lambda group: [_fetch(cloud, source) for source in group],
        _grouped(sources),
        threads=_REQUESTS,
        size=lambda group: sum(map(_held_bytes, group)),
        most_bytes=_MOST_FETCHED,
    )
    return chain.from_iterable(groups)


def _grouped(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """Yield adjacent images that are small together, at least one."""
    group, held = list[Source](), 0
    for source in sources:
        size = _held_bytes(source)
        if group and (len(group) == _GROUP or held + size > _GROUP_BYTES):
            yield group
            group, held = [], 0
        group.append(source)
        held += size
    if group:
        yield group


def _held_bytes(source: Source) -> int:
    return min(source.size, LARGEST_IMAGE)


def _fetch(cloud: Cloud, source: Source) -> Content:
    if source.size > LARGEST_IMAGE:
        return too_large(source.size)
    try:
        return objects.read_range(cloud, source, 0, None)
    except NotFound as error:
        return error


def too_large(size: int) -> TooLarge:
    """Return the error for an image of too many bytes."""
    return TooLarge(f"the image has {size} bytes: the maximum is {LARGEST_IMAGE}")


def check(signature: Signature) -> None:
    """Raise InvalidInput unless a model's only input is an image."""
    if len(signature.inputs) != 1 or "image/png" not in kind_of(signature.inputs[0]).media_types:
        raise InvalidInput("the model takes no images: jobs over images require a model whose only input is an image")


class Images:
    """Images of a chunk; see :class:`lightship.jobs.files.contents.Content`.

    ``contents`` yields the content of each key, or the error that rejects it, once. Raises InvalidInput as
    :func:`check` does.
    """

    columns = ("key",)

    def __init__(self, keys: Sequence[str], contents: Iterable[Content], job: Job, signature: Signature) -> None:
        check(signature)
        self._keys = keys
        self._contents = contents
        self._job = job
        self._signature = signature
        self._spec = signature.inputs[0]

    @property
    def fields(self) -> Sequence[str]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self.columns

    def prepare(self) -> Prepared:
        """See :class:`lightship.jobs.files.contents.Content`."""
        rejects: dict[int, Reject] = {}
        return Prepared(len(self._keys), self._batches(rejects), rejects)

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """Return None for each position: images have no columns but the key."""
        return [None for _ in positions]

    def text(self, position: int) -> str:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self._keys[position]

    def write(self, scored: Scored, names: Sequence[str]) -> bytes:
        """See :class:`lightship.jobs.files.contents.Content`."""
        keys = [self._keys[position] for position in scored.positions.tolist()]
        options = self._job.options
        if self._job.output_format == "parquet":
            predicted = predictions.typed_columns(self._signature, names, scored)
            return parquet.build([Column(self.columns[0], keys), *predicted])
        texts = csv_arrays.cells(keys, safe=options.safe)
        body = csv_arrays.append(texts, scored.columns, safe=options.safe)
        return body if options.single else csv_files.preamble((*self.columns, *names), safe=options.safe) + body

    def _batches(self, rejects: dict[int, Reject]) -> Iterator[Batch]:
        """Yield the images in order, adjacent ones of one size together; add to rejects."""
        batches = list[Batch]()
        for at, found in enumerate(self._decoded()):
            if isinstance(found, LightshipError):
                rejects[at] = Reject.of(found)
                continue
            batches.append(Batch(np.array([at]), {self._spec.name: found}))
            if len(batches) >= rows_at_once(found.nbytes):
                yield from merged(batches)
                batches = []
        yield from merged(batches)

    def _decoded(self) -> Iterator[Array | LightshipError]:
        """Yield the arrays [1, …] of the images in order, or errors.

        Several cores decode several images at a time.
        """
        if (cores := _cores()) == 1:
            return map(self._pixels, self._contents)
        return lookahead(self._pixels, self._contents, threads=cores, size=lambda _: 0, most_bytes=0)

    def _pixels(self, content: Content) -> Array | LightshipError:
        """Return an image's array [1, …], or the error that rejects it."""
        if isinstance(content, LightshipError):
            return content
        try:
            return kind_of(self._spec).decode_body(content, self._spec)
        except LightshipError as error:
            return error


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
