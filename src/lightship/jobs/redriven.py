"""Messages of the job queues that come back from the dead letters: what they are about is tried again from the start.

A chunk, or a splitting, that failed as often as its message could come counts as given up, and its job as incomplete.
When the message can come that often again, so may the work fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.errors import InvalidInput
from lightship.jobs import starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger


def revive(message: Mapping[str, Any], cloud: Cloud) -> None:
    """Give what a message is about all its attempts again; a message that nobody can read is about nothing.

    A job that a dropped file should have begun is begun.
    """
    try:
        _revive(message, cloud)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidInput):
        return


def _revive(message: Mapping[str, Any], cloud: Cloud) -> None:
    ledger = Ledger(cloud)
    if "chunk" in message:
        ledger.revive(str(message["chunk"]["job"]), [int(message["chunk"]["index"])])
    for what in ("split", "plan"):
        if what in message:
            ledger.revive_splitting(str(message[what]["job"]))
    if "detail" in message and (job := starting.dropped(cloud, message)):
        ledger.revive_splitting(job.id)
