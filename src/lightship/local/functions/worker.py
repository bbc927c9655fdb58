"""A function instance: ``python -m lightship.local.functions.worker HANDLER FD``.

It runs in the folder of the function's code. It reads one invocation per line from standard input,
``{"event", "id", "deadline"}`` (epoch seconds), and writes one line to the pipe FD: ``{"result"}``, or
``{"error", "message"}`` if the handler raised. The first line reports whether the handler was imported. The handler's
output is its log.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.local import children

Handler = Callable[[Any, Any], Any]


class Context:
    """Lambda's context object.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def __init__(self, request: str, deadline: float) -> None:
        self._deadline = deadline
        self.aws_request_id = request
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = os.environ["LIGHTSHIP_LOCAL_ARN"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until this invocation is killed."""
        return max(0, int((self._deadline - time.time()) * 1000))


def load(name: str) -> Handler:
    """Return the handler ``module.function`` of this folder.

    For an image of several functions, the module may be in a sibling folder.
    """
    folder = Path.cwd()
    sys.path[:0] = [str(folder)]
    sys.path.append(str(folder.parent))
    module, _, function = name.replace("/", ".").rpartition(".")
    handler: Handler = getattr(import_module(module), function)
    return handler


def run(handler: Handler, line: bytes) -> bytes:
    """Return the answer to one invocation, as a line."""
    invocation = json.loads(line)
    try:
        result = handler(invocation["event"], Context(invocation["id"], invocation["deadline"]))
        return json.dumps({"result": result}).encode() + b"\n"
    except Exception as error:
        return _failure(error)


def main(name: str, answers: int) -> None:
    """Serve invocations until standard input ends."""
    os.set_inheritable(answers, False)
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    children.watch_parent(lines.put)
    with os.fdopen(answers, "wb", buffering=0) as pipe:
        try:
            handler = load(name)
        except BaseException as error:
            pipe.write(_failure(error))
            return
        pipe.write(b'{"result": null}\n')
        while (line := lines.get()) is not None:
            answer = run(handler, line)
            while answer:  # a raw pipe may accept only a part
                answer = answer[pipe.write(answer) :]


def _failure(error: BaseException) -> bytes:
    traceback.print_exception(error)
    return json.dumps({"error": type(error).__name__, "message": str(error)}).encode() + b"\n"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
