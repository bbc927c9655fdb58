"""The process that opens models: ``python -m lightship.compiler.sandbox.child FD``, started by the sandbox.

Reads ``order.json`` in its working directory, confines itself, and runs the named module's ``build`` function. Whatever
it has to say goes to the pipe FD as JSON lines: ``{"stage", "done"}`` while it works, then ``{"result"}`` or
``{"error", "message"}``.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from lightship.compiler.sandbox import processes
from lightship.errors import LightshipError


def main(events: int) -> None:
    """Do the work; an error of ours is an event, any other one ends the process with a traceback on stderr."""
    pipe = os.fdopen(events, "wb", buffering=0)
    os.set_inheritable(events, False)  # what a model's code might start must not hold the pipe open
    order = json.loads(Path("order.json").read_bytes())
    processes.confine(order["limits"], order["parent"])

    def tell(**event: Any) -> None:
        pipe.write(json.dumps(event).encode() + b"\n")

    try:
        build = import_module(order["module"]).build
        tell(result=build(order["job"], lambda stage, done: tell(stage=stage, done=done)))
    except LightshipError as error:
        tell(error=error.code, message=error.message)
    except MemoryError:
        limit = order["limits"]["memory_bytes"] // 1024**3
        tell(error="source_refused", message=f"opening this model takes more than {limit} GiB of memory")


if __name__ == "__main__":
    main(int(sys.argv[1]))
