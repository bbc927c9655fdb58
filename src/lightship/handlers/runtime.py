"""What awslambdaric, the runtime that runs a function of ours, does by our means: JSON, and the way to Lambda.

It does so for every event, whatever the handler is. Where this process is run by something else, by a version that
nobody has tried, or for several events at once, all of it stays as it was.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from lightship.handlers.marshaller import Marshaller
from lightship.handlers.runtime_client import RuntimeClient

# Versions of awslambdaric whose parts are known to fit: the tests run with one of the newest.
OLDEST, NEWEST = (2, 2), (4, 2)

_RUNTIME = "awslambdaric.lambda_runtime_client"


def install() -> None:
    """Give this process's runtime our marshaller and our client; again is once."""
    runtime: Any = sys.modules.get(_RUNTIME)
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API")
    if runtime is None or address is None or "AWS_LAMBDA_MAX_CONCURRENCY" in os.environ or not _is_known(runtime):
        return
    if isinstance(runtime.runtime_client, RuntimeClient):
        return
    client = runtime.LambdaRuntimeClient
    client.marshaller = Marshaller(client.marshaller)
    client.wait_next_invocation = _without_a_thread(client.wait_next_invocation)
    runtime.runtime_client = RuntimeClient(address, runtime._user_agent())


def _is_known(runtime: Any) -> bool:
    found = re.match(r"(\d+)\.(\d+)\.", getattr(runtime, "__version__", ""))
    return found is not None and OLDEST <= (int(found[1]), int(found[2])) <= NEWEST


def _without_a_thread(usual: Any) -> Any:
    """``wait_next_invocation`` in the main thread, which our client does not keep from its signals."""

    def wait_next_invocation(client: Any) -> Any:
        client.use_thread_for_polling_next = False
        return usual(client)

    return wait_next_invocation
