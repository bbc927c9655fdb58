"""Jobs in the ledger: created once, then changed by conditional writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from lightship.formats.base import Header
from lightship.jobs.ledger import items
from lightship.jobs.ledger.items import Attributes
from lightship.jobs.ledger.records import OPEN, Cursor, Job, State
from lightship.jobs.ledger.table import FRESH, Change, Key, Table
from lightship.jobs.ledger.tallies import Tallies

_FACTS = ("owner", "model", "version", "digest", "source", "format", "gzip", "options", "correlation", "run")
_UNSEALED = "attribute_not_exists(sealed)"


class Jobs:
    """The jobs of one table."""

    def __init__(self, table: Table, tallies: Tallies) -> None:
        self._table = table
        self._tallies = tallies

    def create(self, job: Job) -> Job:
        """Put a job unless it exists; return the stored one."""
        if found := self.find(job.id):
            return found
        self._tallies.reset(job.id)
        now = self._table.now()
        job = replace(job, created=now, updated=now)
        return job if self._table.put(_key(job.id), encode(job)) else self.find(job.id) or job

    def find(self, job: str) -> Job | None:
        """Return a job; None where it does not exist or has expired."""
        item = self._table.get(_key(job))
        return decode(item) if item and item["expires"] > self._table.now() else None

    def owned(self, owner: str, limit: int) -> list[Job]:
        """Return an owner's jobs, newest first.

        The index is eventually consistent: a job that was just created may be missing.
        """
        return [decode(item) for item in self._table.list_owned(owner, limit)]

    def claim(self, job: str, lease: float) -> Job | None:
        """Claim a job to split its file and increment its attempts.

        Returns None where the job is not splitting.
        """
        change = Change({"lease": self._table.now() + lease}, add={"attempts": 1}, states=(State.SPLITTING,))
        found = self._table.update(_key(job), change)
        return decode(found) if found else None

    def put_header(self, job: str, header: Header | None) -> None:
        """Store the columns of a job's file, before its first chunk is added.

        Workers read the chunks by these columns. They take up to 64 KiB, so they have an item of their own: the job's
        item is written once per ten chunks.
        """
        if header:
            self._table.put(Key(job, "header"), {"header": asdict(header)}, life=FRESH)

    def with_header(self, job: Job) -> Job:
        """Return a job with the columns of its file, if it has any."""
        if job.header:
            return job
        item = self._table.get(Key(job.id, "header"))
        return replace(job, header=items.decode(_Header, item, name="header").header)

    def advance(self, job: str, cursor: Cursor) -> None:
        """Record the split cursor and reset the attempt counter."""
        values = {"place": cursor.index, "cursor": asdict(cursor), "attempts": 0, "updated": self._table.now()}
        further = "(attribute_not_exists(place) OR place < :new_place)"  # another worker may be ahead
        self._change(job, values, State.SPLITTING, when=further)

    def split(self, job: str, *, chunks: int, rows: int) -> Job | None:
        """Record that the file is split, unless already recorded; return the stored job."""
        values = {"state": State.RUNNING, "chunks": chunks, "rows": rows, "updated": self._table.now()}
        return self._changed(job, values, State.SPLITTING)

    def release(self, job: str) -> None:
        """End the lease of a failed attempt to split a job's file."""
        self._change(job, {"lease": 0.0}, State.SPLITTING)

    def revive(self, job: str) -> None:
        """Reset the attempts to split a job's file."""
        self._change(job, {"attempts": 0, "lease": 0.0, "updated": self._table.now()}, State.SPLITTING)

    def touch(self, job: str) -> None:
        """Record that a worker is, or will be, active on a job."""
        self._change(job, {"updated": self._table.now()}, *OPEN)

    def give_up(self, job: str) -> None:
        """Record that a chunk of a job has no attempts left."""
        self._change(job, {"given_up": 1}, *OPEN)

    def seal(self, job: str, missing: tuple[int, ...] = ()) -> Job | None:
        """Decide that a running job gets its receipt; return the stored job.

        ``missing`` are the chunks that the receipt leaves out.
        """
        values = {"sealed": list(missing), "updated": self._table.now()}
        return self._changed(job, values, State.RUNNING, when=_UNSEALED)

    def put_upload(self, job: str, upload: str, *, lost: str) -> str:
        """Record the multipart upload of a job's one file; return the recorded upload id.

        A recorded upload other than ``lost`` is kept; ``lost`` is empty for none.
        """
        values = {"upload": upload, "lost": lost, "updated": self._table.now()}
        when = "(attribute_not_exists(#upload) OR #upload = :new_lost)"
        found = self._change(job, values, State.RUNNING, when=when) or self._table.get(_key(job))
        return str(found.get("upload", upload))

    def complete(self, job: Job) -> None:
        """End a sealed job whose receipt is written."""
        state = State.CLOSED if job.sealed else State.DONE
        self._change(job.id, {"state": state, "updated": self._table.now()}, State.RUNNING)

    def end(self, job: str, state: State, reason: str) -> Job | None:
        """Fail or cancel a job that is not sealed; return the stored job."""
        values = {"state": state, "reason": reason, "updated": self._table.now()}
        return self._changed(job, values, *OPEN, when=_UNSEALED)

    def _changed(self, job: str, values: Attributes, *states: State, when: str = "") -> Job | None:
        """Change a job if its state is one of ``states``; return the stored job."""
        item = self._change(job, values, *states, when=when)
        return decode(item) if item else self.find(job)

    def _change(self, job: str, values: Attributes, *states: State, when: str = "") -> dict[str, Any] | None:
        return self._table.update(_key(job), Change(values, states=states, when=when))


@dataclass(frozen=True)
class _Header:
    header: Header | None = None


def encode(job: Job) -> dict[str, Any]:
    """Return the attributes of a new job's item."""
    facts = {name: value for name, value in asdict(job).items() if name in _FACTS}
    record = {"facts": facts, "owner": job.owner, "created": job.created, "updated": job.updated, "state": job.state}
    return record | ({"reason": job.reason} if job.reason else {})


def decode(item: Attributes) -> Job:
    """Return the job of an item; raises LightshipError where it is malformed."""
    facts = items.parse(item, "facts")
    stored = {**item, **facts, "id": item.get("job"), "given_up": "given_up" in item}
    return items.decode(Job, stored, name="job")


def _key(job: str) -> Key:
    return Key(job, "job")
