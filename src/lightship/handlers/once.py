"""A Lambda runtime for one invocation: ``python -m lightship.handlers.once FOLDER MODULE.FUNCTION``.

The entry point of the image that opens model files. A process that a model file has taken over could ask the Runtime
API, on the loopback interface, for the next event. So this runtime takes one event and ends: Lambda then kills
everything that is left in the execution environment and starts it anew for another event. ``/tmp`` survives that:
FOLDER is emptied before anything else.

The protocol is https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.errors import LightshipError
from lightship.handlers.runtime_client import RuntimeClient
from lightship.version import __version__

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Context:
    """What the handler learns of its invocation; ``deadline`` is in milliseconds since 1970."""

    aws_request_id: str
    deadline: int

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends this invocation."""
        return max(0, self.deadline - int(time.time() * 1000))


def serve(client: RuntimeClient, handler: Handler) -> None:
    """Take one event, and hand in its result or its error; raises RuntimeApiError."""
    event, headers = client.next()
    request = headers.get("Lambda-Runtime-Aws-Request-Id")
    context = Context(request, headers.get("Lambda-Runtime-Deadline-Ms"))
    try:
        result = json.dumps(handler(json.loads(event), context)).encode()
    except Exception as error:
        client.post_error(request, json.dumps(_describe(error)), "{}")
    else:
        client.post_invocation_result(request, result, "application/json")


def empty(folder: Path) -> None:
    """Remove everything in a folder; raises OSError where something cannot be removed."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _open_up(entry)
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _open_up(folder: Path) -> None:
    """Make folders below one, and itself, such that they can be removed: a model's code may have locked them."""
    folder.chmod(0o700)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _open_up(entry)


def _load(name: str) -> Handler:
    sys.path.insert(0, str(Path.cwd()))
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(import_module(module), function)
    return handler


def _describe(error: Exception) -> dict[str, Any]:
    """Return an error as Lambda's callers know it; the texts of foreign errors may quote what they were given."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{at.filename}:{at.lineno} {at.name}" for at in frames]
    message = error.message if isinstance(error, LightshipError) else "see the log of this function"
    print(json.dumps({"level": "ERROR", "message": type(error).__name__, "reason": message, "stack": places}))
    return {"errorType": type(error).__name__, "errorMessage": message}


def main(folder: Path, name: str) -> None:
    """Serve one invocation, whatever becomes of it, and end this process."""
    empty(folder)
    serve(RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"], f"lightship-once/{__version__}"), _load(name))
    sys.stdout.flush()
    os._exit(0)  # no thread of a library keeps the process


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
