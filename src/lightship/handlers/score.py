"""Handler of the score queue: scores chunks of data files and finishes jobs.

See :mod:`lightship.jobs.score.score`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache

from lightship.aws.stack import StackSettings
from lightship.handlers.queues import Message, QueueHandler
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.score import score
from lightship.settings import TransformSettings

# The fraction of the invocation's time after which joining a file of many parts continues in a new message.
_SHARE = 0.75


def work(message: Message, cloud: Cloud) -> str:
    """Handle a message of the score queue.

    Returns the outcome word of :func:`lightship.jobs.score.score.handle`.
    """
    return score.handle(message.body(), cloud, deadline=cloud.now() + _SHARE * message.remaining())


@cache
def _cloud() -> Cloud:
    cloud = connect(StackSettings.from_environment(os.environ))
    return replace(cloud, transforms=TransformSettings.from_environment(os.environ))


handler = QueueHandler("score", lambda message: work(message, _cloud()))
