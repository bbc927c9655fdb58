"""This project's application, ``app``, for another server than the one that it is shipped with."""

from __future__ import annotations

from lightship.app.assembly import assemble
from lightship.registry.registry import Registry
from lightship.settings import Settings

settings = Settings.from_environment()
_catalogue, app = assemble(
    settings, Registry(settings.registry, cache=settings.cache), threads=settings.threads, max_answer=0
)
_catalogue.start()
