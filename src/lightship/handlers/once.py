"""Lambda runtime for a single invocation, then the process ends.

``python -m lightship.handlers.once FOLDER MODULE.FUNCTION`` is the entry point of the image that opens model files. A
process that a model file has taken control of could request the next event from the Runtime API on the loopback
interface. So this runtime takes one event and ends; Lambda then kills every process left in the execution environment
and restarts it for the next event. ``/tmp`` survives the restart, so FOLDER is emptied before anything else.

Protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
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
    """Lambda's context object; ``deadline`` is in milliseconds since 1970."""

    aws_request_id: str
    deadline: int

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends this invocation."""
        return max(0, self.deadline - int(time.time() * 1000))


def serve(client: RuntimeClient, handler: Handler) -> None:
    """Take one event and post its result or its error; raises RuntimeApiError."""
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
    """Remove everything in a folder; raises OSError if something cannot be removed."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _make_removable(entry)
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _make_removable(folder: Path) -> None:
    """Set the mode of a folder and its subfolders so that they can be removed.

    Code of a model may have withdrawn the permissions.
    """
    folder.chmod(0o700)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _make_removable(entry)


def _load(name: str) -> Handler:
    sys.path.insert(0, str(Path.cwd()))
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(import_module(module), function)
    return handler


def _describe(error: Exception) -> dict[str, Any]:
    """Log an error and return it in the form of Lambda's error responses.

    Messages of other libraries' errors are left out, because they may quote their input.
    """
    frames = traceback.extract_tb(error.__traceback__)
    stack = [f"{at.filename}:{at.lineno} {at.name}" for at in frames]
    message = error.message if isinstance(error, LightshipError) else "see the log of this function"
    print(json.dumps({"level": "ERROR", "message": type(error).__name__, "reason": message, "stack": stack}))
    return {"errorType": type(error).__name__, "errorMessage": message}


def main(folder: Path, name: str) -> None:
    """Serve one invocation and end this process."""
    empty(folder)
    serve(RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"], f"lightship-once/{__version__}"), _load(name))
    sys.stdout.flush()
    os._exit(0)  # ends threads that libraries have left


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
