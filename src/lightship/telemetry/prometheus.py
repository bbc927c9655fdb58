"""Metrics of a server for Prometheus.

Names: https://prometheus.io/docs/practices/naming/. Labels have few values regardless of what clients send: routes are
templates, only existing models and versions are named, and unknown HTTP methods are ``other``.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from lightship.telemetry.exchange import Exchange

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# Upper bounds in seconds: a small model answers within half a millisecond, a large batch in seconds.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_VERSION = ("model", "version")


class Metrics:
    """The metrics of one server, in a separate collector registry."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "lightship_requests",
            "Requests by method, route, status, model and version.",
            ("method", "route", "status", *_VERSION),
            registry=registry,
        )
        self._refusals = Counter(
            "lightship_refusals",
            "Refused requests by error code.",
            ("code", *_VERSION),
            registry=registry,
        )
        self._seconds = Histogram(
            "lightship_request_duration_seconds",
            "Seconds from the head of a request to the end of its response.",
            ("route", *_VERSION),
            registry=registry,
            buckets=_BUCKETS,
        )
        self._rows = Counter("lightship_rows", "Rows of answered predictions.", _VERSION, registry=registry)
        self._loaded = Gauge(
            "lightship_model_loaded",
            "Processes that have a version in memory.",
            _VERSION,
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._exposing = threading.Lock()

    def observe(self, exchange: Exchange) -> None:
        """Count one request."""
        method = exchange.method if exchange.method in _METHODS else "other"
        version = str(exchange.version) if exchange.version else ""
        self._requests.labels(method, exchange.route, exchange.status, exchange.model, version).inc()
        self._seconds.labels(exchange.route, exchange.model, version).observe(exchange.seconds)
        if exchange.refusal:
            self._refusals.labels(exchange.refusal, exchange.model, version).inc()
        elif exchange.rows:
            self._rows.labels(exchange.model, version).inc(exchange.rows)

    def record_loaded(self, loaded: Sequence[tuple[str, int]]) -> None:
        """Record the versions in memory."""
        self._loaded.clear()
        for name, version in loaded:
            self._loaded.labels(name, version).set(1)

    def exposition(self, loaded: Sequence[tuple[str, int]]) -> bytes:
        """Return all metrics in Prometheus's text format.

        ``loaded`` are the versions in memory.
        """
        with self._exposing:
            self.record_loaded(loaded)
            return generate_latest(self._registry)


class SharedMetrics(Metrics):
    """The metrics of one of the workers of a server, whose exposition is that of all.

    They are kept in the folder ``PROMETHEUS_MULTIPROC_DIR``, in files of this worker's number: a process that replaces
    it continues its counts. They have no metrics of processes and no times of creation.

    Args:
        number: of this worker, from 0.
    """

    def __init__(self, number: int) -> None:
        values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
        super().__init__()
        self._recorded: set[tuple[str, int]] = set()

    def record_loaded(self, loaded: Sequence[tuple[str, int]]) -> None:
        """Record the versions in memory; those that are no longer have the value 0."""
        for name, version in self._recorded.difference(loaded):
            self._loaded.labels(name, version).set(0)
        for name, version in set(loaded) - self._recorded:
            self._loaded.labels(name, version).set(1)
        self._recorded = set(loaded)

    def exposition(self, loaded: Sequence[tuple[str, int]]) -> bytes:
        """Return the sums over all workers in Prometheus's text format.

        ``loaded`` is not used: each worker has recorded its own versions.
        """
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
