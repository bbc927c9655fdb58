"""``handler_for``: the application as a Lambda handler for HTTP events.

It serves API Gateway, Function URLs, load balancers and VPC Lattice. Making the handler loads the default model, so
that this happens during Lambda's initialisation, which has a full processor, and not during the first request.

Lambda stops an on-demand initialisation after 10 seconds and restarts it from the beginning, while the first request
waits. TensorFlow can take longer, so its image sets ``LIGHTSHIP_INIT_SECONDS``: after that time the model continues to
load in a thread, and a request waits until it is loaded.
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

_INITIALIZATION = "AWS_LAMBDA_INITIALIZATION_TYPE"


def handler_for(create_app: Callable[[], Application] = app.create_app, *, fast_path: bool | None = None) -> Gateway:
    """Return the Lambda handler of an application.

    Args:
        create_app: ``lightship.create_app``, or a function that extends the application it returns.
        fast_path: whether protocol requests are answered without FastAPI. The default is True for
            ``lightship.create_app`` itself, which imports FastAPI at the first request to another path, and False for
            an extended application, whose routes answer them, so that its middleware and dependencies apply.

    Raises:
        SettingError: ``create_app`` returns anything but an application; or, with ``fast_path``, the application has
            middleware, a lifespan, dependencies or routes that the fast path would skip.
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
    if os.environ.get(_INITIALIZATION) == "snap-start":
        from lightship.handlers import snapshot  # imported here: other functions start faster without

        snapshot.register(handler.core.entry.dispatcher)
    return handler


def _extended(application: object, *, fast_path: bool) -> Gateway:
    from lightship.app.application import Application

    if not isinstance(application, Application):
        kind = type(application).__name__
        raise SettingError(
            f"handler_for needs a function that returns the application of lightship.create_app(), got {kind}"
        )
    if fast_path:
        application.check_fast_path()
    return Gateway(application.core, lambda: application, fast_path=fast_path, lifespan=application.lifespan_mode)


def _load_default(core: Core) -> None:
    """Load the default model; if it fails, requests and readiness report the reason."""
    seconds = core.settings.init_seconds
    if seconds and os.environ.get(_INITIALIZATION, "on-demand") == "on-demand":
        loading = Thread(target=core.serving.load_default, daemon=True)
        loading.start()
        loading.join(seconds)
    else:  # provisioned concurrency and SnapStart have minutes to initialise, while no request waits
        core.serving.load_default()
