"""Entry point of PredictFunction; see docs/extend.md to extend the application.

``Mangum(create_app(), lifespan="off")`` is a handler for an HTTP API, too. ``handler_for`` adds a fast path, which
serves predictions without FastAPI, and supports events of other services and direct invocations.
"""

import gc

gc.disable()  # objects created at start are kept: collections in between free nothing and take 3 of 120 ms

from lightship.app import create_app  # noqa: E402
from lightship.handlers.predict import handler_for  # noqa: E402

handler = handler_for(create_app)

gc.freeze()  # excludes these objects from later collections
gc.enable()

__all__ = ["handler"]
