"""The HTTP API as a Lambda function: an API Gateway event through Mangum into the shell.

Importing this module loads the default model, so that Lambda's initialisation, which has a full processor, pays for
it and not the first request.

Lambda ends an initialisation on demand after 10 seconds and starts it again from nothing, while the first request
waits. TensorFlow can take longer, so its image sets ``LIGHTSHIP_INIT_SECONDS``: after that time the model continues to
load in a thread, and a request waits for the rest of it.
"""

from __future__ import annotations

import contextlib
import os
from threading import Thread

from lightship.app.assembly import assemble
from lightship.errors import LightshipError
from lightship.handlers import places
from lightship.handlers.gateway import Gateway
from lightship.registry.registry import Registry
from lightship.settings import Settings

# Lambda returns at most 6 MiB, the envelope and its JSON escapes included.
LARGEST_ANSWER = 6 * 1024 * 1024 - 64 * 1024

settings = Settings.from_environment()
catalogue, shell = assemble(
    settings,
    Registry(settings.registry, cache=settings.cache),
    threads=0,
    max_answer=settings.max_answer or LARGEST_ANSWER,
    jobs=places.jobs,
)
if settings.metrics:
    from lightship.telemetry import embedded

    handler = Gateway(shell, base_path=settings.base_path, observe=embedded.write)
else:
    handler = Gateway(shell, base_path=settings.base_path)


def _load_default() -> None:
    with contextlib.suppress(LightshipError):  # a request, and readiness, will say what is wrong
        catalogue.load(catalogue.default_name())


if settings.init_seconds and os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand":
    _loading = Thread(target=_load_default, daemon=True)
    _loading.start()
    _loading.join(settings.init_seconds)
else:  # also with provisioned concurrency, which has minutes and no request that waits
    _load_default()
