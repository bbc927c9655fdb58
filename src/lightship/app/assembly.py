"""Settings become the objects that they describe: the same for the Lambda function and the long-running server."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from lightship.app.front import Front
from lightship.app.shell import Shell
from lightship.dispatch.cors import Cors
from lightship.dispatch.dispatcher import Exposition, Service
from lightship.registry.registry import Registry
from lightship.serving.serving import Catalogue
from lightship.settings import Settings

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud


def assemble(
    settings: Settings,
    registry: Registry,
    *,
    threads: int,
    max_answer: int,
    jobs: Callable[[], Cloud | None] = lambda: None,
    hosts: Collection[str] = (),
    metrics: Exposition | None = None,
) -> tuple[Catalogue, Front]:
    """The catalogue and the shell in front of it; ``threads`` and ``max_answer`` (bytes) depend on where they run.

    ``jobs`` is as in :class:`Shell`; ``hosts`` too, where the settings name none. ``metrics`` is as in
    :class:`lightship.dispatch.dispatcher.Service`.
    """
    catalogue = Catalogue(
        registry,
        default=settings.default_model,
        refresh=settings.refresh,
        threads=threads,
        batch_rows=settings.batch_rows,
        batch_window=settings.batch_window,
        memory=settings.memory,
        caches=settings.response_cache,
    )
    service = Service(catalogue, max_answer, settings.allow_admin, metrics)
    shell = Shell(
        service,
        token=settings.token,
        max_body=settings.max_body,
        jobs=jobs,
        body_seconds=settings.body_seconds,
        bodies=settings.bodies,
        hosts=settings.allowed_hosts or hosts,
        origins=settings.cors_origins,
    )
    return catalogue, Front(shell, Cors(settings.cors_origins))
