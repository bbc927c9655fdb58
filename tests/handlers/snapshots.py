"""The function as SnapStart restores it: many processes with the memory of one.

Importing this module makes a handler, for which a process needs the environment of a function.
"""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

from lightship.handlers.predict import handler_for
from lightship.jobs import uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.storage import Storage

_predict = handler_for()
np.random.seed()  # the generator is part of the snapshot
os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_DEFAULT_REGION="eu-west-1")
_cloud = Cloud("bucket", "table", "split", "score", "s3://bucket/models", Storage(), dynamodb=None, sqs=None)
_cloud.storage.client  # noqa: B018 - boto3's client is part of the snapshot


def handler(event: Any, context: Any) -> Any:
    """Answer an event of the function, or ``{"draw": true}`` with random values."""
    if event == {"draw": True}:
        folder = uploads.begin(_cloud, owner="ann", name="rows.csv")["folder"]  # which becomes part of the job's id
        return {"random": random.random(), "numpy": np.random.random(), "folder": folder}
    return _predict(event, context)


class Restored(LambdaRuntimeClient):  # type: ignore[misc]
    """AWS's client of the Runtime API, which copies the process when it is restored.

    One copy after the other handles ``events`` events and ends.
    """

    def __init__(self, *, copies: int, events: int) -> None:
        super().__init__(os.environ["AWS_LAMBDA_RUNTIME_API"])
        self._copies = copies
        self._events = events

    def restore_next(self) -> None:
        """Wait for the restoration, and return in each copy."""
        super().restore_next()
        state = random.getstate()
        for _ in range(self._copies):
            child = os.fork()
            if not child:
                random.setstate(state)  # a fork renews the seed of `random`, a restoration does not
                return
            if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
                os._exit(code)
        os._exit(0)

    def wait_next_invocation(self) -> Any:
        """Return the next event; end after the last one."""
        if not self._events:
            os._exit(0)
        self._events -= 1
        return super().wait_next_invocation()


def restore(copies: int, events: int) -> None:
    """Run the function in copies of this process, taken at its snapshot."""
    bootstrap.run(f"{__name__}.handler", Restored(copies=copies, events=events))
