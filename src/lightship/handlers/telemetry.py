"""Structured logs, metrics and traces of queue-triggered functions.

Powertools for AWS Lambda turns what the library logs with Python's ``logging`` into JSON lines, with the correlation id
of the current record. The HTTP function does not import this module, because it must start faster.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Lightship"


class Telemetry:
    """Logger, metrics and tracer of one function.

    Args:
        function: its name, the ``function`` of each log line and the ``service`` of each metric.
    """

    def __init__(self, function: str) -> None:
        # Powertools names its logger after the service: "lightship" makes it the parent of all loggers of the library.
        existing = getattr(logging.getLogger("lightship"), "powertools_handler", None)
        self._logger = Logger(service="lightship", logger_handler=existing or _Stdout())
        self._metrics = Metrics(namespace=NAMESPACE, service=function)
        self._function = function
        self._tracer = _tracer(function)

    @contextmanager
    def record(self, correlation: str, **keys: Any) -> Iterator[None]:
        """Add keys to the log lines of one record, and trace it as a subsegment."""
        self._logger.append_keys(function=self._function, correlation_id=correlation, **keys)
        try:
            if self._tracer is None:
                yield
            else:
                with self._tracer.provider.in_subsegment(f"## {self._function}") as segment:
                    segment.put_annotation("correlation", correlation)
                    yield
        finally:
            self._logger.clear_state()

    def count(self, outcome: str) -> None:
        """Count one record with this outcome, such as ``published`` or ``failed``."""
        self._metrics.add_metric(name=outcome.capitalize(), unit=MetricUnit.Count, value=1)

    def flush(self) -> None:
        """Write this invocation's metrics, in CloudWatch's embedded format."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()


class _Stdout(logging.StreamHandler[Any]):
    """A handler that writes to the current ``sys.stdout``, as ``print`` does."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """Return the current standard output."""
        return sys.stdout

    @stream.setter
    def stream(self, value: Any) -> None:
        raise AttributeError("the stream is always the standard output")


def _tracer(function: str) -> Any:
    """Return a tracer inside Lambda, else None.

    None also without X-Ray's library, which takes half as long to import as boto3.
    """
    if not os.environ.get("LAMBDA_TASK_ROOT") or os.environ.get("AWS_SAM_LOCAL") or find_spec("aws_xray_sdk") is None:
        return None
    from aws_lambda_powertools import Tracer

    return Tracer(service=function, patch_modules=("botocore",))
