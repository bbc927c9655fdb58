"""PredictFunction's entry point. To extend the application, see docs/extend.md.

``Mangum(create_app(), lifespan="off")`` is a handler for an HTTP API, too. ``handler_for`` puts a fast path before it,
which answers predictions without FastAPI, and reads the events of other services and direct invocations.
"""

import gc

gc.disable()  # what starts here stays: looking for garbage in between finds nothing, and takes 3 of 120 ms

from lightship.app import create_app  # noqa: E402
from lightship.handlers.predict import handler_for  # noqa: E402

handler = handler_for(create_app)

gc.freeze()  # nor does any request look through it again
gc.enable()

__all__ = ["handler"]
