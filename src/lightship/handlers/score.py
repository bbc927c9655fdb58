"""A chunk of a data file: its rows are predicted and written. See :mod:`lightship.jobs.score`."""

from __future__ import annotations

from functools import cache

from lightship.handlers.places import Places
from lightship.handlers.queues import Message, Queue, expect
from lightship.jobs import score
from lightship.jobs.cloud import Cloud


def work(message: Message, cloud: Cloud) -> str:
    """Score what a message is about; returns the word of :func:`lightship.jobs.score.handle`."""
    return score.handle(expect(message.body(), "chunk", "plan", "finish"), cloud)


@cache
def _cloud() -> Cloud:
    return Places.from_environment().cloud()


handler = Queue("score", lambda message: work(message, _cloud()))
