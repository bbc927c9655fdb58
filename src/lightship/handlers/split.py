"""Handler of the split queue: splits data files, starts runs and retries chunks.

See :mod:`lightship.jobs.split.plan`. It imports only the standard library, clients of AWS and Powertools: without the
packages of models, which splitting does not need, it starts in half the time.
"""

from __future__ import annotations

import os
from functools import cache

from lightship.aws.stack import StackSettings
from lightship.handlers.queues import Message, QueueHandler
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.split import plan

# The fraction of the invocation's time after which the work continues in a new message.
_SHARE = 0.75


def work(message: Message, cloud: Cloud) -> str:
    """Handle a message of the split queue.

    Returns the outcome word of :func:`lightship.jobs.split.plan.handle`.
    """
    return plan.handle(message.body(), cloud, deadline=cloud.now() + _SHARE * message.remaining())


@cache
def _cloud() -> Cloud:
    return connect(StackSettings.from_environment(os.environ))


handler = QueueHandler("split", lambda message: work(message, _cloud()))
