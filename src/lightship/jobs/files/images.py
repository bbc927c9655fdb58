"""Chunks of images: each object below a prefix is a row, identified by its key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from lightship.errors import InvalidInput, LightshipError, TooLarge, Unavailable
from lightship.formats import csv_arrays, csv_files, parquet
from lightship.formats.parquet import Column
from lightship.inputs import kind_of
from lightship.inputs.datafiles.rows import Batch, Prepared, Reject, merged
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.files import predictions
from lightship.jobs.files.predictions import Scored
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.ledger.requests import Source
from lightship.tensors import Array, Signature

_THREADS = 8
_UNSIZED = 4  # images of any size in memory at a time: each may have many megapixels

# The most bytes of an image: a worker's memory holds _THREADS of them at once.
LARGEST_IMAGE = 32 * 1024 * 1024


def own_columns(job: Job, signature: Signature) -> tuple[str, ...]:
    """See :func:`lightship.jobs.files.contents.own_columns`."""
    return Images.columns


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Images:
    """See :func:`lightship.jobs.files.contents.open_chunk`."""
    check(signature)
    entries = json.loads(objects.read(cloud, chunk.key))  # lists of key, etag and size; older listings lack the size
    return Images([Source(job.source.bucket, entry[0], "", *entry[1:]) for entry in entries], job, signature, cloud)


def check(signature: Signature) -> None:
    """Raise InvalidInput unless a model's only input is an image."""
    if len(signature.inputs) != 1 or "image/png" not in kind_of(signature.inputs[0]).media_types:
        raise InvalidInput("the model takes no images: jobs over images require a model whose only input is an image")


class Images:
    """Images of a chunk; see :class:`lightship.jobs.files.contents.Content`."""

    columns = ("key",)

    def __init__(self, sources: Sequence[Source], job: Job, signature: Signature, cloud: Cloud) -> None:
        self._sources = sources
        self._job = job
        self._signature = signature
        self._spec = signature.inputs[0]
        self._cloud = cloud

    @property
    def fields(self) -> Sequence[str]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self.columns

    def prepare(self) -> Prepared:
        """See :class:`lightship.jobs.files.contents.Content`."""
        rejects: dict[int, Reject] = {}
        return Prepared(len(self._sources), self._batches(rejects), rejects)

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """Return None for each position: images have no columns but the key."""
        return [None for _ in positions]

    def text(self, position: int) -> str:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self._sources[position].key

    def write(self, scored: Scored, names: Sequence[str]) -> bytes:
        """See :class:`lightship.jobs.files.contents.Content`."""
        keys = [self._sources[position].key for position in scored.positions.tolist()]
        options = self._job.options
        if self._job.output_format == "parquet":
            predicted = predictions.typed_columns(self._signature, names, scored)
            return parquet.build([Column(self.columns[0], keys), *predicted])
        texts = csv_arrays.cells(keys, safe=options.safe)
        body = csv_arrays.append(texts, scored.columns, safe=options.safe)
        return body if options.single else csv_files.preamble((*self.columns, *names), safe=options.safe) + body

    def _batches(self, rejects: dict[int, Reject]) -> Iterator[Batch]:
        """Yield the images in order, adjacent ones of one size together; add to rejects."""
        step = _UNSIZED if None in self._spec.row_shape else len(self._sources)
        with ThreadPoolExecutor(_THREADS) as pool:
            for first in range(0, len(self._sources), step):
                batches = []
                for at, found in enumerate(pool.map(self._pixels, self._sources[first : first + step]), first):
                    if isinstance(found, LightshipError):
                        rejects[at] = Reject.of(found)
                    else:
                        batches.append(Batch(np.array([at]), {self._spec.name: found}))
                yield from merged(batches)

    def _pixels(self, source: Source) -> Array | LightshipError:
        """Return an image's array [1, …], or the error that rejects it.

        A deleted or replaced object is rejected too. Raises Unavailable where S3 does not deliver it, so that the chunk
        is delivered again.
        """
        if source.size > LARGEST_IMAGE:
            return TooLarge(f"the image has {source.size} bytes: the maximum is {LARGEST_IMAGE}")
        try:
            body = objects.read_range(self._cloud, source, 0, None)
            return kind_of(self._spec).decode_body(body, self._spec)
        except Unavailable:
            raise
        except LightshipError as error:
            return error
