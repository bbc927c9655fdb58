"""Handler of the split queue: splits data files, scheduled runs and jobs.

See :mod:`lightship.jobs.split.plan`. It imports only the standard library, boto3 and Powertools: the function is a zip
file on the layer.
"""

from __future__ import annotations

import os
from functools import cache

from lightship.aws.stack import StackSettings
from lightship.handlers.queues import Message, Queue
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.split import plan

# The fraction of the invocation's time after which a job continues in a new message.
_SHARE = 0.75


def work(message: Message, cloud: Cloud) -> str:
    """Split the file of a message.

    Returns the outcome word of :func:`lightship.jobs.split.plan.handle`.
    """
    return plan.handle(message.body(), cloud, deadline=cloud.now() + _SHARE * message.remaining())


@cache
def _cloud() -> Cloud:
    return connect(StackSettings.from_environment(os.environ))


handler = Queue("split", lambda message: work(message, _cloud()))
