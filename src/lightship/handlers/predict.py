"""``handler_for``: the application as a Lambda handler for API Gateway, Function URLs, load balancers and VPC Lattice.

Making the handler loads the default model, so that Lambda's initialisation, which has a full processor, pays for it and
not the first request.

Lambda ends an initialisation on demand after 10 seconds and starts it again from nothing, while the first request
waits. TensorFlow can take longer, so its image sets ``LIGHTSHIP_INIT_SECONDS``: after that time the model continues to
load in a thread, and a request waits for the rest of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

from lightship import app
from lightship.app.core import Core
from lightship.errors import SettingError
from lightship.handlers.gateway import Gateway

if TYPE_CHECKING:
    from lightship.app.application import Application


def handler_for(create_app: Callable[[], Application] = app.create_app, *, fast_path: bool | None = None) -> Gateway:
    """Return the Lambda handler of an application.

    Args:
        create_app: ``lightship.create_app``, or a function that extends what it returns.
        fast_path: whether requests of the protocols are answered without FastAPI. By default they are for
            ``lightship.create_app`` itself; then FastAPI is imported when another path is first asked for. An extended
            application has them answered by its routes, so that its middleware and dependencies see them.

    Raises:
        SettingError: the application has middleware, a lifespan, dependencies or routes that the fast path would skip.
    """
    if create_app is app.create_app and fast_path is not False:
        core = app.core_for(on_lambda=True)
        handler = Gateway(core, lambda: app.create_app(core=core))
    else:
        before = app.FOR_LAMBDA.set(True)
        try:
            handler = _extended(create_app(), fast_path=bool(fast_path))
        finally:
            app.FOR_LAMBDA.reset(before)
    _load_default(handler.core)
    return handler


def _extended(application: object, *, fast_path: bool) -> Gateway:
    from lightship.app.application import Application

    if not isinstance(application, Application):
        kind = type(application).__name__
        raise SettingError(
            f"handler_for was given a function that returns {kind}: extend what lightship.create_app() returns"
        )
    if fast_path:
        application.check_fast_path()
    return Gateway(application.core, lambda: application, fast_path=fast_path, lifespan=application.lifespan_mode)


def _load_default(core: Core) -> None:
    """Load the default model; where it fails, a request and readiness report why."""
    seconds = core.settings.init_seconds
    if seconds and os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand":
        loading = Thread(target=core.serving.load_default, daemon=True)
        loading.start()
        loading.join(seconds)
    else:  # also with provisioned concurrency, which has minutes and no request that waits
        core.serving.load_default()
