"""What is put on the queues: JSON that names a job, and a chunk of it where it is one. All else is in the ledger.

All messages of ours have a schema, and an id that is the same all the way. Work that does not fit in one invocation is
continued by a message to the same function, which counts the invocations before it as ``hops``. Lambda's own guard ends
such chains after about 16 invocations, so the template turns it off, and MOST_HOPS ends them instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lightship.errors import Unavailable

if TYPE_CHECKING:  # functions that have nothing to do with jobs read messages, too
    from lightship.jobs.cloud import Cloud
    from lightship.jobs.ledger.records import Job

SCHEMA = 1

# The longest chain of invocations: twice what a file of 10,000 chunks needs where each invocation enters only ten.
MOST_HOPS = 2000

_BATCH = 10
_ATTEMPTS = 4


def next_hop(message: Mapping[str, Any]) -> int:
    """Return ``hops`` of a message that continues this one's work; raises Unavailable beyond MOST_HOPS.

    The message then comes again until it is a dead letter.
    """
    hops = message.get("hops", 0)
    if not isinstance(hops, int) or hops >= MOST_HOPS:
        raise Unavailable(f"the work was continued {MOST_HOPS} times, the most allowed: retry the job to begin anew")
    return hops + 1


def split(job: Job, cloud: Cloud, *, hops: int = 0) -> None:
    """Have a job's file split, from where it was left."""
    _send(cloud, cloud.split_queue, [_body(job, hops, split={"job": job.id})])


def plan(job: Job, cloud: Cloud) -> None:
    """Have a job's file split by those who have its format's library."""
    _send(cloud, cloud.score_queue, [_body(job, plan={"job": job.id})])


def chunks(job: Job, indices: Iterable[int], cloud: Cloud) -> None:
    """Have chunks of a job scored."""
    _send(cloud, cloud.score_queue, [_body(job, chunk={"job": job.id, "index": index}) for index in indices])


def retry(job: Job, indices: Sequence[int], cloud: Cloud, *, hops: int = 0) -> None:
    """Have chunks of a job sent again by somebody who has more time."""
    _send(cloud, cloud.split_queue, [_body(job, hops, retry={"job": job.id, "indices": list(indices)})])


def run(what: Mapping[str, Any], correlation: str, cloud: Cloud, *, hops: int) -> None:
    """Have a schedule's run go on."""
    body = json.dumps({"schema": SCHEMA, "run": what, "correlation": correlation, "hops": hops})
    _send(cloud, cloud.split_queue, [body])


def finish(job: Job, cloud: Cloud, *, hops: int = 0) -> None:
    """Have the receipt of a job written whose chunks are all done, or which is sealed."""
    _send(cloud, cloud.score_queue, [_body(job, hops, finish={"job": job.id})])


def correlation(content: Mapping[str, Any], otherwise: str) -> str:
    """The id that the whole way of a piece of work has: its message's own, an event's, or else SQS's.

    It goes into logs: 128 characters are kept, and one that cannot be printed counts for nothing.
    """
    given = content.get("correlation") or (content.get("id") if "detail-type" in content else None)
    return given[:128] if isinstance(given, str) and given.isprintable() else otherwise


def _body(job: Job, hops: int = 0, /, **what: Mapping[str, Any]) -> str:
    counted = {"hops": hops} if hops else {}
    return json.dumps({"schema": SCHEMA, **what, "correlation": job.correlation, **counted})


def _send(cloud: Cloud, queue: str, bodies: Sequence[str]) -> None:
    for start in range(0, len(bodies), _BATCH):
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies[start : start + _BATCH])]
        _send_batch(cloud, queue, entries)


def _send_batch(cloud: Cloud, queue: str, entries: list[dict[str, str]]) -> None:
    """SQS may take some of a batch and refuse the others, in an answer that is a success."""
    for _ in range(_ATTEMPTS):
        answer = cloud.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        refused = {entry["Id"] for entry in answer.get("Failed", [])}
        if not refused:
            return
        entries = [entry for entry in entries if entry["Id"] in refused]
    raise Unavailable(f"SQS refused {len(entries)} messages {_ATTEMPTS} times")
