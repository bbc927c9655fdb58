"""The ledger: jobs, chunks, tallies and runs in one DynamoDB table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.chunks import Chunks
from lightship.jobs.ledger.jobs import Jobs
from lightship.jobs.ledger.runs import Runs
from lightship.jobs.ledger.table import Table
from lightship.jobs.ledger.tallies import Tallies


class Ledger:
    """The records of one stack: runs, tallies, jobs and chunks."""

    def __init__(self, cloud: Cloud) -> None:
        table = Table(cloud)
        self.runs = Runs(table)
        self.tallies = Tallies(table)
        self.jobs = Jobs(table, self.tallies)
        self.chunks = Chunks(table, self.jobs)


@contextmanager
def releasing(release: Callable[[], None]) -> Iterator[None]:
    """Call ``release`` after an error, ignore its own errors, and raise the first one."""
    try:
        yield
    except Exception:
        with suppress(Exception):
            release()
        raise
