"""Metrics of a server for Prometheus.

Names: https://prometheus.io/docs/practices/naming/. Labels have few values regardless of what clients send: routes are
templates, only existing models and versions are named, and unknown HTTP methods are ``other``.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

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
        self._loaded = Gauge("lightship_model_loaded", "1 for each version in memory.", _VERSION, registry=registry)
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

    def exposition(self, loaded: Sequence[tuple[str, int]]) -> bytes:
        """Return all metrics in Prometheus's text format.

        ``loaded`` are the versions in memory.
        """
        with self._exposing:
            self._loaded.clear()
            for name, version in loaded:
                self._loaded.labels(name, version).set(1)
            return generate_latest(self._registry)
