"""Messages of the job queues that come back from the dead letters: their work is tried again from the start.

A chunk, or a splitting, that failed as often as its message could come counts as given up, and its job as incomplete.
When the message can come that often again, so may the work fail.
"""

from __future__ import annotations

from collections.abc import Mapping

from lightship.aws.events import ObjectCreated
from lightship.errors import InvalidInput
from lightship.jobs import messages, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.messages import SCORING, SPLITTING, Plan, Score, Split


def revive(body: Mapping[str, object], cloud: Cloud) -> None:
    """Give a message's work all its attempts again, and begin the job of a dropped file; ignore any other body."""
    try:
        event = ObjectCreated.from_event(body)
        if event is None:
            _revive(messages.read(body, {**SPLITTING, **SCORING}).work, cloud)
        elif job := starting.from_event(cloud, event, messages.correlation(body, "")):
            Ledger(cloud).jobs.revive(job.id)
    except InvalidInput:
        return


def _revive(work: messages.Work, cloud: Cloud) -> None:
    match work:
        case Score():
            Ledger(cloud).chunks.revive(work.job, [work.index])
        case Split() | Plan():
            Ledger(cloud).jobs.revive(work.job)
