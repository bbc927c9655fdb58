"""Core: what settings describe, without FastAPI; the same for the Lambda function, the server and ``create_app``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightship.dispatch.admission import Admission
from lightship.dispatch.cors import Cors
from lightship.dispatch.dispatcher import Dispatcher
from lightship.dispatch.entry import Entry
from lightship.dispatch.operations import Exposition
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.settings import Settings

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud
    from lightship.serving.concurrent import ConcurrentServing

# Lambda returns at most 6 MiB, the envelope and its JSON escapes included.
LARGEST_EVENT = 6 * 1024 * 1024 - 64 * 1024

# Returns the bucket, table and queues of jobs; None where there are none. Called when the first job is asked for.
Jobs = Callable[[], "Cloud | None"]


@dataclass(frozen=True)
class Core:
    """What answers requests.

    Attributes:
        settings: the settings it was made from.
        serving: the models.
        entry: admission and dispatch.
        concurrent: the models with a server's threads; None on Lambda, where requests come one at a time.
        jobs: see :data:`Jobs`.
    """

    settings: Settings
    serving: Serving
    entry: Entry
    concurrent: ConcurrentServing | None
    jobs: Jobs


def assemble(
    settings: Settings,
    *,
    threads: bool,
    jobs: Jobs = lambda: None,
    hosts: Collection[str] = (),
    metrics: Exposition | None = None,
) -> Core:
    """Return the core for these settings.

    Args:
        settings: what the environment says.
        threads: whether several requests come at a time: a server's case, not Lambda's.
        jobs: see :data:`Jobs`.
        hosts: names that ``Host`` may have, where the settings name none.
        metrics: see :class:`Dispatcher`.
    """
    registry = Registry(settings.registry, cache=settings.cache)
    options = Options(
        default=settings.default_model,
        refresh=settings.refresh,
        memory=settings.memory,
        caches=settings.response_cache,
    )
    concurrent = _concurrent(registry, options, settings) if threads else None
    serving = concurrent.serving if concurrent else Serving(registry, options)
    dispatcher = Dispatcher(serving, max_answer=settings.max_answer, allow_admin=settings.allow_admin, metrics=metrics)
    admission = Admission(
        dispatcher,
        token=settings.token,
        hosts=settings.allowed_hosts or hosts,
        origins=settings.cors_origins,
    )
    entry = Entry(dispatcher, admission, Cors(settings.cors_origins), settings.max_body)
    return Core(settings, serving, entry, concurrent, jobs)


def _concurrent(registry: Registry, options: Options, settings: Settings) -> ConcurrentServing:
    from lightship.serving.concurrent import ConcurrentServing  # Lambda has no threads, and starts sooner without
    from lightship.serving.threads import Threads

    threads = Threads(settings.threads, rows=settings.batch_rows, window=settings.batch_window)
    return ConcurrentServing(registry, options, threads)
