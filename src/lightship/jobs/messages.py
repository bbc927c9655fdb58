"""Messages of the split queue and the score queue.

The body is JSON with the key of one kind, a schema version, a correlation id and a count of invocations. Work that does
not fit in one invocation is continued by a message to the same function, whose ``hops`` counts the earlier invocations.
The template turns off Lambda's recursive loop detection, which would stop such a chain after about 16 invocations;
MOST_HOPS bounds it instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from lightship.aws import codec
from lightship.errors import InvalidInput, Unavailable

if TYPE_CHECKING:  # functions without jobs read messages too, and must not import the cloud
    from lightship.jobs.cloud import Cloud

SCHEMA = 1

# The longest chain of invocations: twice what a file of 10,000 chunks needs where each invocation publishes only ten.
MOST_HOPS = 2000

_BATCH = 10
_ATTEMPTS = 4
_LONGEST_CORRELATION = 128


@dataclass(frozen=True)
class Split:
    """A request to split a job's file, from where the last attempt stopped."""

    job: str


@dataclass(frozen=True)
class Retry:
    """A request to send chunks of a job again."""

    job: str
    indices: tuple[int, ...]


@dataclass(frozen=True)
class Run:
    """A request to start the jobs of a schedule's run.

    Attributes:
        model: name of the model.
        input: ``s3://bucket/key`` of a file, or of a prefix that ends with ``/``.
        schedule: name of the schedule.
        time: when the run was due, ISO 8601.
        options: the jobs' options by name; invalid options fail the jobs, not the message.
        after: key of the last file whose job was started; None at the beginning of the run.
    """

    model: str = ""
    input: str = ""
    schedule: str = ""
    time: str = ""
    options: object = field(default_factory=dict)
    after: str | None = None


@dataclass(frozen=True)
class Plan:
    """A request to split a job's file in the function that has its format's library."""

    job: str


@dataclass(frozen=True)
class Score:
    """A request to score a chunk of a job."""

    job: str
    index: int


@dataclass(frozen=True)
class Finish:
    """A request to write the receipt of a job that is sealed or has all chunks done."""

    job: str


Splitting = Split | Retry | Run
Scoring = Plan | Score | Finish
Work = Splitting | Scoring
W = TypeVar("W", bound=Work)

# Kinds of the split queue and of the score queue, by the message's key.
SPLITTING: Mapping[str, type[Splitting]] = {"split": Split, "run": Run, "retry": Retry}
SCORING: Mapping[str, type[Scoring]] = {"chunk": Score, "plan": Plan, "finish": Finish}

_KEYS: Mapping[type, str] = {kind: key for key, kind in {**SPLITTING, **SCORING}.items()}


@dataclass(frozen=True)
class Message(Generic[W]):
    """A work item, its correlation id, and the number of earlier invocations."""

    work: W
    correlation: str = ""
    hops: int = 0

    def next_hop(self) -> int:
        """Return ``hops`` of the message that continues the work.

        Raises Unavailable beyond MOST_HOPS; SQS then delivers the message again until it is a dead letter.
        """
        if self.hops >= MOST_HOPS:
            raise Unavailable(f"the work was continued {MOST_HOPS} times, which is the maximum: retry the job")
        return self.hops + 1

    def to_json(self) -> str:
        """Return the body of the message as JSON."""
        fields = {name: value for name, value in asdict(self.work).items() if value is not None}
        hops = {"hops": self.hops} if self.hops else {}
        return json.dumps({"schema": SCHEMA, _KEYS[type(self.work)]: fields, "correlation": self.correlation, **hops})


def read(body: Mapping[str, object], kinds: Mapping[str, type[W]]) -> Message[W]:
    """Return the message of one of these kinds; raises InvalidInput for other bodies."""
    key = check(body, *kinds)
    work = codec.decode(kinds[key], body[key], name=key)
    hops = codec.read(int, body.get("hops", 0), name="hops")
    return Message(work, correlation(body, ""), hops)


def check(body: Mapping[str, object], *keys: str) -> str:
    """Return the one key of ``keys`` that a message has.

    Raises InvalidInput unless the message has our schema version and exactly one of the keys.
    """
    if (schema := body.get("schema")) != SCHEMA:
        raise InvalidInput(f"the message has schema {ascii(schema)[:20]}: this version of Lightship reads {SCHEMA}")
    found = [key for key in keys if key in body]
    if len(found) != 1:
        raise InvalidInput(f"the message must have exactly one of the keys {', '.join(keys)}")
    return found[0]


def correlation(body: Mapping[str, object], otherwise: str) -> str:
    """Return the correlation id of a message, an event's id, or else ``otherwise``.

    Longer ids are truncated to 128 characters; an id with unprintable characters is ignored.
    """
    found = body.get("correlation") or (body.get("id") if "detail-type" in body else None)
    return found[:_LONGEST_CORRELATION] if isinstance(found, str) and found.isprintable() else otherwise


def send(cloud: Cloud, *work: Work, correlation: str, hops: int = 0) -> None:
    """Send messages of one kind to its queue.

    Raises Unavailable where SQS refuses a message in each of several attempts.
    """
    bodies = [Message(item, correlation, hops).to_json() for item in work]
    for start in range(0, len(bodies), _BATCH):
        entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies[start : start + _BATCH])]
        _send_batch(cloud, _queue(cloud, work[0]), entries)


def _queue(cloud: Cloud, work: Work) -> str:
    return cloud.split_queue if type(work) in SPLITTING.values() else cloud.score_queue


def _send_batch(cloud: Cloud, queue: str, entries: list[dict[str, str]]) -> None:
    """Send entries, retrying those that SQS lists as failed in a successful response."""
    for _ in range(_ATTEMPTS):
        answer = cloud.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        refused = {entry["Id"] for entry in answer.get("Failed", [])}
        if not refused:
            return
        entries = [entry for entry in entries if entry["Id"] in refused]
    raise Unavailable(f"SQS refused {len(entries)} messages {_ATTEMPTS} times")
