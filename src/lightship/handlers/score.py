"""Handler of the score queue: predicts the rows of a chunk of a data file.

See :mod:`lightship.jobs.score.score`.
"""

from __future__ import annotations

import os
from functools import cache

from lightship.aws.stack import StackSettings
from lightship.handlers.queues import Message, Queue
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.score import score

# The fraction of the invocation's time after which a file of many parts continues in a new message.
_SHARE = 0.75


def work(message: Message, cloud: Cloud) -> str:
    """Score the chunk of a message.

    Returns the outcome word of :func:`lightship.jobs.score.score.handle`.
    """
    return score.handle(message.body(), cloud, deadline=cloud.now() + _SHARE * message.remaining())


@cache
def _cloud() -> Cloud:
    return connect(StackSettings.from_environment(os.environ))


handler = Queue("score", lambda message: work(message, _cloud()))
