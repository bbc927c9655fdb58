"""Messages redriven from dead-letter queues: their work's attempts are reset.

A chunk, or a splitting, that failed as often as SQS delivers its message counts as given up, and its job as incomplete.
When the message is redriven, SQS delivers it as often again, so the ledger must allow as many attempts again.
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
    """Reset the attempts of a message's work; ignore any other body.

    An event of an uploaded file creates its job first.
    """
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
