"""The HTTP API as a Lambda function: an API Gateway event through Mangum into the shell.

Importing this module loads the default model, so that Lambda's initialisation, which has a full processor, pays for
it and not the first request.
"""

from __future__ import annotations

import contextlib

from lightship.answer import Service
from lightship.app.shell import Shell
from lightship.errors import LightshipError
from lightship.handlers.gateway import Gateway
from lightship.registry import Registry
from lightship.serving.catalogue import Catalogue
from lightship.settings import Settings

# Lambda returns at most 6 MiB, the envelope and its JSON escapes included.
LARGEST_ANSWER = 6 * 1024 * 1024 - 64 * 1024

settings = Settings.from_environment()
catalogue = Catalogue(
    Registry(settings.registry), default=settings.default_model, refresh=settings.refresh, memory=settings.memory
)
shell = Shell(
    Service(catalogue, max_answer=settings.max_answer or LARGEST_ANSWER),
    token=settings.token,
    max_body=settings.max_body,
)
handler = Gateway(shell)

with contextlib.suppress(LightshipError):  # a request, and readiness, will say what is wrong
    catalogue.load(catalogue.default_name())
