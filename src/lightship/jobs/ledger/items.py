"""Jobs, chunks and tallies as items of DynamoDB: numbers, text, and JSON for whatever has an inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lightship.formats.base import Header
from lightship.jobs.ledger.records import Chunk, Cursor, Job, Options, Result, Source, State

# Chunks that are counted by one item: small enough to be rewritten in two units of write capacity.
GROUP = 64

_FACTS = ("owner", "model", "version", "digest", "source", "format", "gzip", "options", "correlation", "run")


@dataclass(frozen=True)
class Tally:
    """What is done of a job: chunks, rows read and rows rejected, and the gigabyte-seconds that it took.

    ``updated`` is when the last chunk was counted.
    """

    chunks: int = 0
    rows: int = 0
    rejected: int = 0
    updated: float = 0.0
    gigabyte_seconds: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.chunks + other.chunks,
            self.rows + other.rows,
            self.rejected + other.rejected,
            max(self.updated, other.updated),
            self.gigabyte_seconds + other.gigabyte_seconds,
        )


def attributes(values: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Values by name in DynamoDB's form."""
    return {name: _attribute(value) for name, value in values.items()}


def plain(item: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The inverse of :func:`attributes`, JSON left as text."""
    return {name: float(value["N"]) if "N" in value else value.get("S") for name, value in item.items()}


def chunk_key(index: int) -> str:
    """A chunk's sort key, in the order of the indices."""
    return f"chunk#{index:06}"


def tally_key(index: int) -> str:
    """Sort key of the item that counts a chunk."""
    return f"tally#{index // GROUP:04}"


def of_job(job: Job) -> dict[str, Any]:
    """What is stored of a new job."""
    facts = {name: value for name, value in asdict(job).items() if name in _FACTS}
    record = {"facts": facts, "owner": job.owner, "created": job.created, "updated": job.updated, "state": job.state}
    return record | ({"reason": job.reason} if job.reason else {})


def of_chunk(chunk: Chunk) -> dict[str, Any]:
    """What is stored of a new chunk."""
    span = {name: getattr(chunk, name) for name in ("first", "rows", "start", "end", "key")}
    return {"span": span, "state": "pending", "attempts": 0, "lease": 0.0}


def to_job(item: Mapping[str, Any]) -> Job:
    """A job's item as a job."""
    facts = json.loads(item["facts"])
    facts |= {"source": Source(**facts["source"]), "options": Options(**facts["options"])}
    return Job(
        id=item["job"],
        created=item["created"],
        updated=item["updated"],
        state=State(item["state"]),
        header=to_header(item),  # where an earlier version kept it
        cursor=Cursor(**json.loads(item.get("cursor") or "{}")),
        chunks=int(item["chunks"]) if "chunks" in item else None,
        rows=int(item["rows"]) if "rows" in item else None,
        sealed=tuple(json.loads(item["sealed"])) if "sealed" in item else None,
        reason=item.get("reason", ""),
        attempts=int(item.get("attempts", 0)),
        lease=item.get("lease", 0.0),
        given_up="given_up" in item,
        upload=item.get("upload", ""),
        **facts,
    )


def to_chunk(item: Mapping[str, Any]) -> Chunk:
    """A chunk's item as a chunk."""
    result = json.loads(item["result"]) if "result" in item else None
    return Chunk(
        job=item["job"],
        index=int(item["item"].removeprefix("chunk#")),
        attempts=int(item["attempts"]),
        lease=item["lease"],
        result=to_result(result) if result else None,
        **json.loads(item["span"]),
    )


def to_result(record: Mapping[str, Any]) -> Result:
    """A chunk's result; an earlier version kept the output's columns with each."""
    return Result(**{name: value for name, value in record.items() if name != "columns"})


def to_header(item: Mapping[str, Any]) -> Header | None:
    """The columns of a job's file; None where the item has none."""
    record = json.loads(item.get("header") or "null")
    return Header(tuple(record["columns"]), record["length"]) if record else None


def of_count(index: int, result: Result) -> dict[str, Any]:
    """What is stored where a chunk is counted: under its own name, so that a second time changes nothing."""
    return {f"c{index:06}": f"{result.rows},{result.rejected},{result.gigabyte_seconds:.3g}"}


def to_tally(item: Mapping[str, Any]) -> Tally:
    """A tally's item as a tally."""
    counts = [value.split(",") for name, value in item.items() if name[0] == "c" and name[1:].isdecimal()]
    rows, rejected = (sum(int(count[place]) for count in counts) for place in (0, 1))
    gigabyte_seconds = sum(float(count[2]) for count in counts if len(count) > 2)  # an older version had none
    # Its first update makes the item, and moto shows it to readers before it has what the update puts into it.
    return Tally(len(counts), rows, rejected, item.get("updated", 0.0), gigabyte_seconds)


def _attribute(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"N": repr(value)}
    return {"S": json.dumps(value, sort_keys=True)}
