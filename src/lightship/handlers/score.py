"""A chunk of a data file: its rows are predicted and written. See :mod:`lightship.jobs.score.score`."""

from __future__ import annotations

import os
from functools import cache

from lightship.aws.stack import StackSettings
from lightship.handlers.queues import Message, Queue
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.score import score

# The share of an invocation after which one file of many parts continues by a message to the next one.
_SHARE = 0.75


def work(message: Message, cloud: Cloud) -> str:
    """Score what a message is about; returns the word of :func:`lightship.jobs.score.score.handle`."""
    return score.handle(message.body(), cloud, deadline=cloud.now() + _SHARE * message.remaining())


@cache
def _cloud() -> Cloud:
    return connect(StackSettings.from_environment(os.environ))


handler = Queue("score", lambda message: work(message, _cloud()))
