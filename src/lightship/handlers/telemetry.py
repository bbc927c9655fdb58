"""Structured logs, metrics and traces of the functions that queues start, by Powertools for AWS Lambda.

What the library logs with Python's own ``logging`` becomes a JSON line here, with the correlation id of the record that
is being worked on. Nothing here is imported by the function that answers HTTP, which must start sooner.
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
    """What one function says of its work.

    Args:
        function: its name, the ``function`` of each log line and the ``service`` of each metric.
    """

    def __init__(self, function: str) -> None:
        # Powertools names its logger after the service: so named, it is the parent of all loggers of the library.
        known = getattr(logging.getLogger("lightship"), "powertools_handler", None)
        self._logger = Logger(service="lightship", logger_handler=known or _Stdout())
        self._metrics = Metrics(namespace=NAMESPACE, service=function)
        self._function = function
        self._tracer = _tracer(function)

    @contextmanager
    def record(self, correlation: str, **keys: Any) -> Iterator[None]:
        """For the work on one record: its log lines carry these keys, its trace is a subsegment of its own."""
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
        """One more record with this outcome, a word such as ``published`` or ``failed``."""
        self._metrics.add_metric(name=outcome.capitalize(), unit=MetricUnit.Count, value=1)

    def flush(self) -> None:
        """Write this invocation's metrics, in CloudWatch's embedded format."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()


class _Stdout(logging.StreamHandler[Any]):
    """Writes to what is the standard output when it writes, as ``print`` does."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """The standard output."""
        return sys.stdout

    @stream.setter
    def stream(self, value: Any) -> None:
        raise AttributeError("it is always the standard output")


def _tracer(function: str) -> Any:
    """A tracer inside Lambda; elsewhere None, for X-Ray's library takes half as long to import as boto3."""
    if not os.environ.get("LAMBDA_TASK_ROOT") or os.environ.get("AWS_SAM_LOCAL") or find_spec("aws_xray_sdk") is None:
        return None
    from aws_lambda_powertools import Tracer

    return Tracer(service=function, patch_modules=("botocore",))
