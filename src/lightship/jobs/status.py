"""The status of a job as its client sees it: progress, rate and estimated cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import receipts
from lightship.jobs.inputs import IMAGES
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job, State, Tally
from lightship.jobs.ledger.states import INCOMPLETE_REASON, state_of

# US dollars, us-east-1, 2026: a GB-second of Lambda (x86); a chunk, with one invocation, five DynamoDB writes and two
# reads, three SQS requests and one S3 PUT; an S3 GET, of which each chunk needs one, or each image. An estimate, not a
# bill: splitting, failed attempts, storage and logs are not included.
GIGABYTE_SECOND = 0.0000166667
_CHUNK = 0.2e-6 + 5 * 0.625e-6 + 2 * 0.125e-6 + 3 * 0.4e-6 + 5e-6
_GET = 0.4e-6


@dataclass(frozen=True)
class Status:
    """A job and its progress at the time ``now``.

    ``done`` counts chunks and rows that are done; ``rows`` and ``chunks`` are totals, None until the file is split.
    """

    job: Job
    state: State
    done: Tally
    now: float

    @property
    def rows(self) -> int | None:
        """Return the rows of the file; None until it is split."""
        return self.job.rows

    @property
    def chunks(self) -> int | None:
        """Return the chunks of the file; None until it is split."""
        return self.job.chunks

    @property
    def rate(self) -> float:
        """Return rows per second from the job's creation until now, or until its end."""
        end = self.job.updated if self.job.final else self.now
        return self.done.rows / max(end - self.job.created, 1e-3)

    @property
    def seconds_left(self) -> float | None:
        """Return the estimated seconds until all rows are done, at the current rate.

        None where the rate or the number of rows is unknown, or the job has ended.
        """
        if not self.rate or self.rows is None or self.job.final:
            return None
        return (self.rows - self.done.rows) / self.rate

    @property
    def cost(self) -> float:
        """Return the estimated US dollars so far: GB-seconds and requests of done chunks."""
        gets = self.done.rows if self.job.format == IMAGES else self.done.chunks
        return self.done.gigabyte_seconds * GIGABYTE_SECOND + self.done.chunks * _CHUNK + gets * _GET

    @property
    def progress(self) -> float | None:
        """Return the fraction of rows that is done, 0 to 1; None until the file is split."""
        if not self.rows:
            return None if self.rows is None else 1.0
        return self.done.rows / self.rows

    def to_json(self) -> dict[str, Any]:
        """Return the status as plain values by name, as the HTTP API returns it."""
        job, left = self.job, self.seconds_left
        record = {
            "id": job.id,
            "state": str(self.state),
            "model": {"name": job.model, "version": job.version, "digest": job.digest},
            "input": f"s3://{job.source.bucket}/{job.source.key}",
            "created": job.created,
            "updated": max(job.updated, self.done.updated),
            "rows": {"total": self.rows, "done": self.done.rows, "rejected": self.done.rejected},
            "chunks": {"total": self.chunks, "done": self.done.chunks},
            "progress": self.progress,
            "rows_per_second": round(self.rate, 1),
            "seconds_left": None if left is None else round(left, 1),
            "gigabyte_seconds": round(self.done.gigabyte_seconds, 3),
            "cost_estimate_usd": round(self.cost, 6),
            "correlation": job.correlation,
        }
        return record | self._outcome()

    def _outcome(self) -> dict[str, Any]:
        reason = self.job.reason or (INCOMPLETE_REASON if self.state == State.INCOMPLETE else "")
        receipt = self.job.output + receipts.RECEIPT if self.state in {State.DONE, State.CLOSED} else ""
        return {name: value for name, value in (("reason", reason), ("receipt", receipt)) if value}


def status_of(job: Job, cloud: Cloud) -> Status:
    """Return the current status of a job."""
    tally = Ledger(cloud).tallies.total(job.id)
    return Status(job, state_of(job, tally, cloud), tally, cloud.now())
