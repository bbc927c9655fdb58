"""A chunk's rows as their format has them: read, prepared for a model, and written again with predictions beside them.

Adding a format of rows: one file of its name with ``open_chunk(job, chunk, signature, cloud)`` and
``own_columns(job, signature)``, one test.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import Any, Protocol

from lightship.jobs.cloud import Cloud
from lightship.jobs.files.predictions import Scored
from lightship.jobs.files.rows import Prepared
from lightship.jobs.ledger.records import Chunk, Job
from lightship.tensors import Signature


class Content(Protocol):
    """Rows of one chunk; positions count from 0."""

    columns: tuple[str, ...]
    """The input's own columns in the output; empty where each row names its own."""

    @property
    def fields(self) -> Collection[str]:
        """The columns whose cells can be asked for: the input's own, or all that any of the rows names."""

    def prepare(self) -> Prepared:
        """The rows as tensors, and why some are none."""

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """A column's cells, for the rows at these positions; None where a row has none."""

    def text(self, position: int) -> str:
        """A row as a person would find it in the file."""

    def write(self, scored: Scored, names: Sequence[str]) -> bytes:
        """The part: the rows that were scored with their predictions, in the job's output format."""


def own_columns(job: Job, signature: Signature) -> tuple[str, ...]:
    """The input's own columns in the output of a job: the same as those of each of its chunks' contents."""
    columns: Callable[..., tuple[str, ...]] = import_module(f"lightship.jobs.files.{job.format}").own_columns
    return columns(job, signature)


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Content:
    """Read a chunk; raises InvalidInput where the whole file does not fit the model, NotFound where it is gone."""
    opener: Callable[..., Content] = import_module(f"lightship.jobs.files.{job.format}").open_chunk
    return opener(job, chunk, signature, cloud)
