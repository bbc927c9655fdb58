"""This project's application for uvicorn instead of the default server."""

from __future__ import annotations

from lightship.app import core_for, create_app
from lightship.app.asgi import AsgiEntry

_core = core_for()
_core.serving.start()
app = AsgiEntry(_core, lambda: create_app(core=_core), fast_path=True)
