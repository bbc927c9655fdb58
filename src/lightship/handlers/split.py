"""Split a dropped data file, a schedule's run or an unfinished job into chunks: :mod:`lightship.jobs.split.plan`.

Standard library and boto3 alone, with Powertools: the function is a zip file on the layer.
"""

from __future__ import annotations

import os
from functools import cache

from lightship.aws.stack import StackSettings
from lightship.handlers.queues import Message, Queue
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.split import plan

# The share of an invocation after which a job continues by a message to the next one.
_SHARE = 0.75


def work(message: Message, cloud: Cloud) -> str:
    """Split what a message is about; returns the word of :func:`lightship.jobs.split.plan.handle`."""
    return plan.handle(message.body(), cloud, deadline=cloud.now() + _SHARE * message.remaining())


@cache
def _cloud() -> Cloud:
    return connect(StackSettings.from_environment(os.environ))


handler = Queue("split", lambda message: work(message, _cloud()))
