"""Resources of the running stack of ``lightship up``, for jobs that wait or fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lightship.aws.stack import StackSettings
from lightship.jobs.cloud import Cloud, connect
from tests import stacks


@contextmanager
def resources(folder: Path) -> Iterator[Cloud]:
    """Yield the resources of the stack that runs in a folder."""
    variables = stacks.variables(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield connect(StackSettings.from_environment(variables))


def delay(cloud: Cloud, seconds: int) -> None:
    """Let new messages wait in the score queue, so that no worker takes their chunks."""
    cloud.sqs.set_queue_attributes(QueueUrl=cloud.score_queue, Attributes={"DelaySeconds": str(seconds)})
