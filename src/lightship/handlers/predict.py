"""The HTTP API as a Lambda function: an API Gateway event through Mangum into the shell.

Importing this module loads the default model, so that Lambda's initialisation, which has a full processor, pays for
it and not the first request.
"""

from __future__ import annotations

import contextlib

from lightship.app.assembly import assemble
from lightship.errors import LightshipError
from lightship.handlers import places, runtime
from lightship.handlers.gateway import Gateway
from lightship.registry import Registry
from lightship.settings import Settings

# Lambda returns at most 6 MiB, the envelope and its JSON escapes included.
LARGEST_ANSWER = 6 * 1024 * 1024 - 64 * 1024

settings = Settings.from_environment()
catalogue, shell = assemble(
    settings,
    Registry(settings.registry),
    threads=0,
    max_answer=settings.max_answer or LARGEST_ANSWER,
    jobs=places.jobs,
)
handler = Gateway(shell)
runtime.install()

with contextlib.suppress(LightshipError):  # a request, and readiness, will say what is wrong
    catalogue.load(catalogue.default_name())
