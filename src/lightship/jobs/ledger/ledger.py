"""The ledger: jobs and chunks in DynamoDB, changed by conditional writes only.

Any write may be repeated, by a second worker or by a client whose answer was lost: who finds a condition broken reads
what stands and goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from lightship.formats.base import Header
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import items
from lightship.jobs.ledger.items import Tally
from lightship.jobs.ledger.records import ATTEMPTS, Chunk, Cursor, Job, Result, State

# Seconds that an item is kept after it was made.
RETENTION = 90 * 24 * 3600

# A job's chunks and tallies that have less to live are an earlier job's of the same name, which they outlive a little.
_FRESH = RETENTION / 2

_HEADER = "header"
_NEW = "attribute_not_exists(job) OR expires < :end"


@contextmanager
def releasing(release: Callable[[], None]) -> Iterator[None]:
    """Release at once what an error leaves, where that can be said: what counts is the error."""
    try:
        yield
    except Exception:
        with suppress(Exception):
            release()
        raise


class Ledger:
    """The jobs of one table."""

    def __init__(self, cloud: Cloud) -> None:
        self._client = cloud.dynamodb
        self._table = cloud.table
        self._now = cloud.now

    def pin(self, token: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep facts under a token unless there are some: those stand, and are returned."""
        if self._put(f"pin#{token}", "pin", {"facts": facts}):
            return facts
        return dict(json.loads(self._get(f"pin#{token}", "pin")["facts"]))

    def last_run(self, schedule: str) -> tuple[str, list[str]]:
        """When a schedule ran last, and its jobs; an empty time where it never did."""
        found = self._get(f"schedule#{schedule}", "run")
        return (found["time"], json.loads(found["jobs"])) if found else ("", [])

    def begin_run(self, schedule: str, time: str, jobs: list[str]) -> bool:
        """Say that a schedule runs; False where a later run has begun."""
        fresh = {"time": time, "jobs": jobs, "expires": self._expires()}
        when = "(attribute_not_exists(job) OR #time <= :new_time)"
        return self._update(f"schedule#{schedule}", "run", fresh, when=when) is not None

    def create(self, job: Job) -> Job:
        """Enter a job unless it is there; returns what stands. Of one that has expired nothing is counted any more."""
        if found := self.job(job.id):
            return found
        for tally in self._items(job.id, "tally#"):
            self._put(job.id, tally["item"], {"updated": 0.0}, life=_FRESH)
        now = self._now()
        job = replace(job, created=now, updated=now)
        return job if self._put(job.id, "job", items.of_job(job)) else self.job(job.id) or job

    def job(self, identity: str) -> Job | None:
        """A job, or None where there is none or it has expired."""
        item = self._get(identity, "job")
        return items.to_job(item) if item and item["expires"] > self._now() else None

    def owned(self, owner: str, limit: int) -> list[Job]:
        """An owner's jobs, the newest first. A job of this very moment may be missing."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="owner",
            KeyConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues=items.attributes({":owner": owner}),
            ScanIndexForward=False,
            Limit=limit,
        )
        found = (item for page in pages for item in map(items.plain, page["Items"]) if item["expires"] > self._now())
        return [items.to_job(item) for item in islice(found, limit)]

    def attempt(self, identity: str, lease: float) -> Job | None:
        """A job that is to be split, with one attempt more; None where it is not splitting."""
        found = self._update(identity, "job", {"lease": self._now() + lease}, State.SPLITTING, add={"attempts": 1})
        return items.to_job(found) if found else None

    def describe(self, identity: str, header: Header | None) -> None:
        """Keep the columns of a job's file, before its first chunk is entered: chunks are read by them.

        They are up to 64 KiB, so they have an item of their own: the job's is written with every ten chunks.
        """
        if header:
            self._put(identity, _HEADER, {_HEADER: asdict(header)}, life=_FRESH)

    def described(self, job: Job) -> Job:
        """Return a job with the columns of its file, where it has any."""
        return job if job.header else replace(job, header=items.to_header(self._get(job.id, _HEADER)))

    def advance(self, identity: str, cursor: Cursor) -> None:
        """Say how far the file is split, and that this attempt got somewhere."""
        fresh = {"place": cursor.index, "cursor": asdict(cursor), "attempts": 0, "updated": self._now()}
        behind = "(attribute_not_exists(place) OR place < :new_place)"  # another splitter may be further
        self._update(identity, "job", fresh, State.SPLITTING, when=behind)

    def add(self, chunk: Chunk) -> None:
        """Enter a chunk unless it is there."""
        self._put(chunk.job, items.chunk_key(chunk.index), items.of_chunk(chunk), life=_FRESH)

    def split(self, identity: str, *, chunks: int, rows: int) -> Job | None:
        """Say that the file is split, unless it is said; returns the job as it stands."""
        fresh = {"state": State.RUNNING, "chunks": chunks, "rows": rows, "updated": self._now()}
        self._update(identity, "job", fresh, State.SPLITTING)
        return self.job(identity)

    def claim(self, identity: str, index: int, lease: float) -> Chunk | None:
        """A chunk, with one attempt more where it is not done; None where there is no such chunk.

        A lease keeps nobody away: SQS delivers twice, clocks differ, and who waited for a dead worker would wait long.
        It says until when the chunk counts as being worked on.
        """
        key = items.chunk_key(index)
        fresh = {"lease": self._now() + lease}
        found = self._update(identity, key, fresh, "pending", add={"attempts": 1}) or self._get(identity, key)
        return items.to_chunk(found) if found else None

    def release(self, chunk: Chunk) -> None:
        """Say that an attempt has failed, unless another one has begun; after the last one the job knows of it, too."""
        fresh = {"lease": 0.0, "attempts": chunk.attempts}
        self._update(chunk.job, items.chunk_key(chunk.index), fresh, "pending", when="#attempts = :new_attempts")
        if chunk.attempts >= ATTEMPTS:
            self._update(chunk.job, "job", {"given_up": 1}, State.SPLITTING, State.RUNNING)

    def release_splitting(self, identity: str) -> None:
        """Say that an attempt to split a job's file has failed."""
        self._update(identity, "job", {"lease": 0.0}, State.SPLITTING)

    def finish(self, chunk: Chunk, result: Result) -> Result:
        """Mark a chunk done unless another worker has; returns the result that stands."""
        key = items.chunk_key(chunk.index)
        fresh = {"state": "done", "result": asdict(result)}
        found = self._update(chunk.job, key, fresh, "pending") or self._get(chunk.job, key)
        return items.to_chunk(found).result or result

    def revive(self, identity: str, indices: Iterable[int]) -> None:
        """Give chunks that are not done all their attempts again, and their job time to be heard of."""
        for index in indices:
            self._update(identity, items.chunk_key(index), {"attempts": 0, "lease": 0.0}, "pending")
        self.touch(identity)

    def revive_splitting(self, identity: str) -> None:
        """Give a job that is to be split all its attempts again."""
        fresh = {"attempts": 0, "lease": 0.0, "updated": self._now()}
        self._update(identity, "job", fresh, State.SPLITTING)

    def touch(self, identity: str) -> None:
        """Say that somebody is, or will be, at work on a job."""
        self._update(identity, "job", {"updated": self._now()}, State.SPLITTING, State.RUNNING)

    def chunks(self, identity: str) -> Iterator[Chunk]:
        """Every chunk of a job, in order."""
        return map(items.to_chunk, self._items(identity, "chunk#"))

    def count(self, identity: str, index: int, result: Result) -> int:
        """Count a chunk that is done, once however often; returns how many of its group are counted now."""
        fresh = items.of_count(index, result) | {"updated": self._now(), "expires": self._expires()}
        return items.to_tally(self._update(identity, items.tally_key(index), fresh) or {}).chunks

    def tally(self, identity: str) -> Tally:
        """What is done of a job; everything that was counted before this call is in it."""
        return sum(map(items.to_tally, self._items(identity, "tally#")), Tally())

    def seal(self, identity: str, missing: tuple[int, ...] = ()) -> Job | None:
        """Decide that a running job gets its receipt, without the chunks ``missing``; returns it as it stands."""
        fresh = {"sealed": list(missing), "updated": self._now()}
        self._update(identity, "job", fresh, State.RUNNING, when="attribute_not_exists(sealed)")
        return self.job(identity)

    def keep_upload(self, identity: str, upload: str, *, lost: str) -> str:
        """Keep the upload that a job's one file is made by, unless there is another than ``lost``: returns what stands.

        ``lost`` is empty where there is none.
        """
        fresh = {"upload": upload, "lost": lost, "updated": self._now()}
        when = "(attribute_not_exists(#upload) OR #upload = :new_lost)"
        found = self._update(identity, "job", fresh, State.RUNNING, when=when) or self._get(identity, "job")
        return str(found.get("upload", upload))

    def settle(self, job: Job) -> None:
        """The last step of a sealed job, when its receipt is written."""
        state = State.CLOSED if job.sealed else State.DONE
        self._update(job.id, "job", {"state": state, "updated": self._now()}, State.RUNNING)

    def end(self, identity: str, state: State, reason: str) -> Job | None:
        """Fail or cancel a job whose outcome is not decided; returns the job as it stands."""
        fresh = {"state": state, "reason": reason, "updated": self._now()}
        open_states = (State.SPLITTING, State.RUNNING)
        self._update(identity, "job", fresh, *open_states, when="attribute_not_exists(sealed)")
        return self.job(identity)

    def _put(self, identity: str, item: str, fresh: Mapping[str, Any], *, life: float = 0.0) -> bool:
        """Make an item unless it is there, with more than ``life`` seconds to live: DynamoDB is late with deleting."""
        entry = self._key(identity, item) | items.attributes({**fresh, "expires": self._expires()})
        end = items.attributes({":end": self._now() + life})
        return self._write(self._client.put_item, _NEW, Item=entry, ExpressionAttributeValues=end) is not None

    def _update(
        self,
        identity: str,
        item: str,
        fresh: Mapping[str, Any],
        *states: str,
        add: Mapping[str, int] | None = None,
        when: str = "",
    ) -> dict[str, Any] | None:
        """Change an item in one of these states, where there are any, and return it; None, nothing done, otherwise."""
        allowed = {f":state_{place}": str(state) for place, state in enumerate(states)}
        values = {f":new_{name}": value for name, value in fresh.items()} | allowed
        values |= {f":add_{name}": value for name, value in (add or {}).items()}
        sets = ", ".join(f"#{name} = :new_{name}" for name in fresh)
        adds = ", ".join(f"#{name} :add_{name}" for name in add or {})
        conditions = [f"#state IN ({', '.join(allowed)})"] if states else []
        named = {*fresh, *(add or {}), *(["state"] if states else [])}
        return self._write(
            self._client.update_item,
            " AND ".join([*conditions, *([when] if when else [])]),
            Key=self._key(identity, item),
            UpdateExpression=f"SET {sets}" + (f" ADD {adds}" if adds else ""),
            ExpressionAttributeNames={f"#{name}": name for name in sorted(named)},
            ExpressionAttributeValues=items.attributes(values),
            ReturnValues="ALL_NEW",
        )

    def _write(self, write: Callable[..., Any], condition: str, **arguments: Any) -> dict[str, Any] | None:
        if condition:
            arguments["ConditionExpression"] = condition
        try:
            answer = write(TableName=self._table, **arguments)
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return items.plain(answer.get("Attributes", {}))

    def _get(self, identity: str, item: str) -> dict[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=self._key(identity, item), ConsistentRead=True)
        return items.plain(answer.get("Item", {}))

    def _items(self, identity: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="job = :job AND begins_with(#item, :prefix)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues=items.attributes({":job": identity, ":prefix": prefix}),
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(items.plain, page["Items"])

    def _expires(self) -> int:
        return int(self._now()) + RETENTION

    @staticmethod
    def _key(identity: str, item: str) -> dict[str, dict[str, str]]:
        return {"job": {"S": identity}, "item": {"S": item}}
