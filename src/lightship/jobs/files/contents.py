"""Rows of a chunk in their file's format: read, prepare for a model, write.

To add a format of rows, add one module of its name with ``open_chunk(job, chunk, signature, cloud)`` and
``own_columns(job, signature)``, and one test.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import Any, Protocol

from lightship.inputs.datafiles.rows import Prepared
from lightship.jobs.cloud import Cloud
from lightship.jobs.files.predictions import Scored
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.objects import Data
from lightship.tensors import Signature


class Content(Protocol):
    """Rows of one chunk; positions count from 0."""

    columns: tuple[str, ...]
    """Columns of the input in the output; empty where each row names its own."""

    @property
    def fields(self) -> Collection[str]:
        """Return the columns that :meth:`cells` accepts.

        Those are the columns of the input, or all that any of the rows names.
        """

    def prepare(self) -> Prepared:
        """Return the rows as tensors, and the rejected rows."""

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """Return a column's cells for the rows at these positions; None where missing."""

    def text(self, position: int) -> str:
        """Return a row's text as in the file, for the report of rejected rows."""

    def write(self, scored: Scored, names: Sequence[str]) -> Data:
        """Return the part's bytes: the scored rows with their predictions.

        The format is the job's output format, ``names`` are the columns of the predictions.
        """


def own_columns(job: Job, signature: Signature) -> tuple[str, ...]:
    """Return the columns of the input in a job's output.

    They equal ``columns`` of the contents of each of its chunks.
    """
    columns: Callable[..., tuple[str, ...]] = import_module(f"lightship.jobs.files.{job.format}").own_columns
    return columns(job, signature)


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Content:
    """Return the content of a chunk.

    Raises InvalidInput where the whole file does not fit the model, NotFound where it was deleted or replaced.
    """
    opener: Callable[..., Content] = import_module(f"lightship.jobs.files.{job.format}").open_chunk
    return opener(job, chunk, signature, cloud)
