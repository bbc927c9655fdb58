"""Core: the objects that settings describe, without FastAPI.

The same for the Lambda function, the server and ``create_app``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightship.dispatch.admission import Admission
from lightship.dispatch.cors import Cors
from lightship.dispatch.dispatcher import Dispatcher
from lightship.dispatch.entry import Entry
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.settings import Settings

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud
    from lightship.serving.concurrent import ConcurrentServing
    from lightship.telemetry.access import AccessLog
    from lightship.telemetry.exchange import Observer
    from lightship.telemetry.prometheus import Metrics

# Lambda returns at most 6 MiB, including the envelope and JSON escapes.
LARGEST_RESPONSE = 6 * 1024 * 1024 - 64 * 1024

# Returns the bucket, table and queues of jobs; None without them. Called by the first request about a job.
Jobs = Callable[[], "Cloud | None"]


@dataclass(frozen=True)
class Core:
    """The objects that answer requests.

    Attributes:
        settings: the settings it was created from.
        serving: the models.
        entry: admission and dispatch.
        jobs: see :data:`Jobs`.
        server: what only a server has; None on Lambda, where requests arrive one at a time.
        local_only: whether requests from other machines are refused.
    """

    settings: Settings
    serving: Serving
    entry: Entry
    jobs: Jobs
    server: ServerParts | None = None
    local_only: bool = False


# The core of a server that creates the application of a user.
CORE: ContextVar[Core | None] = ContextVar("CORE", default=None)


@dataclass(frozen=True)
class ServerParts:
    """The parts of a core that only a long-running server has.

    Attributes:
        serving: the models with a server's threads.
        metrics: counts requests for ``GET /metrics``.
        access_log: writes a line per request; None where the settings disable it.
    """

    serving: ConcurrentServing
    metrics: Metrics
    access_log: AccessLog | None

    @property
    def observers(self) -> Sequence[Observer]:
        """Return the functions to call for each request."""
        return [self.metrics.observe, *([self.access_log] if self.access_log else [])]

    def close(self) -> None:
        """Wait for running calls, end the threads, and write the log's last lines."""
        self.serving.close()
        if self.access_log is not None:
            self.access_log.close()


def assemble(
    settings: Settings,
    *,
    threads: bool,
    jobs: Jobs = lambda: None,
    hosts: Collection[str] = (),
    local_only: bool = False,
) -> Core:
    """Return the core for these settings.

    Args:
        settings: see :class:`Settings`.
        threads: whether requests arrive concurrently, as on a server.
        jobs: see :data:`Jobs`.
        hosts: values accepted in ``Host`` where the settings have none.
        local_only: see :class:`Core`.
    """
    registry = Registry(settings.registry, cache=settings.cache)
    options = Options(
        settings.default_model,
        settings.refresh,
        settings.memory,
        caches=settings.response_cache,
        transforms=settings.transforms,
    )
    server = _server_parts(registry, options, settings) if threads else None
    serving = server.serving.serving if server else Serving(registry, options)
    dispatcher = Dispatcher(serving, settings, metrics=server.metrics.exposition if server else None)
    hosts = settings.allowed_hosts or hosts
    admission = Admission(dispatcher, token=settings.token, hosts=hosts, origins=settings.cors_origins)
    entry = Entry(dispatcher, admission, Cors(settings.cors_origins), settings.max_body)
    return Core(settings, serving, entry, jobs, server, local_only)


def _server_parts(registry: Registry, options: Options, settings: Settings) -> ServerParts:
    from lightship.serving.concurrent import ConcurrentServing  # imported here: Lambda starts faster without these
    from lightship.serving.threads import Threads
    from lightship.telemetry.access import AccessLog
    from lightship.telemetry.prometheus import Metrics, SharedMetrics

    threads = Threads(settings.threads, rows=settings.batch_rows, window=settings.batch_window)
    # Not sys.stdout itself: if its reader has gone, flushing its buffer at exit would fail the process.
    access_log = AccessLog(os.fdopen(os.dup(1), "w")) if settings.access_log else None
    metrics = Metrics() if settings.worker is None else SharedMetrics(settings.worker)
    return ServerParts(ConcurrentServing(registry, options, threads), metrics, access_log)
