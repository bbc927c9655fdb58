"""What awslambdaric, the runtime that runs a function of ours, does by our means: JSON, and the way to Lambda.

It does so for every event, whatever the handler is; together they are half of a small prediction's time. Where this
process is run by something else, or by a runtime of another make, all of it stays as it was.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from lightship.handlers.marshaller import Marshaller
from lightship.handlers.runtime_client import RuntimeClient

_RUNTIME = "awslambdaric.lambda_runtime_client"


def install() -> None:
    """Give this process's runtime our marshaller and our client; again is once."""
    module: Any = sys.modules.get(_RUNTIME)
    client: Any = getattr(module, "LambdaRuntimeClient", None)
    usual = getattr(client, "marshaller", None)
    if usual is not None and not isinstance(usual, Marshaller):
        client.marshaller = Marshaller(usual)
    usual = getattr(module, "runtime_client", None)
    if usual is not None and not isinstance(usual, RuntimeClient) and _one_event_at_a_time():
        module.runtime_client = RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
        client.wait_next_invocation = _without_a_thread(client.wait_next_invocation)


def _one_event_at_a_time() -> bool:
    return "AWS_LAMBDA_RUNTIME_API" in os.environ and "AWS_LAMBDA_MAX_CONCURRENCY" not in os.environ


def _without_a_thread(usual: Any) -> Any:
    """``wait_next_invocation`` in the main thread, which our client does not keep from its signals."""

    def wait_next_invocation(client: Any) -> Any:
        client.use_thread_for_polling_next = False
        return usual(client)

    return wait_next_invocation
